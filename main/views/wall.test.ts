import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestCopy } from '../testing/copy.ts'
import { makeIncident, makeMe, makeRoom, rowOf } from '../testing/documents.ts'
import { readWall } from './wall.ts'

let copy: TestCopy
beforeEach(() => {
  copy = new TestCopy()
})
afterEach(() => copy.close())

const room = (n: number, building: string, city: string, changes: Parameters<typeof makeRoom>[1] = {}) =>
  rowOf('room', makeRoom(n, { ...changes, place: { ...makeRoom(n).place, building, city } }))

describe('[ROM-2] the wall', () => {
  beforeEach(() =>
    copy.load([
      rowOf('me', makeMe()),
      room(1, 'North', 'Oslo', { health: 'unhealthy' }),
      room(2, 'North', 'Oslo'),
      room(3, 'South', 'Lyon', { health: 'disconnected' }),
      room(4, 'West', 'Lyon'),
      rowOf('incident', makeIncident(1, 1)),
      rowOf('incident', makeIncident(2, 3)),
      rowOf('incident', makeIncident(3, 3, { status: 'investigating' })),
    ]),
  )

  it('goes through sites, the worst first, with what needs action in each', () => {
    const wall = readWall(copy.picture(), { by: 'building', places: [] }, 5)
    expect(wall.sites.map(({ name, rooms, newest }) => [name, rooms.healthy, newest.map(({ number }) => number)])).toEqual([
      ['South', 0, [2]],
      ['North', 1, [1]],
      ['West', 1, []],
    ])
    expect([wall.until, wall.needAction, wall.newest.map(({ number }) => number)]).toEqual([5, 2, [2, 1]])
    expect(wall.rooms).toMatchObject({ healthy: 2, unhealthy: 1, disconnected: 1 })
  })

  it('goes through cities, or through what is named, as it is named', () => {
    const names = (by: 'building' | 'city', places: string[]) => readWall(copy.picture(), { by, places }, 5).sites.map(({ name }) => name)
    expect(names('city', [])).toEqual(['Lyon', 'Oslo'])
    expect(names('building', ['West', 'Elsewhere', 'South'])).toEqual(['West', 'South'])
  })
})
