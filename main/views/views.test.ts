import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { calls, type CallInput } from '../../contract/bridge.ts'
import { QueuedCommand } from '../../contract/commands.ts'
import { defaultSettings } from '../../contract/entities.ts'
import { IncidentId, RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { SignalId } from '../../contract/signals.ts'
import { someBytes } from '../../contract/testing/chance.ts'
import { FakeClock } from '../clock.ts'
import { Outbox } from '../outbox/outbox.ts'
import { OutboxStore } from '../outbox/store.ts'
import { subjectOf, submitCommand } from '../outbox/submit.ts'
import { bytesOf, openTestCache, type TestCache } from '../testing/cache.ts'
import { idOf, makeEntry, makeEvent, makeIncident, makeMe, makeRoom, personId, rowOf, tenantId } from '../testing/documents.ts'
import { tempFolder } from '../testing/fakes.ts'
import { incidentCounts, incidentEntries, listIncidents, needAction, pickIncidents } from './incidents.ts'
import { searchJump } from './jump.ts'
import { Picture } from './picture.ts'
import { listRooms, pickRooms, roomBuildings, roomTotals } from './rooms.ts'
import { phraseOf, searchWords } from './search.ts'
import { Shown } from './shown.ts'
import { roomTimeline, stretches } from './timeline.ts'

let cache: TestCache
let folder: ReturnType<typeof tempFolder>
let outbox: Outbox
let shown: Shown
const picture = (): Picture => new Picture([shown])
const clock = new FakeClock()

const load = (rows: unknown[]): void => {
  cache.fill(rows, 'c1')
  shown = new Shown(cache.reader, outbox)
}
const change = (from: string, to: string, rows: unknown[]): void => {
  const { change: told } = cache.writer.feed(bytesOf({ type: 'batch', scope: 1, from, to, rows, behind: 0 }), 1)
  if (told !== undefined) shown.cacheChanged(told)
}
const rooms = (input: Partial<CallInput<'rooms.list'>> = {}) =>
  listRooms(picture(), calls['rooms.list'].input.parse({ filter: {}, sort: 'name', descending: false, offset: 0, limit: 100, ...input }))
const names = (input: Partial<CallInput<'rooms.list'>> = {}) => rooms(input).rows.map(({ name }) => name)
const incidents = (filter: Partial<CallInput<'incidents.list'>['filter']> = {}, group: 'none' | 'building' | 'signal' = 'none') =>
  listIncidents(picture(), calls['incidents.list'].input.parse({ filter: { chip: 'needAction', ...filter }, group, offset: 0, limit: 100 }))
const numbers = (filter: Parameters<typeof incidents>[0] = {}, group: 'none' | 'building' | 'signal' = 'none') =>
  incidents(filter, group).rows.map(({ number }) => number)

beforeEach(() => {
  cache = openTestCache()
  folder = tempFolder()
  outbox = new Outbox(OutboxStore.open(join(folder.path, 'outbox.db'), someBytes(32), clock.now()).store, clock)
})
afterEach(() => {
  shown.close()
  outbox.close()
  cache.remove()
  folder.remove()
})

describe('rooms', () => {
  it('are sorted by number and not by digit, filtered and counted', () => {
    load([
      rowOf('room', makeRoom(2, { name: 'Room 12', health: 'unhealthy' })),
      rowOf('room', makeRoom(4, { name: 'Room 2' })),
      rowOf('room', makeRoom(3, { name: 'Élysée', lifecycle: 'onboarding' })),
    ])
    expect(names()).toEqual(['Élysée', 'Room 2', 'Room 12'])
    expect(names({ descending: true })).toEqual(['Room 12', 'Room 2', 'Élysée'])
    expect(names({ sort: 'state' })).toEqual(['Room 12', 'Room 2', 'Élysée'])
    expect(names({ filter: { search: 'elys' } })).toEqual(['Élysée'])
    expect(names({ filter: { search: 'room conf' } })).toEqual(['Room 2', 'Room 12'])
    expect(names({ filter: { states: ['unhealthy', 'onboarding'] } })).toEqual(['Élysée', 'Room 12'])
    expect(names({ filter: { buildings: ['Bishopsgate'] } })).toEqual(['Élysée'])
    expect(names({ offset: 1, limit: 1 })).toEqual(['Room 2'])
    expect(rooms({ offset: 1, limit: 1 }).total).toBe(3)
    expect(roomTotals(picture(), {})).toMatchObject({ healthy: 1, unhealthy: 1, onboarding: 1 })
    expect(roomTotals(picture(), { search: 'elys' })).toMatchObject({ healthy: 0, onboarding: 1 })
    expect(roomBuildings(picture()).rows).toEqual([
      { building: 'Bishopsgate', city: 'Lyon', rooms: 1 },
      { building: 'Confluence', city: 'Lyon', rooms: 2 },
    ])
  })

  it('take no search text for a query language', () => {
    load([rowOf('room', makeRoom(1))])
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (search) => {
        expect(() => names({ filter: { search } })).not.toThrow()
        expect(() => searchJump(picture(), search)).not.toThrow()
      }),
      { numRuns: 100 },
    )
    expect(searchWords('a" OR b*').map(phraseOf)).toEqual(['"a"*', '"or"*', '"b"*'])
  })

  it('show what the operator did at once, in lists, totals and the row, until the service says so', () => {
    load([rowOf('me', makeMe()), rowOf('room', makeRoom(1, { lifecycle: 'onboarding' })), rowOf('room', makeRoom(2))])
    expect(rooms({ filter: { states: ['onboarding'] } }).total).toBe(1)
    const key = submitCommand(shown, QueuedCommand.parse({ type: 'rooms.enrol', rooms: [idOf('room', 1)] }))
    expect(rooms({ filter: { states: ['onboarding'] } }).total).toBe(0)
    expect(roomTotals(picture(), {})).toMatchObject({ healthy: 2, onboarding: 0 })
    expect(rooms().rows.find(({ id }) => id === idOf('room', 1))).toMatchObject({ lifecycle: 'enrolled', pending: ['rooms.enrol'] })
    expect(names({ filter: { search: 'sn1' } })).toEqual(['Room 1'])
    // Another change of the room, before the command is confirmed.
    change('c1', 'c2', [rowOf('room', makeRoom(1, { lifecycle: 'onboarding', name: 'Renamed' }), 2)])
    expect(names()).toEqual(['Renamed', 'Room 2'])
    expect(roomTotals(picture(), {})).toMatchObject({ healthy: 2 })
    change('c2', 'c3', [
      rowOf('room', makeRoom(1, { name: 'Renamed' }), 3),
      rowOf('receipt', { id: key, person: personId, at: 1 } as never),
    ])
    expect(outbox.rows()).toEqual([])
    expect(rooms().rows.map(({ pending }) => pending)).toEqual([[], []])
    expect(roomTotals(picture(), {})).toMatchObject({ healthy: 2 })
  })

  const bad = (since: number, observedAt = 9_000) => ({ value: 'unhealthy' as const, since, observedAt })
  it.each([
    ['a fault from its first sign, not its hold time', { health: 'unhealthy', signals: { 'peripherals.camera': bad(4_000) } }, 4_000],
    [
      'the oldest of several faults',
      { health: 'unhealthy', signals: { 'peripherals.camera': bad(4_000), 'audio.speaker': { ...bad(2_000), value: 'misconfigured' } } },
      2_000,
    ],
    ['a fault that took the place of an older one', { health: 'unhealthy', signals: { 'peripherals.camera': bad(9_500, 9_600) } }, 9_000],
    ['no warning, which does not make a room unhealthy', { health: 'healthy', signals: { 'versioning.os': bad(1_000) } }, 9_000],
    ['a silence from the last sign of life', { health: 'disconnected', connected: false, lastContactAt: 3_000 }, 3_000],
  ] as const)('[ROM-2] are in their state since: %s', (_, changes, since) => {
    load([rowOf('room', makeRoom(1, { healthSince: 9_000, ...changes })), rowOf('room', makeRoom(2, { healthSince: 9_900 }))])
    expect(rooms().rows[0]?.healthSince).toBe(since)
    expect(picture().holder('room', idOf('room', 1))?.room(idOf('room', 1))?.healthSince).toBe(since)
    expect(names({ sort: 'since' })).toEqual(['Room 1', 'Room 2'])
  })

  it('show the service again when it refuses', () => {
    load([rowOf('me', makeMe()), rowOf('room', makeRoom(1, { lifecycle: 'onboarding' }))])
    const key = submitCommand(shown, QueuedCommand.parse({ type: 'rooms.enrol', rooms: [idOf('room', 1)] }))
    outbox.refused(key, 'room.alreadyEnrolled')
    expect(roomTotals(picture(), {})).toMatchObject({ healthy: 0, onboarding: 1 })
    expect(rooms().rows[0]).toMatchObject({ lifecycle: 'onboarding', pending: [] })
  })
})

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
    load(rowsOf())
    expect(numbers()).toEqual([3, 1, 2])
    expect(numbers({ chip: 'unassigned' })).toEqual([3, 1])
    expect(numbers({ chip: 'mine' })).toEqual([4, 2])
    expect(numbers({ chip: 'investigating' })).toEqual([4])
    expect(numbers({ chip: 'resolved' })).toEqual([5])
    expect(numbers({}, 'building')).toEqual([1, 3, 2])
    expect(numbers({}, 'signal')).toEqual([3, 1, 2])
    expect(numbers({ room: RoomId.parse(idOf('room', 2)) })).toEqual([3, 2])
    expect(incidentCounts(picture(), undefined)).toEqual({
      needAction: 3,
      investigating: 1,
      unassigned: 2,
      mine: 2,
      resolved: 1,
      unclaimed: 2,
    })
    expect(incidentCounts(picture(), idOf('room', 1))).toEqual({
      needAction: 1,
      investigating: 1,
      unassigned: 1,
      mine: 1,
      resolved: 1,
      unclaimed: 1,
    })
    expect(incidents().rows[0]).toMatchObject({ roomName: 'Lab', roomHealth: 'healthy', place: { building: 'Confluence' } })
  })

  it('are found by number, by words of the signal in two languages, and by their room', () => {
    load(rowsOf())
    expect(numbers({ search: '#3' })).toEqual([3])
    expect(numbers({ search: 'caméra' })).toEqual([3, 1])
    expect(numbers({ search: 'network lab' })).toEqual([2])
    const jump = searchJump(picture(), 'lab')
    expect(jump.rooms.map(({ name }) => name)).toEqual(['Lab'])
    expect(jump.incidents.map(({ number }) => number)).toEqual([3, 2])
    expect(searchJump(picture(), '5').incidents[0]?.number).toBe(5)
    expect(searchJump(picture(), '  ')).toEqual({ rooms: [], incidents: [], first: 'rooms' })
  })

  it('move when the operator takes one', () => {
    load(rowsOf())
    expect(numbers({ chip: 'unassigned' })).toEqual([3, 1])
    submitCommand(shown, QueuedCommand.parse({ type: 'incident.assign', incident: idOf('incident', 3), owner: personId }))
    expect(numbers({ chip: 'unassigned' })).toEqual([1])
    expect(numbers({ chip: 'mine' })).toEqual([4, 3, 2])
    expect(incidentCounts(picture(), undefined)).toMatchObject({ unassigned: 1, mine: 3 })
    expect(shown.incident(idOf('incident', 3))).toMatchObject({ owner: { name: 'Amélie Laurent' }, pending: ['incident.assign'] })
  })

  it('[INC-5] step back when somebody is on them: after all that is new, in groups too, and the counts say how much is new', () => {
    const acknowledged = { by: owner, at: 1 }
    const other = { id: idOf('person', 2) as never, name: 'Kim Abara' }
    load([
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
    expect(incidentCounts(picture(), undefined)).toMatchObject({ needAction: 6, unclaimed: 2 })
    expect(needAction(picture())).toEqual([])
    // At once, before the service has heard of it.
    submitCommand(shown, QueuedCommand.parse({ type: 'incident.acknowledge', incident: idOf('incident', 1) }))
    expect(numbers()).toEqual([2, 6, 4, 3, 1, 5])
    expect(incidentCounts(picture(), undefined)).toMatchObject({ needAction: 6, unclaimed: 1 })
    submitCommand(shown, QueuedCommand.parse({ type: 'incident.unacknowledge', incident: idOf('incident', 1) }))
    expect(numbers()).toEqual([1, 2, 6, 4, 3, 5])
  })

  it('[CON-4] are picked for many at once by the core: all, a range of any length, a group, or these as they are now', () => {
    load([
      rowOf('me', makeMe()),
      ...[1, 2].map((n) => rowOf('room', makeRoom(n))),
      ...Array.from({ length: 700 }, (_, n) => rowOf('incident', makeIncident(n + 1, 1 + (n % 2)))),
    ])
    const pick = (part: CallInput<'incidents.pick'>['part'], within?: string, group: 'none' | 'building' = 'none') =>
      pickIncidents(
        picture(),
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
    submitCommand(shown, QueuedCommand.parse({ type: 'incident.acknowledge', incident: idOf('incident', 5) }))
    const { rows } = pick({ what: 'these', ids: [end(5).id, end(999).id, end(6).id] })
    expect(rows.map(({ number, acknowledged }) => [number, acknowledged?.by.name])).toEqual([
      [5, 'Amélie Laurent'],
      [6, undefined],
    ])
    expect(incidents({}, 'building').groups).toEqual([{ value: 'Bishopsgate', incidents: 350 }])
    expect(incidents({}, 'signal').groups).toEqual([{ value: 'peripherals.camera', incidents: 700 }])
  })

  it('[CON-4] are picked up to the limit, and say how many there are', () => {
    load(Array.from({ length: limits.pickedRows + 1 }, (_, n) => rowOf('room', makeRoom(n + 1))))
    const all = calls['rooms.pick'].input.parse({ filter: {}, sort: 'name', descending: false, part: { what: 'all' } })
    const { total, rows: picked } = pickRooms(picture(), all)
    expect([total, picked.length]).toEqual([limits.pickedRows + 1, limits.pickedRows])
    expect(picked[0]).toEqual({ id: idOf('room', 1), name: 'Room 1', lifecycle: 'enrolled' })
  })

  it('of two buildings whose names are alike are in a group each', () => {
    const at = (n: number, building: string) => rowOf('room', makeRoom(n, { place: { ...makeRoom(1).place, building } }))
    const four = [1, 2, 3, 4].map((n) => rowOf('incident', makeIncident(n, 1 + (n % 2))))
    load([rowOf('me', makeMe()), at(1, 'Élysée'), at(2, 'Elysee'), ...four])
    expect(incidents({}, 'building').rows.map(({ place }) => place.building)).toEqual(['Elysee', 'Elysee', 'Élysée', 'Élysée'])
    expect(incidents({}, 'building').groups).toEqual([
      { value: 'Elysee', incidents: 2 },
      { value: 'Élysée', incidents: 2 },
    ])
  })

  it('have the unsent comments on top of their history, and each comment once', () => {
    const incident = makeIncident(1, 1)
    load([...rowsOf(), rowOf('entry', makeEntry(1, incident) as never), rowOf('entry', makeEntry(2, incident) as never)])
    const texts = (offset = 0, limit = 10) =>
      incidentEntries(picture(), { incident: incident.id, offset, limit }).rows.map(({ text, pending }) => `${text}${pending ? '*' : ''}`)
    const key = submitCommand(shown, QueuedCommand.parse({ type: 'incident.comment', incident: incident.id, text: 'typed' }))
    expect(texts()).toEqual(['typed*', 'Comment 2', 'Comment 1'])
    expect([texts(0, 1), texts(1, 1), texts(2, 1)]).toEqual([['typed*'], ['Comment 2'], ['Comment 1']])
    // The copy is a moment ahead of what it tells.
    cache.writer.feed(
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

describe('what the operator may do', () => {
  it('is refused at once, with the code of the service', () => {
    const rowsOf = (me: Record<string, unknown> & { id: string }) => [
      rowOf('me', me),
      rowOf('room', makeRoom(1)),
      rowOf('room', makeRoom(2)),
      rowOf('incident', makeIncident(1, 1)),
    ]
    load(rowsOf(makeMe(['rooms.view', 'incidents.view', 'incidents.update', 'rooms.create'], [idOf('room', 2)])))
    const code = (command: unknown) => {
      try {
        submitCommand(shown, QueuedCommand.parse(command))
        return 'taken'
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    expect(code({ type: 'incident.acknowledge', incident: idOf('incident', 1) })).toBe('incident.notFound')
    expect(code({ type: 'incident.acknowledge', incident: idOf('incident', 7) })).toBe('incident.notFound')
    expect(code({ type: 'rooms.enrol', rooms: [idOf('room', 2), idOf('room', 1)] })).toBe('room.notFound')
    expect(code({ type: 'rooms.enrol', rooms: [idOf('room', 2)] })).toBe('taken')
    expect(code({ type: 'rooms.unenrol', rooms: [idOf('room', 2)] })).toBe('access.denied')
    expect(code({ type: 'settings.change', changes: { openHoldMs: 0 } })).toBe('access.denied')
    expect(outbox.rows().length).toBe(1)
    expect(subjectOf(shown, outbox.rows()[0]!.command)).toBe('Room 2')
  })

  it('of remote access only a manager of the tenant itself may, and with a contact (REM-1)', () => {
    const permissions = ['settings.view', 'settings.modify']
    let revision = 1
    const code = (changes: Record<string, unknown>, role = 'siteLead') => {
      load([rowOf('me', makeMe(permissions, 'all', role), ++revision), rowOf('settings', { id: tenantId, ...defaultSettings })])
      try {
        submitCommand(shown, QueuedCommand.parse({ type: 'settings.change', changes }))
        return 'taken'
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    expect(code({ openHoldMs: 1 })).toBe('taken')
    expect(code({ openHoldMs: 1, recordSessions: false })).toBe('access.denied')
    expect(code({ remoteAccess: true }, 'proManager')).toBe('remote.contactMissing')
    expect(code({ remoteAccess: true, remoteContact: 'audit@contoso.example' }, 'proManager')).toBe('taken')
    // It is on in what is shown, though not sent yet.
    expect(code({ remoteContact: '' }, 'proManager')).toBe('remote.contactMissing')
    expect(code({ remoteContact: '', remoteAccess: false }, 'proManager')).toBe('taken')
  })
})

describe('the last hours of a room', () => {
  it('are stretches of equal value', () => {
    shown = new Shown(cache.reader, outbox)
    expect(
      stretches(
        [
          { at: 3, value: 'b' },
          { at: 5, value: 'b' },
          { at: 7, value: 'a' },
        ],
        'a',
        1,
        10,
      ),
    ).toEqual([
      { from: 1, to: 3, value: 'a' },
      { from: 3, to: 7, value: 'b' },
      { from: 7, to: 10, value: 'a' },
    ])
    expect(stretches([{ at: 3, value: 'b' }], undefined, 1, 10)).toEqual([{ from: 3, to: 10, value: 'b' }])
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.integer({ min: -5, max: 30 }), value: fc.constantFrom('a', 'b', 'c') })),
        fc.constantFrom('a', undefined),
        (points, before) => {
          const line = stretches(
            [...points].sort((a, b) => a.at - b.at),
            before,
            0,
            20,
          )
          line.forEach((stretch, n) => {
            expect(stretch.to).toBeGreaterThan(stretch.from)
            const next = line[n + 1]
            if (next !== undefined) {
              expect(next.from).toBe(stretch.to)
              expect(next.value).not.toBe(stretch.value)
            } else expect(stretch.to).toBe(20)
          })
        },
      ),
    )
  })

  it('come from its history, and from before where that says more', () => {
    const at = 1_800_000_000_000
    const camera: SignalId = 'peripherals.camera'
    const now = at + 3_600_000
    load([
      rowOf('room', makeRoom(1, { signals: { [camera]: { value: 'healthy', since: now - 60_000, observedAt: now } } })),
      rowOf('roomEvent', makeEvent(1, 1, { kind: 'signal', signal: camera, value: 'healthy', at: at - 86_400_000 }) as never),
      rowOf('roomEvent', makeEvent(2, 1, { kind: 'signal', signal: camera, value: 'unhealthy', at: now - 120_000 }) as never),
      rowOf('roomEvent', makeEvent(3, 1, { kind: 'disconnected', at: now - 30_000 }) as never),
      rowOf('roomEvent', makeEvent(4, 1, { kind: 'connected', at: now - 10_000 }) as never),
    ])
    const line = roomTimeline(picture(), idOf('room', 1), 1, now)
    expect(line.signals[camera]).toEqual([
      { from: now - 3_600_000, to: now - 120_000, value: 'healthy' },
      { from: now - 120_000, to: now - 60_000, value: 'unhealthy' },
      { from: now - 60_000, to: now, value: 'healthy' },
    ])
    expect(line.contact).toEqual([
      { from: now - 30_000, to: now - 10_000, connected: false },
      { from: now - 10_000, to: now, connected: true },
    ])
  })
})
