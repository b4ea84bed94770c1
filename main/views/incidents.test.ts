import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { calls, type CallInput } from '../../contract/bridge.ts'
import { QueuedCommand } from '../../contract/commands.ts'
import { IncidentId, RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { submitCommand } from '../calls/submit.ts'
import { bytesOf } from '../testing/cache.ts'
import { TestCopy } from '../testing/copy.ts'
import { idOf, makeEntry, makeIncident, makeMe, makeRoom, personId, rowOf } from '../testing/documents.ts'
import { incidentCounts, incidentEntries, listIncidents, needAction, pickIncidents } from './incidents.ts'
import { searchJump } from './jump.ts'
import { pickRooms } from './rooms.ts'

let copy: TestCopy

beforeEach(() => {
  copy = new TestCopy()
})
afterEach(() => copy.close())

const incidents = (filter: Partial<CallInput<'incidents.list'>['filter']> = {}, group: 'none' | 'building' | 'signal' = 'none') =>
  listIncidents(
    copy.picture(),
    calls['incidents.list'].input.parse({ filter: { chip: 'needAction', ...filter }, group, offset: 0, limit: 100 }),
  )
const numbers = (filter: Parameters<typeof incidents>[0] = {}, group: 'none' | 'building' | 'signal' = 'none') =>
  incidents(filter, group).rows.map(({ number }) => number)

describe('incidents', () => {
  const owner = { id: personId as never, name: 'Amélie Laurent' }
  const rowsOf = () => [
    rowOf('me', makeMe()),
    rowOf('room', makeRoom(1, { name: 'Boardroom' })),
    rowOf('room', makeRoom(2, { name: 'Lab' })),
    rowOf('incident', makeIncident(1, 1)),
    rowOf('incident', makeIncident(2, 2, { severity: 'warning', owner }, 'connectivity.network')),
    rowOf('incident', makeIncident(3, 2)),
    rowOf('incident', makeIncident(4, 1, { status: 'investigating', owner })),
    rowOf('incident', makeIncident(5, 1, { status: 'resolved', resolvedAt: 1_800_000_000_900 })),
  ]

  it('stand under their chips, the gravest and newest first, by group where asked', () => {
    copy.load(rowsOf())
    expect(numbers()).toEqual([3, 1, 2])
    expect(numbers({ chip: 'unassigned' })).toEqual([3, 1])
    expect(numbers({ chip: 'mine' })).toEqual([4, 2])
    expect(numbers({ chip: 'investigating' })).toEqual([4])
    expect(numbers({ chip: 'resolved' })).toEqual([5])
    expect(numbers({}, 'building')).toEqual([1, 3, 2])
    expect(numbers({}, 'signal')).toEqual([3, 1, 2])
    expect(numbers({ room: RoomId.parse(idOf('room', 2)) })).toEqual([3, 2])
    expect(incidentCounts(copy.picture(), undefined)).toEqual({
      needAction: 3,
      investigating: 1,
      unassigned: 2,
      mine: 2,
      resolved: 1,
      unclaimed: 2,
    })
    expect(incidentCounts(copy.picture(), idOf('room', 1))).toEqual({
      needAction: 1,
      investigating: 1,
      unassigned: 1,
      mine: 1,
      resolved: 1,
      unclaimed: 1,
    })
    expect(incidents().rows[0]).toMatchObject({ roomName: 'Lab', roomHealth: 'healthy', place: { building: 'Confluence' } })
  })

  it('[INC-4] are there as soon as they are reported by hand, and as the service says once it does', () => {
    copy.load(rowsOf())
    const [room, id] = [RoomId.parse(idOf('room', 2)), IncidentId.parse(idOf('incident', 90))]
    const issue = { type: 'issue.report', report: idOf('report', 1), rooms: [room], incidents: [id], text: 'Dark', high: true }
    const key = submitCommand(copy.shown, QueuedCommand.parse(issue))
    expect(numbers()).toEqual([0, 3, 1, 2])
    expect(numbers({ room })).toEqual([0, 3, 2])
    expect(numbers({}, 'building')).toEqual([1, 0, 3, 2])
    expect(incidentCounts(copy.picture(), undefined)).toMatchObject({ needAction: 4, unclaimed: 3 })
    expect(incidents().rows[0]).toMatchObject({ id, roomName: 'Lab', severity: 'critical', pending: ['issue.report'] })
    expect(copy.shown.room(room)).toMatchObject({ health: 'unhealthy', pending: ['issue.report'] })
    submitCommand(copy.shown, QueuedCommand.parse({ type: 'incident.comment', incident: id, text: 'And cold' }))
    const entries = () => incidentEntries(copy.picture(), { incident: id, offset: 0, limit: 9 }).rows.map(({ text }) => text)
    expect(entries()).toEqual(['And cold', 'Dark'])
    const person = { id: personId as never, name: 'Amélie Laurent' }
    const report = { id: idOf('report', 1) as never, by: person, text: 'Dark', rooms: 1 }
    const known = { ...makeIncident(6, 2, { severity: 'critical', openedAt: 1_900_000_000_000, report }, 'customerReported.issue'), id }
    copy.change('c1', 'c2', [rowOf('incident', known), rowOf('receipt', { id: key, person: personId, at: 1 } as never)])
    expect(numbers()).toEqual([6, 3, 1, 2])
    expect(incidents().rows[0]?.pending).toEqual(['incident.comment'])
    expect(incidentCounts(copy.picture(), undefined)).toMatchObject({ needAction: 4, unclaimed: 3 })
    expect(numbers({ search: 'dark' })).toEqual([6])
  })

  it('are found by number, by words of the signal in two languages, and by their room', () => {
    copy.load(rowsOf())
    expect(numbers({ search: '#3' })).toEqual([3])
    expect(numbers({ search: 'caméra' })).toEqual([3, 1])
    expect(numbers({ search: 'network lab' })).toEqual([2])
    const jump = searchJump(copy.picture(), 'lab')
    expect(jump.rooms.map(({ name }) => name)).toEqual(['Lab'])
    expect(jump.incidents.map(({ number }) => number)).toEqual([3, 2])
    expect(searchJump(copy.picture(), '5').incidents[0]?.number).toBe(5)
    expect(searchJump(copy.picture(), '  ')).toEqual({ rooms: [], incidents: [], first: 'rooms' })
  })

  it('move when the operator takes one', () => {
    copy.load(rowsOf())
    expect(numbers({ chip: 'unassigned' })).toEqual([3, 1])
    submitCommand(copy.shown, QueuedCommand.parse({ type: 'incident.assign', incident: idOf('incident', 3), owner: personId }))
    expect(numbers({ chip: 'unassigned' })).toEqual([1])
    expect(numbers({ chip: 'mine' })).toEqual([4, 3, 2])
    expect(incidentCounts(copy.picture(), undefined)).toMatchObject({ unassigned: 1, mine: 3 })
    expect(copy.shown.incident(idOf('incident', 3))).toMatchObject({ owner: { name: 'Amélie Laurent' }, pending: ['incident.assign'] })
  })

  it('[INC-5] step back when somebody is on them: after all that is new, in groups too, and the counts say how much is new', () => {
    const acknowledged = { by: owner, at: 1 }
    const other = { id: idOf('person', 2) as never, name: 'Kim Abara' }
    copy.load([
      rowOf('me', makeMe()),
      rowOf('room', makeRoom(1)),
      rowOf('room', makeRoom(2)),
      rowOf('incident', makeIncident(1, 1)),
      rowOf('incident', makeIncident(2, 2, { severity: 'warning' }, 'connectivity.network')),
      rowOf('incident', makeIncident(3, 2, { acknowledged })),
      rowOf('incident', makeIncident(4, 1, { owner: other })),
      rowOf('incident', makeIncident(5, 1, { severity: 'warning', owner }, 'connectivity.network')),
      rowOf('incident', makeIncident(6, 2, { owner, acknowledged })),
    ])
    expect(numbers()).toEqual([1, 2, 6, 4, 3, 5])
    expect(numbers({}, 'building')).toEqual([1, 4, 5, 2, 6, 3])
    // All of one's own are somebody's: among them what was not acknowledged is new.
    expect(numbers({ chip: 'mine' })).toEqual([5, 6])
    expect(numbers({ chip: 'unassigned' })).toEqual([1, 2, 3])
    expect(incidentCounts(copy.picture(), undefined)).toMatchObject({ needAction: 6, unclaimed: 2 })
    expect(needAction(copy.picture())).toEqual([])
    // At once, before the service has heard of it.
    submitCommand(copy.shown, QueuedCommand.parse({ type: 'incident.acknowledge', incident: idOf('incident', 1) }))
    expect(numbers()).toEqual([2, 6, 4, 3, 1, 5])
    expect(incidentCounts(copy.picture(), undefined)).toMatchObject({ needAction: 6, unclaimed: 1 })
    submitCommand(copy.shown, QueuedCommand.parse({ type: 'incident.unacknowledge', incident: idOf('incident', 1) }))
    expect(numbers()).toEqual([1, 2, 6, 4, 3, 5])
  })

  it('[CON-4] are picked for many at once by the core: all, a range of any length, a group, or these as they are now', () => {
    copy.load([
      rowOf('me', makeMe()),
      ...[1, 2].map((n) => rowOf('room', makeRoom(n))),
      ...Array.from({ length: 700 }, (_, n) => rowOf('incident', makeIncident(n + 1, 1 + (n % 2)))),
    ])
    const pick = (part: CallInput<'incidents.pick'>['part'], within?: string, group: 'none' | 'building' = 'none') =>
      pickIncidents(
        copy.picture(),
        calls['incidents.pick'].input.parse({ filter: { chip: 'needAction' }, group, part, ...(within === undefined ? {} : { within }) }),
      )
    const end = (number: number, at = 0) => ({ id: IncidentId.parse(idOf('incident', number)), at })
    const some = (answer: ReturnType<typeof pick>) => [answer.total, answer.rows[0]?.number, answer.rows.at(-1)?.number]
    expect(some(pick({ what: 'all' }))).toEqual([700, 700, 1])
    expect(some(pick({ what: 'range', from: end(700), to: end(201) }))).toEqual([500, 700, 201])
    expect(some(pick({ what: 'range', from: end(201), to: end(700) }))).toEqual([500, 700, 201])
    // One that has left the list counts from where it stood.
    expect(some(pick({ what: 'range', from: end(999, 10), to: end(600) }))).toEqual([91, 690, 600])
    expect(some(pick({ what: 'all' }, 'Bishopsgate', 'building'))).toEqual([350, 699, 1])
    submitCommand(copy.shown, QueuedCommand.parse({ type: 'incident.acknowledge', incident: idOf('incident', 5) }))
    const { rows } = pick({ what: 'these', ids: [end(5).id, end(999).id, end(6).id] })
    expect(rows.map(({ number, acknowledged }) => [number, acknowledged?.by.name])).toEqual([
      [5, 'Amélie Laurent'],
      [6, undefined],
    ])
    expect(incidents({}, 'building').groups).toEqual([{ value: 'Bishopsgate', incidents: 350 }])
    expect(incidents({}, 'signal').groups).toEqual([{ value: 'peripherals.camera', incidents: 700 }])
  })

  it('[CON-4] are picked up to the limit, and say how many there are', () => {
    copy.load(Array.from({ length: limits.pickedRows + 1 }, (_, n) => rowOf('room', makeRoom(n + 1))))
    const all = calls['rooms.pick'].input.parse({ filter: {}, sort: 'name', descending: false, part: { what: 'all' } })
    const { total, rows: picked } = pickRooms(copy.picture(), all)
    expect([total, picked.length]).toEqual([limits.pickedRows + 1, limits.pickedRows])
    expect(picked[0]).toEqual({ id: idOf('room', 1), name: 'Room 1', lifecycle: 'enrolled' })
  })

  it('of two buildings whose names are alike are in a group each', () => {
    const at = (n: number, building: string) => rowOf('room', makeRoom(n, { place: { ...makeRoom(1).place, building } }))
    const four = [1, 2, 3, 4].map((n) => rowOf('incident', makeIncident(n, 1 + (n % 2))))
    copy.load([rowOf('me', makeMe()), at(1, 'Élysée'), at(2, 'Elysee'), ...four])
    expect(incidents({}, 'building').rows.map(({ place }) => place.building)).toEqual(['Elysee', 'Elysee', 'Élysée', 'Élysée'])
    expect(incidents({}, 'building').groups).toEqual([
      { value: 'Elysee', incidents: 2 },
      { value: 'Élysée', incidents: 2 },
    ])
  })

  it('have the unsent comments on top of their history, and each comment once', () => {
    const incident = makeIncident(1, 1)
    copy.load([...rowsOf(), rowOf('entry', makeEntry(1, incident) as never), rowOf('entry', makeEntry(2, incident) as never)])
    const texts = (offset = 0, limit = 10) =>
      incidentEntries(copy.picture(), { incident: incident.id, offset, limit }).rows.map(
        ({ text, pending }) => `${text}${pending ? '*' : ''}`,
      )
    const key = submitCommand(copy.shown, QueuedCommand.parse({ type: 'incident.comment', incident: incident.id, text: 'typed' }))
    expect(texts()).toEqual(['typed*', 'Comment 2', 'Comment 1'])
    expect([texts(0, 1), texts(1, 1), texts(2, 1)]).toEqual([['typed*'], ['Comment 2'], ['Comment 1']])
    // The copy is a moment ahead of what it tells.
    copy.cache.writer.feed(
      bytesOf({
        type: 'batch',
        scope: 1,
        from: 'c1',
        to: 'c2',
        behind: 0,
        rows: [rowOf('entry', makeEntry(3, incident, 'typed') as never), rowOf('receipt', { id: key, person: personId, at: 1 } as never)],
      }),
      1,
    )
    expect(texts()).toEqual(['typed', 'Comment 2', 'Comment 1'])
  })
})
