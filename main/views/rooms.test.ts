import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { calls, type CallInput } from '../../contract/bridge.ts'
import { QueuedCommand } from '../../contract/commands.ts'
import { submitCommand } from '../calls/submit.ts'
import { TestCopy } from '../testing/copy.ts'
import { deviceRowOf, idOf, makeMe, makeRoom, personId, rowOf } from '../testing/documents.ts'
import { searchJump } from './jump.ts'
import { listRooms, roomBuildings, roomTotals } from './rooms.ts'
import { phraseOf, searchWords } from './search.ts'

let copy: TestCopy

beforeEach(() => {
  copy = new TestCopy()
})
afterEach(() => copy.close())

const rooms = (input: Partial<CallInput<'rooms.list'>> = {}) =>
  listRooms(
    copy.picture(),
    calls['rooms.list'].input.parse({ filter: {}, sort: 'name', descending: false, offset: 0, limit: 100, ...input }),
  )
const names = (input: Partial<CallInput<'rooms.list'>> = {}) => rooms(input).rows.map(({ name }) => name)

describe('rooms', () => {
  it('are sorted by number and not by digit, filtered and counted', () => {
    copy.load([
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
    expect(roomTotals(copy.picture(), {})).toMatchObject({ healthy: 1, unhealthy: 1, onboarding: 1 })
    expect(roomTotals(copy.picture(), { search: 'elys' })).toMatchObject({ healthy: 0, onboarding: 1 })
    expect(roomBuildings(copy.picture()).rows).toEqual([
      { building: 'Bishopsgate', city: 'Lyon', rooms: 1 },
      { building: 'Confluence', city: 'Lyon', rooms: 2 },
    ])
  })

  it('take no search text for a query language', () => {
    copy.load([rowOf('room', makeRoom(1))])
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (search) => {
        expect(() => names({ filter: { search } })).not.toThrow()
        expect(() => searchJump(copy.picture(), search)).not.toThrow()
      }),
      { numRuns: 100 },
    )
    expect(searchWords('a" OR b*').map(phraseOf)).toEqual(['"a"*', '"or"*', '"b"*'])
  })

  it('show what the operator did at once, in lists, totals and the row, until the service says so', () => {
    copy.load([
      rowOf('me', makeMe()),
      rowOf('room', makeRoom(1, { lifecycle: 'onboarding' })),
      deviceRowOf(makeRoom(1)),
      rowOf('room', makeRoom(2)),
    ])
    expect(rooms({ filter: { states: ['onboarding'] } }).total).toBe(1)
    const key = submitCommand(copy.shown, QueuedCommand.parse({ type: 'rooms.enrol', rooms: [idOf('room', 1)] }))
    expect(rooms({ filter: { states: ['onboarding'] } }).total).toBe(0)
    expect(roomTotals(copy.picture(), {})).toMatchObject({ healthy: 2, onboarding: 0 })
    expect(rooms().rows.find(({ id }) => id === idOf('room', 1))).toMatchObject({ lifecycle: 'enrolled', pending: ['rooms.enrol'] })
    expect(names({ filter: { search: 'sn1' } })).toEqual(['Room 1'])
    // Another change of the room, before the command is confirmed.
    copy.change('c1', 'c2', [rowOf('room', makeRoom(1, { lifecycle: 'onboarding', name: 'Renamed' }), 2)])
    expect(names()).toEqual(['Renamed', 'Room 2'])
    expect(roomTotals(copy.picture(), {})).toMatchObject({ healthy: 2 })
    copy.change('c2', 'c3', [
      rowOf('room', makeRoom(1, { name: 'Renamed' }), 3),
      rowOf('receipt', { id: key, person: personId, at: 1 } as never),
    ])
    expect(copy.outbox.rows()).toEqual([])
    expect(rooms().rows.map(({ pending }) => pending)).toEqual([[], []])
    expect(roomTotals(copy.picture(), {})).toMatchObject({ healthy: 2 })
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
    copy.load([rowOf('room', makeRoom(1, { healthSince: 9_000, ...changes })), rowOf('room', makeRoom(2, { healthSince: 9_900 }))])
    expect(rooms().rows[0]?.healthSince).toBe(since)
    expect(copy.picture().holder('room', idOf('room', 1))?.room(idOf('room', 1))?.healthSince).toBe(since)
    expect(names({ sort: 'since' })).toEqual(['Room 1', 'Room 2'])
  })

  it('show the service again when it refuses', () => {
    copy.load([rowOf('me', makeMe()), rowOf('room', makeRoom(1, { lifecycle: 'onboarding' }))])
    const key = submitCommand(copy.shown, QueuedCommand.parse({ type: 'rooms.enrol', rooms: [idOf('room', 1)] }))
    copy.outbox.refused(key, 'room.alreadyEnrolled')
    expect(roomTotals(copy.picture(), {})).toMatchObject({ healthy: 0, onboarding: 1 })
    expect(rooms().rows[0]).toMatchObject({ lifecycle: 'onboarding', pending: [] })
  })
})
