import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IncidentId, RoomId } from '../../contract/ids.ts'
import type { SignalId } from '../../contract/signals.ts'
import { cases } from '../../contract/testing/chance.ts'
import { Rooms } from './fleet.ts'
import { type Failed, type Group, groupStorms } from './group.ts'

const minute = 60_000
const idOf = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
const room = (n: number): RoomId => RoomId.parse(idOf(n))

interface Where {
  building?: string
  floor?: string
  city?: string
  address?: string
  app?: string
  os?: string
}

/** Rooms 0, 1, 2 …, each somewhere. */
function fleetOf(places: readonly Where[]): Rooms {
  const rooms = new Rooms()
  for (const [n, { building = '', floor = '', city = '', address = '', app = '', os = '' }] of places.entries()) {
    const place = { country: '', city, building, floor, timeZone: 'UTC' }
    rooms.room({ id: room(n), lifecycle: 'enrolled', place })
    rooms.device({
      id: room(n),
      parts: {},
      device: {
        id: idOf(n) as never,
        profile: 'generic',
        keyProtection: 'software',
        platform: '',
        os,
        manufacturer: '',
        model: '',
        serial: '',
        agentVersion: '',
        appVersion: app,
        address,
      },
    })
  }
  return rooms
}

const failed = (n: number, openedAt = 0, signal: SignalId = 'connectivity.agent', id = n): Failed => ({
  id: IncidentId.parse(idOf(1_000 + id)),
  room: room(n),
  signal,
  openedAt,
})
const said = (groups: readonly Group[]) => groups.map(({ cause, value, rooms, of }) => [cause, value, rooms, of])
const many = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n))

describe('[INC-3] rooms that fail together', () => {
  it('are none below five, and none below a fifth of what they have in common', () => {
    const fleet = fleetOf(many(40, () => ({ building: 'A' })))
    expect(
      groupStorms(
        many(7, (n) => failed(n)),
        fleet,
      ),
    ).toEqual([])
    expect(
      said(
        groupStorms(
          many(8, (n) => failed(n)),
          fleet,
        ),
      ),
    ).toEqual([['building', 'A', 8, 40]])
    const small = fleetOf(many(6, () => ({ building: 'B' })))
    expect(
      groupStorms(
        many(4, (n) => failed(n)),
        small,
      ),
    ).toEqual([])
    expect(
      said(
        groupStorms(
          many(5, (n) => failed(n)),
          small,
        ),
      ),
    ).toEqual([['building', 'B', 5, 6]])
  })

  it('are none where they fail one after the other', () => {
    const fleet = fleetOf(many(10, () => ({ building: 'A' })))
    expect(
      groupStorms(
        many(10, (n) => failed(n, n * 2 * minute)),
        fleet,
      ),
    ).toEqual([])
    expect(
      said(
        groupStorms(
          many(10, (n) => failed(n, n * minute)),
          fleet,
        ),
      ),
    ).toEqual([['building', 'A', 10, 10]])
  })

  it('take in who comes late, for a day, and leave out what was bad before', () => {
    const fleet = fleetOf(many(20, () => ({ building: 'A' })))
    const early = failed(19, -60 * minute)
    const burst = many(6, (n) => failed(n, n))
    const [late, tooLate] = [failed(10, 20 * 60 * minute), failed(11, 25 * 60 * minute)]
    const [storm] = groupStorms([late, ...burst, early, tooLate], fleet)
    expect(storm?.incidents.map(({ id }) => id).sort()).toEqual([...burst, late].map(({ id }) => id).sort())
    expect(storm?.at).toBe(0)
  })

  it('leave alone what is bad for another reason', () => {
    const fleet = fleetOf(many(10, () => ({ building: 'A' })))
    const camera = failed(3, 1, 'peripherals.camera', 500)
    const [storm] = groupStorms([...many(8, (n) => failed(n)), camera], fleet)
    expect(storm?.incidents).not.toContainEqual(camera)
    const displays = many(6, (n) => failed(n, 0, 'display.frontOfRoom1', 600 + n))
    const [both] = groupStorms([...many(8, (n) => failed(n, 30_000)), ...displays], fleet)
    expect([both?.rooms, both?.incidents.length]).toEqual([8, 14])
  })

  it('are said to fail by what explains the most of them with the fewest healthy ones', () => {
    // A floor of a building, a whole campus, a switch across two floors, an update.
    const floors = fleetOf(many(40, (n) => ({ building: 'A', city: 'Paris', floor: String(n % 4), address: `10.0.${n % 2}.${n}` })))
    const second = many(40, (n) => n).filter((n) => n % 4 === 2)
    expect(
      said(
        groupStorms(
          second.map((n) => failed(n)),
          floors,
        ),
      ),
    ).toEqual([['floor', 'A · 2', 10, 10]])
    const campus = fleetOf(many(40, (n) => ({ building: `B${n % 4}`, city: 'Lyon', floor: '1' })))
    expect(
      said(
        groupStorms(
          many(40, (n) => failed(n)),
          campus,
        ),
      ),
    ).toEqual([['city', 'Lyon', 40, 40]])
    const odd = many(40, (n) => n).filter((n) => n % 2 === 1)
    expect(
      said(
        groupStorms(
          odd.map((n) => failed(n)),
          floors,
        ),
      ),
    ).toEqual([['network', '10.0.1.0/24', 20, 20]])
    const versions = fleetOf(many(60, (n) => ({ building: `C${n % 6}`, city: `D${n % 6}`, app: n % 3 === 0 ? '5.4' : '5.3' })))
    const updated = many(60, (n) => n).filter((n) => n % 3 === 0)
    expect(
      said(
        groupStorms(
          updated.map((n) => failed(n)),
          versions,
        ),
      ),
    ).toEqual([['app', '5.4', 20, 20]])
  })

  it('by a service, wherever they are', () => {
    const fleet = fleetOf(many(30, (n) => ({ building: `E${n}`, city: `F${n}` })))
    const all = many(12, (n) => failed(n, n, 'connectivity.signInTeams'))
    expect(said(groupStorms(all, fleet))).toEqual([['service', 'connectivity.signInTeams', 12, 30]])
  })

  it('are two storms where two buildings have different faults', () => {
    const fleet = fleetOf(many(20, (n) => ({ building: n < 10 ? 'A' : 'B', city: 'Paris' })))
    const both = [...many(10, (n) => failed(n)), ...many(6, (n) => failed(10 + n, 40 * minute, 'peripherals.camera'))]
    expect(said(groupStorms(both, fleet))).toEqual([
      ['building', 'A', 10, 10],
      ['building', 'B', 6, 10],
    ])
  })
})

