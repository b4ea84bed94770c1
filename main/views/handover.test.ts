import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { QueuedCommand } from '../../contract/commands.ts'
import type { EntryKind } from '../../contract/entities.ts'
import { hourMs } from '../../contract/pictures.ts'
import { submitCommand } from '../calls/submit.ts'
import { TestCopy } from '../testing/copy.ts'
import { idOf, makeEntry, makeIncident, makeMe, makeRoom, personId, rowOf } from '../testing/documents.ts'
import { readHandover } from './handover.ts'

const now = 500_000 * hourMs

let copy: TestCopy
beforeEach(() => {
  copy = new TestCopy()
})
afterEach(() => copy.close())

let entries = 0
const entry = (incident: number, kind: EntryKind, at: number) =>
  rowOf('entry', Object.assign(makeEntry(++entries, makeIncident(incident, 1)), { kind, at, receivedAt: at }))
const numbers = ({ rows }: { rows: { number: number }[] }): number[] => rows.map(({ number }) => number)

describe('[INC-5] the hand-over of a shift', () => {
  beforeEach(() => {
    copy.load([
      rowOf('me', makeMe()),
      rowOf('room', makeRoom(1, { name: 'Boardroom' })),
      rowOf('room', makeRoom(2, { health: 'disconnected', healthSince: now - hourMs, lastContactAt: now - hourMs })),
      rowOf('room', makeRoom(3, { health: 'disconnected', healthSince: now - 9 * hourMs, lastContactAt: now - 9 * hourMs })),
      rowOf('incident', makeIncident(1, 1)),
      rowOf('incident', makeIncident(2, 1, { flapping: true, owner: { id: personId as never, name: 'Amélie Laurent' } })),
      rowOf('incident', makeIncident(3, 2, { status: 'investigating', flapping: true })),
      rowOf('incident', makeIncident(4, 3, { status: 'resolved', resolvedAt: now - hourMs, flapping: true })),
      entry(1, 'opened', now - 7 * hourMs),
      entry(2, 'opened', now - 9 * hourMs),
      entry(4, 'opened', now - 6 * hourMs),
      entry(4, 'resolved', now - 5 * hourMs),
      entry(4, 'opened', now - 4 * hourMs),
      entry(4, 'resolved', now - hourMs),
      // After the copy was current, by a clock that is wrong.
      entry(2, 'resolved', now + hourMs),
    ])
  })

  it('has what is open, what flaps, what happened in it, each once, and who is out of contact for longest', () => {
    const { open, flapping, opened, resolved, lost, from, investigating } = readHandover(copy.picture(), 8, now)
    expect(from).toBe(now - 8 * hourMs)
    expect([numbers(open), investigating]).toEqual([[1, 2], 1])
    expect(numbers(flapping).sort()).toEqual([2, 3])
    expect(numbers(opened)).toEqual([4, 1])
    expect([resolved.total, numbers(resolved)]).toEqual([1, [4]])
    expect([lost.total, lost.rows.map(({ id }) => id)]).toEqual([2, [idOf('room', 3), idOf('room', 2)]])
    expect(numbers(readHandover(copy.picture(), 4, now).opened)).toEqual([])
    expect(numbers(readHandover(copy.picture(), 12, now).opened)).toEqual([4, 1, 2])
  })

  it('[CON-3] has what was done and is not sent yet', () => {
    const about = makeIncident(1, 1).id
    submitCommand(copy.shown, QueuedCommand.parse({ type: 'incident.acknowledge', incident: about, note: 'on it' }))
    expect(readHandover(copy.picture(), 8, now).open.rows.find(({ id }) => id === about)?.acknowledged?.note).toBe('on it')
  })
})
