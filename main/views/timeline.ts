import type { PartRoom } from '../../contract/roomDocuments.ts'
import { SignalId, type SignalValue } from '../../contract/signals.ts'
import type { Timeline } from '../../contract/views.ts'
import type { EventLine } from '../cache/reader.ts'
import type { Picture } from './picture.ts'
import type { Shown } from './shown.ts'

/** Changes drawn at most in one timeline; of more, the newest. */
const eventsAtMost = 10_000

interface Point<T> {
  at: number
  value: T
}

/**
 * Stretches of equal value from changes in their order. What held before the first change is `before`; where that is
 * not known, the line begins at the first change.
 */
export function stretches<T>(
  points: readonly Point<T>[],
  before: T | undefined,
  from: number,
  to: number,
): { from: number; to: number; value: T }[] {
  const line: { from: number; to: number; value: T }[] = []
  const begin = (at: number, value: T): void => {
    // Of several at one moment, the last counts.
    if (line.at(-1)?.from === at) line.pop()
    const last = line.at(-1)
    if (last?.value === value) {
      last.to = to
      return
    }
    if (last !== undefined) last.to = at
    line.push({ from: at, to, value })
  }
  if (before !== undefined) begin(from, before)
  for (const { at, value } of points) if (at <= to) begin(Math.max(from, at), value)
  return line.filter((stretch) => stretch.to > stretch.from)
}

/** The last hours of a room (ROM-2), from its history and from how it is now. */
export function roomTimeline(picture: Picture, room: string, hours: number, now: number): Timeline {
  const from = now - hours * 3_600_000
  const shown = picture.holder('room', room)
  const doc = shown?.reader.room(room)
  if (shown === undefined || doc === undefined) return { from, to: now, signals: {}, contact: [] }
  const events = shown.reader.eventsSince(room, from, eventsAtMost)
  return { from, to: now, signals: signalLines(shown, doc, events, from, now), contact: contactLine(shown, doc, events, from, now) }
}

function signalLines(shown: Shown, room: PartRoom, events: readonly EventLine[], from: number, now: number): Timeline['signals'] {
  const lines: Timeline['signals'] = {}
  for (const id of SignalId.options) {
    const state = room.signals[id]
    const points: Point<SignalValue>[] = events.flatMap(({ signal, value, at }) => (signal === id && value !== null ? [{ at, value }] : []))
    if (state === undefined && points.length === 0) continue
    // The document is at least as new as the history, which may still be on its way.
    if (state !== undefined && state.since >= from && points.at(-1)?.value !== state.value)
      points.push({ at: state.since, value: state.value })
    const before =
      state !== undefined && state.since < from ? state.value : (shown.reader.lastEventBefore(room.id, from, id)?.value ?? undefined)
    lines[id] = stretches(points, before, from, now)
  }
  return lines
}

function contactLine(shown: Shown, room: PartRoom, events: readonly EventLine[], from: number, now: number): Timeline['contact'] {
  const points = events.flatMap(({ kind, at }) =>
    kind === 'connected' || kind === 'disconnected' ? [{ at, value: kind === 'connected' }] : [],
  )
  const last = shown.reader.lastEventBefore(room.id, from)
  const before =
    last !== undefined ? last.kind === 'connected' : points.length === 0 && room.onboardedAt <= from ? room.connected : undefined
  if (before === undefined && points.length === 0) points.push({ at: room.onboardedAt, value: room.connected })
  return stretches(points, before, from, now).map(({ value, ...stretch }) => ({ ...stretch, connected: value }))
}
