import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cases } from '../../../../contract/testing/chance.ts'
import { layOut, type Placed, placeOf, stepTo, steps, tileAt } from './layout.ts'

const room = (building: string, floor: string): Placed => ({ building, floor })
const some = fc.array(fc.record({ building: fc.constantFrom('A', 'B', 'C', 'D', 'E'), floor: fc.constantFrom('', '1', '2', '10', 'G') }), {
  maxLength: 300,
})
const size = fc.record({ width: fc.integer({ min: 200, max: 2_400 }), height: fc.integer({ min: 100, max: 1_400 }) })

describe('[ROM-2] the layout of tiles', () => {
  it('gathers buildings as they come, their floors from the top down, and what has no floor last', () => {
    const rooms = [room('A', '1'), room('B', '1'), room('A', '10'), room('A', ''), room('A', '9'), room('A', '1')]
    const { order, labels } = layOut(rooms, 400, 800)
    expect(labels.map(({ what, text, rooms: of }) => [what, text, of])).toEqual([
      ['building', 'A', 5],
      ['floor', '10', 1],
      ['floor', '9', 1],
      ['floor', '1', 2],
      ['floor', '', 1],
      ['building', 'B', 1],
      ['floor', '1', 1],
    ])
    expect(order).toEqual([2, 4, 0, 5, 3, 1])
  })

  it('takes the largest tiles with which all is in sight', () => {
    const many = Array.from({ length: 10_000 }, (_, n) => room(`B${n % 40}`, String(n % 7)))
    expect(layOut(many.slice(0, 3), 1_400, 700).step).toBe(steps[0])
    const all = layOut(many, 1_800, 1_000)
    expect(all.step).toBeLessThan(steps[0])
    expect(layOut([], 800, 600)).toMatchObject({ height: 0, order: [], rows: [], labels: [] })
  })

  it('gives each room one tile, within the width, none over another, and finds it there', () => {
    fc.assert(
      fc.property(some, size, (rooms, { width, height }) => {
        const layout = layOut(rooms, width, height)
        expect([...layout.order].sort((a, b) => a - b)).toEqual(rooms.map((_, n) => n))
        const seen = new Set<string>()
        for (const place of layout.order.keys()) {
          const at = placeOf(layout, place)
          if (at === undefined) throw new Error('a room has no tile')
          expect(seen.has(`${at.x} ${at.y}`)).toBe(false)
          seen.add(`${at.x} ${at.y}`)
          expect(at.x + layout.step).toBeLessThanOrEqual(width + layout.step)
          expect(at.y + layout.step).toBeLessThanOrEqual(layout.height)
          expect(tileAt(layout, at.x + layout.step / 2, at.y + layout.step / 2)).toBe(place)
        }
      }),
      { numRuns: cases(100) },
    )
  })

  it('[CON-4] is walked by arrow keys: up and down lead to a row above and below, and back again is near', () => {
    fc.assert(
      fc.property(some, size, (rooms, { width, height }) => {
        const layout = layOut(rooms, width, height)
        for (const place of layout.order.keys()) {
          const here = placeOf(layout, place)
          const down = stepTo(layout, place, 'down')
          const there = placeOf(layout, down)
          if (down !== place) expect(there?.y).toBeGreaterThan(here?.y ?? 0)
          expect([stepTo(layout, place, 'left'), stepTo(layout, place, 'right')]).toEqual([
            Math.max(0, place - 1),
            Math.min(rooms.length - 1, place + 1),
          ])
        }
      }),
      { numRuns: cases(60) },
    )
  })
})
