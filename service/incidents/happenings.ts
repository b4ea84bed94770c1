import type { EntryKind, Health, Lifecycle } from '../../contract/entities.ts'
import type { Millis } from '../../contract/ids.ts'
import type { SignalId, SignalValue } from '../../contract/signals.ts'
import type { TransitionKind } from '../../contract/transitions.ts'

/** What a room goes through, and what the engine says comes of it (engine.ts). */

export interface Observed {
  readonly value: SignalValue
  readonly detail?: string | undefined
}

export interface ReportEvent {
  readonly type: 'report'
  /** By the device's clock, corrected. */
  readonly observedAt: Millis
  /** Every signal is in it, and one that is not has become unknown. */
  readonly full?: boolean | undefined
  readonly signals: Readonly<Partial<Record<SignalId, Observed>>>
}

export type EngineEvent =
  | ReportEvent
  /** A sign of life; after a silence it means that the device is connected again. */
  | { type: 'contact' }
  /** Heartbeats were missed. */
  | { type: 'disconnected'; lastContactAt: Millis }
  | { type: 'lifecycle'; lifecycle: Lifecycle }
  /** By the service's clock the device's is wrong now, and by how much in words; or it is right again. */
  | { type: 'clock'; wrong: boolean; detail?: string }
  /** Several machines have the device's key, and which (`detail`); or only one has been seen for a while. */
  | { type: 'machines'; several: boolean; detail?: string }
  /** Somebody acknowledged the signal's incident, or took that back. Without an open incident it does nothing. */
  | { type: 'attention'; signal: SignalId; acknowledged: boolean }
  /** A suppression of the room, or of one signal, begins or ends, as of `at` (service's clock, not in the future). */
  | { type: 'suppression'; of: SignalId | 'room'; on: boolean; at: Millis }
  /** So many issues that people reported by hand are open in the room, by severity (INC-4): all that there are. */
  | { type: 'reports'; critical: number; important: number }
  /** The settings are others than at the step before: signals may be switched on or off (ROM-4). */
  | { type: 'settings' }
  /** Time has passed. */
  | { type: 'timer' }

export interface EntryEffect {
  readonly signal: SignalId
  readonly kind: EntryKind
  readonly at: Millis
  readonly value?: SignalValue
  readonly detail?: string | undefined
}

export interface TransitionEffect {
  readonly kind: TransitionKind
  readonly at: Millis
  readonly signal?: SignalId
  readonly value?: SignalValue
  readonly detail?: string | undefined
  readonly health?: Health
  /** Of several changes that are told as one (flaps.ts): how many, and when the first was; of `disconnected`, the last sign of life. */
  readonly times?: number
  readonly from?: Millis
}

/** What a suppression hid: a fault that would have begun an incident. `until`: when it was good again. */
export interface HiddenEffect {
  readonly signal: SignalId
  readonly since: Millis
  readonly until?: Millis
  /** Of one that is over: it lasted as long as its hold, so that it would have needed action. */
  readonly counts?: boolean
}

export interface Effects {
  /** Signals whose incident is new or has changed. */
  readonly incidents: ReadonlySet<SignalId>
  readonly entries: readonly EntryEffect[]
  readonly events: readonly TransitionEffect[]
  readonly hidden: readonly HiddenEffect[]
}

export const noEffects: Effects = { incidents: new Set(), entries: [], events: [], hidden: [] }
