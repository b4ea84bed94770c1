import type { AccessDeps } from '../access/deps.ts'
import type { Part } from '../ground/part.ts'
import { feed } from './plugin.ts'

/** What consoles hear. */
export const feedPart: Part<AccessDeps> = { name: 'feed', plugins: [feed] }
