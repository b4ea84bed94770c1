import { z } from 'zod'
import { Health, Lifecycle, type IncidentStatus, type Room, type Settings } from '../../contract/entities.ts'
import { Millis } from '../../contract/ids.ts'
import { evidenceOf, isGrave, type Severity, SignalId, signals, SignalValue } from '../../contract/signals.ts'

/**
 * What the incident engine remembers of one room (INC-1, INC-2, INC-3, ROM-1): plain JSON, kept per room in
 * `room_state`. It holds no ids and no numbers of incidents: the key of an incident is (room, signal), so that one
 * incident for life is a matter of shape; `apply.ts` gives each its id and number.
 */

/** The version of the engine's rules and of this shape, stored with each state. */
export const engineVersion = 1

/**
 * Where a signal's incident stands. The phase is also the memory of the last evidence: `good` and `recovering` say
 * that it was good, the other two that it was bad. An unknown value is no evidence and leaves the phase alone, and the
 * hold that is running with it.
 */
export const Phase = z.enum(['good', 'investigating', 'open', 'recovering'])
export type Phase = z.infer<typeof Phase>

export const IncidentMemory = z.object({
  phase: Phase,
  /** When the phase began, by the service's clock: holds are counted from here. */
  phaseSince: Millis,
  /** The value of the last evidence, and what the device said of it. */
  value: SignalValue,
  detail: z.string().optional(),
  /** When the device saw the signal go bad, for the opening at hand. */
  since: Millis,
  openedAt: Millis.optional(),
  resolvedAt: Millis.optional(),
  agedAt: Millis.optional(),
  openings: z.int().min(0),
  /** The newest openings, oldest first, for flapping: at most `keptOpenings`. */
  openedTimes: z.array(Millis),
  flapping: z.boolean(),
  acknowledged: z.boolean(),
  /** Since when nobody attends to it: the opening, or when an acknowledgement was taken back. */
  unattendedSince: Millis,
})
export type IncidentMemory = z.infer<typeof IncidentMemory>

export const SignalMemory = z.object({
  value: SignalValue,
  since: Millis,
  observedAt: Millis,
  detail: z.string().optional(),
  /** Absent while the signal was never bad in an enrolled room. */
  incident: IncidentMemory.optional(),
  /** It is bad and would have an incident, which a suppression keeps from beginning: since when (service's clock), and its evidence. */
  hidden: z.object({ since: Millis, value: SignalValue }).optional(),
})
export type SignalMemory = z.infer<typeof SignalMemory>

export const RoomState = z.object({
  engine: z.literal(engineVersion),
  lifecycle: Lifecycle,
  /** `never`: enrolled over HTTPS and not connected yet; `lost`: called disconnected. */
  contact: z.enum(['never', 'connected', 'lost']),
  lastContactAt: Millis,
  health: Health,
  healthSince: Millis,
  signals: z.partialRecord(SignalId, SignalMemory),
  /** Of what incidents are kept from beginning; absent: of nothing. */
  suppressed: z.object({ room: z.boolean(), signals: z.array(SignalId) }).optional(),
  /** Open issues that people reported by hand (INC-4), by severity; absent: none. Their documents are not the engine's. */
  reports: z.object({ critical: z.int().min(0), important: z.int().min(0) }).optional(),
})
export type RoomState = z.infer<typeof RoomState>

/**
 * The settings that the engine reads, for a room with one kind of device. `validFrom`: nothing that they bring about is dated before it.
 */
export interface EngineSettings extends Readonly<
  Pick<Settings, 'openHoldMs' | 'resolveHoldMs' | 'warningAgesMs' | 'flapCount' | 'flapWindowMs'>
> {
  /** Signals that wait for another time than `openHoldMs` before they open (ms). */
  readonly holds?: Readonly<Partial<Record<SignalId, number>>>
  /** Signals of which no incidents come (ROM-4); absent: those that are off by default. */
  readonly off?: ReadonlySet<SignalId>
  /** Signals that such a device does not have: nobody waits for them. Absent: none. */
  readonly foreign?: ReadonlySet<SignalId>
  readonly validFrom: Millis
}

const offByDefault: ReadonlySet<SignalId> = new Set(SignalId.options.filter((id) => !signals[id].enabledByDefault))

