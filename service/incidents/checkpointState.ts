import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { z } from 'zod'
import { Health, Lifecycle } from '../../contract/entities.ts'
import { limits } from '../../contract/limits.ts'
import { SignalId } from '../../contract/signals.ts'
import { signalWords, valueWords } from '../ground/store/transitionCodes.ts'
import { engineVersion, type IncidentMemory, Phase, RoomState, type SignalMemory } from './state.ts'

/**
 * A room's state as a checkpoint has it: what the rules go by. What a device says beside a value (`detail`), and when it was last heard, is
 * not in it: no transition tells that either. Times are told as how long before the checkpoint they were.
 */

/** As a checkpoint has it: `lastContactAt` and each `observedAt` are 0, and no `detail` is there. */
export function plainState(state: RoomState): RoomState {
  const plain: Partial<Record<SignalId, SignalMemory>> = {}
  for (const signal of SignalId.options) {
    const memory = state.signals[signal]
    if (!memory) continue
    const { value, since, incident, hidden } = memory
    plain[signal] = { value, since, observedAt: 0, ...(incident ? { incident: plainIncident(incident) } : {}), ...(hidden && { hidden }) }
  }
  return { ...state, lastContactAt: 0, signals: plain }
}

function plainIncident({ detail: _, ...incident }: IncidentMemory): IncidentMemory {
  return incident
}

const time = z.int()
const optional = time.nullable()
/**
 * [phase, phaseSince, value, since, openedAt, resolvedAt, agedAt, openings, marks, unattendedSince, openedTimes]; marks: 1 it flaps, 2
 * somebody is on it.
 */
const PackedIncident = z.tuple([z.int(), time, z.int(), time, optional, optional, optional, z.int(), z.int(), time, z.array(time)])
const PackedSignal = z.tuple([z.int(), z.int(), time]).rest(PackedIncident)
/** [all of the room, its signals that are suppressed, what is hidden: [signal, since, value]] */
const PackedSuppression = z.tuple([z.boolean(), z.array(z.int()), z.array(z.tuple([z.int(), time, z.int()]))])
/** [critical, important] */
const PackedReports = z.tuple([z.int(), z.int()])
/** [engine, lifecycle, contact, health, healthSince, signals, suppression, reports], the last two where there are any. */
const Packed = z.tuple([
  z.literal(engineVersion),
  z.int(),
  z.int(),
  z.int(),
  time,
  z.array(PackedSignal),
  PackedSuppression.nullable().optional(),
  PackedReports.optional(),
])
type Packed = z.infer<typeof Packed>

type Suppressed = NonNullable<RoomState['suppressed']>
const contacts = RoomState.shape.contact.options

/** Packed, of at most `limits.checkpointBytes`; of very many openings the oldest are left out. */
export function packState(state: RoomState, at: number): Uint8Array {
  for (let openings: number = limits.checkpointOpenings; ; openings = Math.floor(openings / 2)) {
    const packed = deflateRawSync(JSON.stringify(packedOf(state, at, openings)))
    if (packed.byteLength <= limits.checkpointBytes || openings === 0) return packed
  }
}

function packedOf(state: RoomState, at: number, openings: number): Packed {
  const ago = (moment: number): number => at - moment
  const agoOf = (moment: number | undefined): number | null => (moment === undefined ? null : ago(moment))
  const incidentOf = (one: IncidentMemory): z.infer<typeof PackedIncident> => [
    Phase.options.indexOf(one.phase),
    ago(one.phaseSince),
    valueWords.code(one.value),
    ago(one.since),
    agoOf(one.openedAt),
    agoOf(one.resolvedAt),
    agoOf(one.agedAt),
    one.openings,
    (one.flapping ? 1 : 0) + (one.acknowledged ? 2 : 0),
    ago(one.unattendedSince),
    openings === 0 ? [] : one.openedTimes.slice(-openings).map(ago),
  ]
  const signals = SignalId.options.flatMap((signal): z.infer<typeof PackedSignal>[] => {
    const memory = state.signals[signal]
    if (!memory) return []
    const { value, since, incident } = memory
    return [[signalWords.code(signal), valueWords.code(value), ago(since), ...(incident ? [incidentOf(incident)] : [])]]
  })
  return [
    engineVersion,
    Lifecycle.options.indexOf(state.lifecycle),
    contacts.indexOf(state.contact),
    Health.options.indexOf(state.health),
    ago(state.healthSince),
    signals,
    ...restOf(),
  ]

  function restOf(): [] | [z.infer<typeof PackedSuppression> | null] | [z.infer<typeof PackedSuppression> | null, [number, number]] {
    const suppression = state.suppressed ? suppressionOf(state, state.suppressed) : null
    if (state.reports) return [suppression, [state.reports.critical, state.reports.important]]
    return suppression ? [suppression] : []
  }

  function suppressionOf(of: RoomState, { room, signals: some }: Suppressed): z.infer<typeof PackedSuppression> {
    const hidden = SignalId.options.flatMap((signal): [number, number, number][] => {
      const one = of.signals[signal]?.hidden
      return one ? [[signalWords.code(signal), ago(one.since), valueWords.code(one.value)]] : []
    })
    return [room, some.map(signalWords.code), hidden]
  }
}

/** @throws where another version of the engine wrote it. */
export function unpackState(packed: Uint8Array, at: number): RoomState {
  const [engine, lifecycle, contact, health, healthSince, signals, suppression, reports] = Packed.parse(
    JSON.parse(inflateRawSync(packed).toString()),
  )
  const momentOf = (name: string, ago: number | null) => (ago === null ? {} : { [name]: at - ago })
  const known: Record<string, unknown> = {}
  const hidden = new Map(
    (suppression?.[2] ?? []).map(([signal, ago, value]) => [signal, { since: at - ago, value: valueWords.word(value) }]),
  )
  for (const [signal, value, since, incident] of signals) {
    known[signalWords.word(signal)] = {
      value: valueWords.word(value),
      since: at - since,
      observedAt: 0,
      ...(incident && { incident: incidentOf(incident) }),
      ...(hidden.has(signal) && { hidden: hidden.get(signal) }),
    }
  }
  function incidentOf([phase, phaseSince, value, since, openedAt, resolvedAt, agedAt, openings, marks, unattended, times]: z.infer<
    typeof PackedIncident
  >) {
    return {
      phase: Phase.options[phase],
      phaseSince: at - phaseSince,
      value: valueWords.word(value),
      since: at - since,
      ...momentOf('openedAt', openedAt),
      ...momentOf('resolvedAt', resolvedAt),
      ...momentOf('agedAt', agedAt),
      openings,
      openedTimes: times.map((ago) => at - ago),
      flapping: (marks & 1) !== 0,
      acknowledged: (marks & 2) !== 0,
      unattendedSince: at - unattended,
    }
  }
  return RoomState.parse({
    engine,
    lifecycle: Lifecycle.options[lifecycle],
    contact: contacts[contact],
    lastContactAt: 0,
    health: Health.options[health],
    healthSince: at - healthSince,
    signals: known,
    ...(reports && { reports: { critical: reports[0], important: reports[1] } }),
    ...(suppression && { suppressed: { room: suppression[0], signals: suppression[1].map(signalWords.word) } }),
  })
}
