import type { DeviceDocument, Room, RoomDocument, SignalState } from './entities.ts'
import type { Millis } from './ids.ts'
import { evidenceOf, signalCodes, type SignalValue } from './signals.ts'

/**
 * A room is kept and synced as two documents of the same id: what changes (`room`), and what rarely does (`device`). Good signals are most
 * of a room, and are short there: by their number, with what they say of their part in the other document. Here the two are made of a
 * room and joined to one again; readers see rooms.
 */

type Good = RoomDocument['good']
type Since = NonNullable<Good['healthy']>[string]
type Signals<S extends string> = Partial<Record<S, SignalState>>
type Parts<S extends string> = Partial<Record<S, string>>

const goodValues = ['healthy', 'notPresent', 'notApplicable'] as const satisfies readonly SignalValue[]

/** Signals as they are kept: `codes` are all that there are, with their numbers. */
export function compactSignals<S extends string>(
  all: Signals<S>,
  codes: Readonly<Record<S, number>>,
): { signals: Signals<S>; good: Good; parts: Parts<S> } {
  const known = idsOf(codes).flatMap((id) => {
    const state = all[id]
    return state === undefined ? [] : [{ id, state }]
  })
  const isGood = ({ state }: { state: SignalState }): boolean => evidenceOf(state.value) === 'good'
  const observedAt = mostOf(known.filter(isGood).map(({ state }) => state.observedAt))
  const signals: Signals<S> = {}
  const good: Good = { observedAt }
  const parts: Parts<S> = {}
  for (const { id, state } of known) {
    const value = goodValues.find((one) => one === state.value)
    if (value === undefined) signals[id] = state
    else {
      ;(good[value] ??= {})[codes[id]] = sinceOf(state, observedAt)
      if (state.detail !== undefined) parts[id] = state.detail
    }
  }
  return { signals, good, parts }
}

/** The signals that were kept so. Of numbers that are none here (a newer service's) nothing is known. */
export function expandSignals<S extends string>(
  { signals, good }: { signals: Signals<S>; good: Good },
  parts: Parts<S>,
  codes: Readonly<Record<S, number>>,
): Signals<S> {
  const all: Signals<S> = {}
  for (const id of idsOf(codes)) {
    const bad = signals[id]
    if (bad !== undefined) all[id] = bad
    for (const value of goodValues) {
      const since = good[value]?.[codes[id]]
      if (since !== undefined) all[id] = stateOf(value, since, good.observedAt, parts[id])
    }
  }
  return all
}

const idsOf = <S extends string>(codes: Readonly<Record<S, number>>): S[] => Object.keys(codes).filter((id): id is S => id in codes)

const sinceOf = ({ since, observedAt }: SignalState, most: Millis): Since =>
  observedAt === most ? since : observedAt === since ? [since] : [since, observedAt]

function stateOf(value: SignalValue, kept: Since, most: Millis, detail: string | undefined): SignalState {
  const [since, observedAt = since] = typeof kept === 'number' ? [kept, most] : kept
  return { value, since, observedAt, ...(detail === undefined ? {} : { detail }) }
}

/** The one that comes most often, of several the latest; 0 where there is none. */
function mostOf(times: readonly Millis[]): Millis {
  const counts = new Map<Millis, number>()
  for (const time of times) counts.set(time, (counts.get(time) ?? 0) + 1)
  let [most, best] = [0, 0]
  for (const [time, count] of counts) if (count > best || (count === best && time > most)) [most, best] = [time, count]
  return most
}

/** The two documents of a room. What a signal that is not good said of its part before is kept from the device's document before. */
export function splitRoom(
  { device, signals: all, ...others }: Room,
  before?: DeviceDocument,
): { room: RoomDocument; device: DeviceDocument } {
  const { signals, good, parts } = compactSignals(all, signalCodes)
  const former = Object.entries(before?.parts ?? {}).filter(([id]) => id in signals)
  return {
    room: { ...others, signals, good },
    device: { id: others.id, device, parts: { ...Object.fromEntries(former), ...parts } },
  }
}

/** A room of which the other document has not come yet. */
export type PartRoom = Omit<Room, 'device'> & Partial<Pick<Room, 'device'>>

export function joinRoom(room: RoomDocument, device: DeviceDocument): Room
export function joinRoom(room: RoomDocument, device: DeviceDocument | undefined): PartRoom
export function joinRoom({ good, signals, ...others }: RoomDocument, device: DeviceDocument | undefined): PartRoom {
  const all = expandSignals({ signals, good }, device?.parts ?? {}, signalCodes)
  return { ...others, signals: all, ...(device === undefined ? {} : { device: device.device }) }
}