export const isOff = (signal: SignalId, { off = offByDefault }: Pick<EngineSettings, 'off'>): boolean => off.has(signal)

/** How long a signal must be bad before its incident opens, and good before it resolves (ms). */
export const openHoldOf = (signal: SignalId, { holds, openHoldMs }: EngineSettings): number =>
  signals[signal].immediate ? 0 : (holds?.[signal] ?? openHoldMs)
export const resolveHoldOf = (signal: SignalId, { resolveHoldMs }: EngineSettings): number =>
  signals[signal].immediate ? 0 : resolveHoldMs

/** Openings that are remembered for flapping; the most that `flapCount` can ask for. */
export const keptOpenings = 100

/** The state of a room whose device enrolled at `at` and has not connected yet. */
export function newRoomState(at: Millis): RoomState {
  return {
    engine: engineVersion,
    lifecycle: 'onboarding',
    contact: 'never',
    lastContactAt: at,
    health: 'unknown',
    healthSince: at,
    signals: {},
  }
}

const statusOfPhase: Readonly<Record<Phase, IncidentStatus>> = {
  good: 'resolved',
  investigating: 'investigating',
  open: 'needAction',
  recovering: 'needAction',
}

export const statusOf = (incident: IncidentMemory): IncidentStatus => statusOfPhase[incident.phase]

/** The severity as it counts now: a warning that aged is important (INC-1). */
export const severityOf = (signal: SignalId, incident: IncidentMemory): Severity =>
  incident.agedAt === undefined ? signals[signal].severity : 'important'

/** Every signal that the room's state knows, in the order of the contract. */
export function* memories(state: RoomState): Generator<[SignalId, SignalMemory]> {
  for (const signal of SignalId.options) {
    const memory = state.signals[signal]
    if (memory) yield [signal, memory]
  }
}

/** Whether a suppression keeps the signal's incident from beginning and from opening (ROM-3). */
export const isSuppressed = ({ suppressed }: Pick<RoomState, 'suppressed'>, signal: SignalId): boolean =>
  suppressed !== undefined && (suppressed.room || suppressed.signals.includes(signal))

/** What is suppressed when the room, or one signal, comes to it or leaves it; undefined: nothing. Signals in the order of the contract. */
export function suppressedWith(before: RoomState['suppressed'], of: SignalId | 'room', on: boolean): RoomState['suppressed'] {
  const room = of === 'room' ? on : (before?.room ?? false)
  const signals = SignalId.options.filter((one) => (one === of ? on : (before?.signals.includes(one) ?? false)))
  return room || signals.length > 0 ? { room, signals } : undefined
}

/** Health by precedence: suppressed, disconnected, unhealthy, unknown, healthy (ROM-1). */
export function healthOf(state: RoomState, settings: Pick<EngineSettings, 'off'>): Health {
  if (state.suppressed?.room) return 'suppressed'
  if (state.contact === 'lost') return 'disconnected'
  if (state.reports) return 'unhealthy'
  let evidence = false
  for (const signal of SignalId.options) {
    const memory = state.signals[signal]
    if (!memory || isOff(signal, settings)) continue
    const { incident } = memory
    if (incident && statusOf(incident) === 'needAction' && isGrave(severityOf(signal, incident))) return 'unhealthy'
    if (!signals[signal].derived && evidenceOf(memory.value) !== 'none') evidence = true
  }
  return evidence ? 'healthy' : 'unknown'
}

/** The room's incidents by what they count for. */
export function countsOf(state: RoomState): Room['incidents'] {
  const counts = { critical: 0, important: 0, warning: 0, recommended: 0, investigating: 0 }
  for (const [signal, { incident }] of memories(state)) {
    if (!incident) continue
    const status = statusOf(incident)
    if (status === 'investigating') counts.investigating++
    else if (status === 'needAction') counts[severityOf(signal, incident)]++
  }
  const { critical: fromReports = 0, important = 0 } = state.reports ?? {}
  counts.critical += fromReports
  counts.important += important
  const reported = fromReports + important
  const { critical, recommended, ...others } = counts
  return {
    ...others,
    ...(critical > 0 ? { critical } : {}),
    ...(recommended > 0 ? { recommended } : {}),
    ...(reported > 0 ? { reported } : {}),
  }
}
