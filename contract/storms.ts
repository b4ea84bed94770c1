import { z } from 'zod'
import { IncidentId, Millis, StormId } from './ids.ts'
import { limits } from './limits.ts'

/** What rooms have in common that fail together (INC-3). */
export const StormCause = z.enum(['building', 'floor', 'city', 'network', 'service', 'app', 'system'])
export type StormCause = z.infer<typeof StormCause>

/** Many rooms that fail together are one incident to people: each of theirs says of which storm it is, and what its room has in common. */
export const Storm = z.object({
  id: StormId,
  /** From the same count as incidents. */
  number: z.int().min(1),
  cause: StormCause,
  /** The building, the address range, the version … that they share; of a service, the signal. */
  value: z.string().max(limits.deviceTextChars),
  /** When its first room failed. */
  at: Millis,
  /** The incident that is told for all of them. */
  first: IncidentId,
})
export type Storm = z.infer<typeof Storm>