describe('[INC-3] the grouping', () => {
  const where = fc.record({
    building: fc.constantFrom('A', 'B', 'C'),
    floor: fc.constantFrom('1', '2'),
    city: fc.constantFrom('Paris', 'Lyon'),
    app: fc.constantFrom('1', '2'),
    address: fc.constantFrom('10.0.0.7', '10.0.1.7', ''),
  })
  const happened = fc.tuple(
    fc.nat(39),
    fc.nat(20 * minute),
    fc.constantFrom<SignalId>('connectivity.agent', 'peripherals.camera', 'connectivity.signInTeams'),
  )

  it('[rule 1] is the same in whatever order incidents come, and has each once, in a room that has the cause', () => {
    fc.assert(
      fc.property(
        fc.array(where, { minLength: 40, maxLength: 40 }),
        fc.uniqueArray(happened, { maxLength: 60, selector: ([n, , signal]) => `${n} ${signal}` }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (places, all, chance) => {
          const fleet = fleetOf(places)
          const incidents = all.map(([n, at, signal], id) => failed(n, at, signal, id))
          const shuffled = incidents
            .map((one) => ({ one, key: Number(chance.next().value) }))
            .sort((a, b) => a.key - b.key)
            .map(({ one }) => one)
          const [groups, again] = [groupStorms(incidents, fleet), groupStorms(shuffled, fleet)]
          const plain = (some: readonly Group[]) =>
            some.map((group) => ({ ...group, incidents: group.incidents.map(({ id }) => id).sort() }))
          expect(plain(again)).toEqual(plain(groups))
          const members = groups.flatMap(({ incidents: some }) => some.map(({ id }) => id))
          expect(new Set(members).size).toBe(members.length)
          for (const { cause, value, rooms, of, incidents: some } of groups) {
            expect(rooms).toBeGreaterThanOrEqual(Math.max(5, of / 5))
            if (cause !== 'service') for (const one of some) expect(fleet.common.get(one.room)?.[cause]).toBe(value)
          }
        },
      ),
      { numRuns: cases(500) },
    )
  })
})
