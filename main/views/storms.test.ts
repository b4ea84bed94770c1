import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { calls, type CallInput } from '../../contract/bridge.ts'
import { IncidentId, StormId } from '../../contract/ids.ts'
import type { Storm } from '../../contract/storms.ts'
import { TestCopy } from '../testing/copy.ts'
import { idOf, makeIncident, makeMe, makeRoom, rowOf } from '../testing/documents.ts'
import { incidentCounts, incidentView, listIncidents, pickIncidents } from './incidents.ts'

let copy: TestCopy
beforeEach(() => {
  copy = new TestCopy()
})
afterEach(() => copy.close())

const storm: Storm = {
  id: StormId.parse('01900000-0000-7000-8000-00000000000a'),
  number: 50,
  cause: 'building',
  value: 'A',
  at: 1,
  first: IncidentId.parse(idOf('incident', 2)),
}
const room = (n: number) => makeRoom(n, { name: `Lab ${n}`, place: { ...makeRoom(n).place, building: 'A' } })
const rows = () => [
  rowOf('me', makeMe()),
  ...[1, 2, 3, 4, 5].map((n) => rowOf('room', room(n))),
  rowOf('incident', makeIncident(1, 1)),
  ...[2, 3, 4].map((n) => rowOf('incident', makeIncident(n, n, { storm }))),
]
const numbers = (filter: Partial<CallInput<'incidents.list'>['filter']> = {}, group: 'none' | 'building' | 'signal' = 'none') =>
  listIncidents(
    copy.picture(),
    calls['incidents.list'].input.parse({ filter: { chip: 'needAction', ...filter }, group, offset: 0, limit: 100 }),
  ).rows.map(({ number }) => number)
const view = (n: number) => incidentView(copy.picture(), idOf('incident', n))

describe('[INC-3] a storm in lists', () => {
  it('is one of its incidents, which says how many there are, and counts as one', () => {
    copy.load(rows())
    expect(numbers().sort()).toEqual([1, 2])
    expect(numbers({}, 'building').sort()).toEqual([1, 2])
    expect(numbers({}, 'signal').sort()).toEqual([1, 2])
    expect(incidentCounts(copy.picture(), undefined)).toMatchObject({ needAction: 2, unassigned: 2, unclaimed: 2 })
    expect(view(2)?.stormNow).toEqual({ open: 3, rooms: 3, of: 5, stands: true })
    expect(view(3)?.stormNow).toMatchObject({ stands: false })
  })

  it('is each of them where they are asked for, looked for, or of one room', () => {
    copy.load(rows())
    expect(numbers({ storm: storm.id }).sort()).toEqual([2, 3, 4])
    expect(numbers({ search: 'lab 4' })).toEqual([4])
    expect(numbers({ room: room(3).id })).toEqual([3])
    const input = { filter: { chip: 'needAction', storm: storm.id }, group: 'none', part: { what: 'all' } }
    const picked = pickIncidents(copy.picture(), calls['incidents.pick'].input.parse(input))
    expect(picked.rows.map(({ number }) => number).sort()).toEqual([2, 3, 4])
  })

  it('is another one of them when that is well, and none when one is left', () => {
    copy.load(rows())
    const well = (n: number, rev: number) => rowOf('incident', makeIncident(n, n, { storm, status: 'resolved', resolvedAt: 9 }), rev)
    copy.change('c1', 'c2', [well(2, 2)])
    expect(numbers().sort()).toEqual([1, 3])
    expect(view(3)?.stormNow).toMatchObject({ open: 2, stands: true })
    expect(numbers({ chip: 'resolved' })).toEqual([2])
    copy.change('c2', 'c3', [well(3, 2), well(4, 2)])
    expect(numbers()).toEqual([1])
    expect(numbers({ chip: 'resolved' })).toEqual([2])
  })
})
