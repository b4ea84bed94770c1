import type { Millis } from '../../contract/ids.ts'
import type { SignalId } from '../../contract/signals.ts'
import type { Transition } from '../../contract/transitions.ts'
import { plainState } from './checkpointState.ts'
import { step } from './engine.ts'
import type { EngineEvent, Observed } from './happenings.ts'
import type { EngineSettings, RoomState } from './state.ts'

/**
 * A room at a moment that is past: the last checkpoint before it, and the engine run again over what happened since. Pure. What no
 * transition tells makes a checkpoint of its own, at once: a signal that is good from its very first report, several machines with one key,
 * an acknowledgement, what people reported by hand, and the end of a time in which a signal flapped (flaps.ts). Inside such a time that
 * signal is shown as it was at its beginning.
 */

export interface Checkpoint {
  /** All that was taken in by then is in it (UTC ms). */
  readonly at: Millis
  readonly state: RoomState
}

type Happening = Pick<Transition, 'at' | 'number' | 'receivedAt' | 'kind' | 'signal' | 'value' | 'health' | 'from'>

/**
 * The state as it was stored at `at`, as far as a checkpoint has it. `happened`: the room's transitions since the checkpoint, in any order.
 * `settings`: those that were valid at the checkpoint, and all that came into force after it, the oldest first.
 */
export function stateAt(
  checkpoint: Checkpoint,
  happened: readonly Happening[],
  settings: readonly EngineSettings[],
  at: Millis,
): RoomState {
  let { state } = checkpoint
  const later = settings.filter(({ validFrom }) => validFrom > checkpoint.at && validFrom <= at)
  let valid = settings.findLast(({ validFrom }) => validFrom <= checkpoint.at) ?? settings[0]
  if (valid === undefined) return plainState(state)
  const take = (event: EngineEvent, now: Millis): void => {
    for (let next = later[0]; next !== undefined && next.validFrom <= now; next = later[0]) {
      later.shift()
      if (valid) state = step(state, { type: 'timer' }, valid, next.validFrom).state
      state = step(state, { type: 'settings' }, next, next.validFrom).state
      valid = next
    }
    // When it was last heard is not known but from the event itself.
    if (event.type === 'disconnected') state = { ...state, lastContactAt: 0 }
    if (valid) state = step(state, event, valid, now).state
  }
  const since = happened.filter(({ receivedAt }) => receivedAt > checkpoint.at && receivedAt <= at)
  since.sort((one, other) => one.receivedAt - other.receivedAt || one.at - other.at || one.number - other.number)
  for (const [event, now] of eventsOf(since)) take(event, now)
  take({ type: 'timer' }, at)
  // Health that came and went within one moment leaves no trace but in the history.
  const said = since.findLast(({ kind }) => kind === 'health')
  const known = said === undefined ? checkpoint.state : { health: said.health, healthSince: said.at }
  return plainState(known.health === state.health ? { ...state, healthSince: known.healthSince } : state)
}

/** What the engine was told, with when it was. Signals that were observed at one moment came in one report. */
function* eventsOf(happened: readonly Happening[]): Generator<[EngineEvent, Millis]> {
  let report: { at: Millis; now: Millis; signals: Partial<Record<SignalId, Observed>> } | undefined
  const reported = (): [EngineEvent, Millis][] => {
    const one = report
    report = undefined
    return one ? [[{ type: 'report', observedAt: one.at, signals: one.signals }, one.now]] : []
  }
  for (const { kind, at, receivedAt, signal, value, from } of happened) {
    if (kind === 'signal') {
      if (signal === undefined || value === undefined) continue
      if (report?.at !== at || report.now !== receivedAt || report.signals[signal] !== undefined) yield* reported()
      report ??= { at, now: receivedAt, signals: {} }
      report.signals[signal] = { value }
      continue
    }
    const event = eventOf(kind, from ?? at, signal)
    if (event === undefined) continue
    yield* reported()
    yield [event, receivedAt]
  }
  yield* reported()
}

function eventOf(kind: Transition['kind'], from: Millis, signal: SignalId | undefined): EngineEvent | undefined {
  switch (kind) {
    case 'connected':
      return { type: 'contact' }
    case 'disconnected':
      return { type: 'disconnected', lastContactAt: from }
    case 'enrolled':
    case 'unenrolled':
      return { type: 'lifecycle', lifecycle: kind }
    case 'onboarded':
      return { type: 'lifecycle', lifecycle: 'onboarding' }
    case 'suppressed':
    case 'unsuppressed':
      return { type: 'suppression', of: signal ?? 'room', on: kind === 'suppressed', at: from }
    default:
      return undefined
  }
}
