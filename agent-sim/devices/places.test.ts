import { describe, expect, it } from 'vitest'
import { seededRandom } from '../random.ts'
import { buildings, roomsOf } from './places.ts'

function take(index: number, count: number, seed = 1) {
  const building = buildings[index]
  if (!building) throw new Error('no such building')
  const rooms = roomsOf(building, seededRandom('building', seed, building.name))
  return Array.from({ length: count }, () => {
    const next = rooms.next()
    if (next.done) throw new Error('no more rooms')
    return next.value
  })
}

describe('rooms', () => {
  it('have names of their own, also in a building of thousands', () => {
    for (const index of buildings.keys()) {
      const rooms = take(index, 3_400)
      expect(new Set(rooms.map(({ name }) => name)).size).toBe(3_400)
      expect(rooms.every(({ name, place }) => name.startsWith(place.city) && name.length < 60)).toBe(true)
    }
  })
  it('depend on the seed alone: the first ones are the same however many are taken', () => {
    expect(take(0, 40)).toEqual(take(0, 400).slice(0, 40))
    expect(take(0, 8, 1)).not.toEqual(take(0, 8, 2))
  })
  it('stand in the floors and the time zone of their building', () => {
    for (const [index, building] of buildings.entries()) {
      for (const { name, place } of take(index, 8)) {
        expect(Number(place.floor)).toBeLessThanOrEqual(building.floors)
        expect(name).toContain(` ${place.floor}.`)
        expect(place.timeZone).toBe(building.timeZone)
      }
    }
  })
})
