import { z } from 'zod'
import { Actor, Health } from './entities.ts'
import { Millis, RoomId } from './ids.ts'
import { limits } from './limits.ts'
import { SignalId, SignalValue } from './signals.ts'

/**
 * One change of a room's connection, lifecycle, health or of one signal: the room's history (ROM-2), which is not synced: a console
 * asks for it by the room. `newKey`: its device has another key, which the key before has proved; `newKeyUnproved`: which it has not.
 * `reinstalled`: it came with the key that it has, and its files had lost what it enrolled as. `copied`: another machine has its key, too,
 * and both are here. `replaced`: a device that had enrolled for another room took the place of this one's (`detail`: that room);
 * `replaces`: that room's side. `limited`: it changes so often that its reports are taken together from here on. `restarted`: it came
 * back with another boot. `suppressed`, `unsuppressed`: incidents of the room, or of one signal, are kept from beginning, or no more.
 * `remoteStarted`, `remoteEnded`: a remote session; without its operator, whom only the session log names (REM-8).
 */
export const TransitionKind = z.enum([
  'signal',
  'connected',
  'disconnected',
  'onboarded',
  'enrolled',
  'unenrolled',
  'health',
  'newKey',
  'newKeyUnproved',
  'reinstalled',
  'copied',
  'replaced',
  'replaces',
  'limited',
  'restarted',
  'remoteStarted',
  'remoteEnded',
  'renamed',
  'moved',
  'suppressed',
  'unsuppressed',
])
export type TransitionKind = z.infer<typeof TransitionKind>

export const Transition = z.object({
  room: RoomId,
  /** When it happened: of signals as the device observed it (corrected). */
  at: Millis,
  /** Tells those of one room and moment apart, in the order in which they came. */
  number: z.int().min(0),
  /** When the service took it in. */
  receivedAt: Millis,
  kind: TransitionKind,
  actor: Actor,
  signal: SignalId.optional(),
  value: SignalValue.optional(),
  health: Health.optional(),
  detail: z.string().max(limits.deviceTextChars).optional(),
  /** So many changes of the signal, the first at `from`, of which this is the last: it changed too often for a row each. */
  times: z.int().min(2).optional(),
  /** Of `disconnected`: when the last sign of life was. */
  from: Millis.optional(),
})
export type Transition = z.infer<typeof Transition>

/** The place of one in its room's history: everything before it comes after it in a list, which begins with the newest. */
export const TransitionPlace = z.string().regex(/^\d{1,16}\.\d{1,9}$/u)
export type TransitionPlace = z.infer<typeof TransitionPlace>

export const placeOf = ({ at, number }: Pick<Transition, 'at' | 'number'>): TransitionPlace => `${at}.${number}`

/**
 * `before`: the page goes on below this place. `from`: nothing that happened before it. `since`: only what the service took in at or after
 * it, which may have happened earlier.
 */
export const TransitionQuery = z.object({
  before: TransitionPlace.optional(),
  from: z.coerce.number().pipe(Millis).optional(),
  since: z.coerce.number().pipe(Millis).optional(),
  limit: z.coerce.number().int().min(1).max(limits.listRows).default(100),
})
export type TransitionQuery = z.infer<typeof TransitionQuery>

/** Newest first. `next`: where the next page goes on; absent on the last one. `keptSince`: what happened before it may be gone. */
export const TransitionPage = z.object({ items: z.array(Transition), next: TransitionPlace.optional(), keptSince: Millis })
export type TransitionPage = z.infer<typeof TransitionPage>
