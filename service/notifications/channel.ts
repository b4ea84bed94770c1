import type { DeliveryProblem } from '../../contract/notifications.ts'
import type { Sending } from './pending.ts'
import type { Rules } from './rules.ts'

/** What became of one try to deliver. */
export type Outcome =
  | { readonly ok: true; readonly status?: number }
  | {
      readonly ok: false
      readonly problem: DeliveryProblem
      readonly status?: number
      /** It will be the same again. */
      readonly lasting?: boolean
      /** Whatever else is to go the same way need not be tried now. */
      readonly away: boolean
      /** The receiver says that it wants nothing more. */
      readonly gone?: boolean
      /** It asks not to be asked for so long (ms). */
      readonly againMs?: number
    }

/** What goes out together, as one message. */
export interface Parcel {
  readonly tenantName: string
  readonly target: string
  readonly items: readonly Sending[]
  readonly rules: Rules
}

/** A way by which people, or programs, outside of the console are told. */
export interface Channel {
  /** What of `items`, which all go to one receiver, is one message. */
  parcels(items: readonly Sending[]): Sending[][]
  /** Tries once. Never throws. */
  send(parcel: Parcel, signal: AbortSignal): Promise<Outcome>
}
