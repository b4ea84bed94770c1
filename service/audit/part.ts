import type { Part } from '../ground/part.ts'
import { auditRoutes } from './routes.ts'

/** The audit log: read, checked, exported. */
export const auditPart: Part = { name: 'audit', plugins: [auditRoutes] }
