import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contains, damageBetween, gridOf, intersection, rectOf, type Shape } from './scene.ts'

const side = 40
const screen = rectOf(0, 0, side, side)
const boxes = fc.array(
  fc
    .tuple(
      fc.integer({ min: -10, max: 45 }),
      fc.integer({ min: -10, max: 45 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom('a', 'b'),
    )
    .map(([x, y, width, height, fill]): Shape => ({ kind: 'box', rect: { x, y, width, height }, fill, radius: 0 })),
  { maxLength: 15 },
)

/** What is at each pixel: the last of the shapes that cover it. */
const drawn = (shapes: readonly Shape[]) =>
  Array.from({ length: side * side }, (_, at) => shapes.findLast((shape) => contains(shape.rect, at % side, Math.floor(at / side)))).map(
    (shape) => (shape?.kind === 'box' ? shape.fill : ''),
  )

describe('damageBetween', () => {
  it('covers every pixel that is another, within the screen', () => {
    fc.assert(
      fc.property(boxes, boxes, boxes, (before, common, after) => {
        const one = [...before, ...common]
        const other = [...common, ...after]
        const damage = damageBetween(one, other, screen)
        const was = drawn(one)
        const missed = drawn(other).filter(
          (fill, at) => fill !== was[at] && !damage.some((rect) => contains(rect, at % side, Math.floor(at / side))),
        )
        expect(missed).toEqual([])
        for (const rect of damage) expect(intersection(rect, screen)).toEqual(rect)
        expect(damageBetween(one, one, screen)).toEqual([])
      }),
      { numRuns: 40 },
    )
  })
})

it('says nothing of the middle where only the edge has changed', () => {
  const box = (x: number, y: number, width: number, height: number): Shape => ({
    kind: 'box',
    rect: rectOf(x, y, width, height),
    fill: 'a',
    radius: 0,
  })
  const damage = damageBetween([], [box(0, 0, 40, 2), box(0, 38, 40, 2), box(0, 2, 2, 36), box(38, 2, 2, 36), box(10, 0, 20, 4)], screen)
  expect(damage.some((rect) => contains(rect, 20, 20))).toBe(false)
})

describe('gridOf', () => {
  it('has a place for each tile, apart from the others and within the area', () => {
    for (let count = 1; count <= 9; count += 1) {
      const places = gridOf(count, rectOf(10, 10, 900, 500), 20)
      expect(places).toHaveLength(count)
      places.forEach((place, index) => {
        expect(intersection(place, rectOf(10, 10, 900, 500))).toEqual(place)
        expect(places.slice(index + 1).some((other) => intersection(place, other))).toBe(false)
      })
    }
  })
})
