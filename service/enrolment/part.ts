import type { Part } from '../ground/part.ts'
import type { IncidentDeps } from '../incidents/deps.ts'
import { devicesComeAndLeave } from './plugin.ts'
import { enrolmentRoutes } from './routes.ts'

/** Keys and installer, and how devices come and leave. */
export const enrolmentPart: Part<IncidentDeps> = { name: 'enrolment', plugins: [enrolmentRoutes, devicesComeAndLeave] }
