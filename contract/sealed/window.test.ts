import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Window } from './window.ts'

it('gives every record that is not confirmed, in order, however it is filled, confirmed and rewound', () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 1, max: 1_500 }) }),
    fc.record({ confirm: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ send: fc.integer({ min: 1, max: 1_500 }) }),
    fc.constant({ rewind: true }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const window = new Window()
      // The model: sizes of all records there ever were, by number.
      const sizes: number[] = [0]
      let [confirmed, sent] = [0, 0]
      for (const next of steps) {
        if ('add' in next) {
          for (let count = 0; count < next.add; count++) {
            sizes.push(1 + (sizes.length % 5))
            window.add(Buffer.alloc(sizes.at(-1) ?? 0, sizes.length - 1))
          }
        } else if ('confirm' in next) {
          confirmed = Math.max(confirmed, Math.floor(next.confirm * (sizes.length - 1)))
          sent = Math.max(sent, confirmed)
          window.confirm(confirmed)
          window.confirm(confirmed - 1)
        } else if ('send' in next) {
          for (let count = 0; count < next.send && sent < sizes.length - 1; count++) {
            sent += 1
            expect(window.next()).toEqual(Buffer.alloc(sizes[sent] ?? 0, sent))
          }
          if (sent === sizes.length - 1) expect(window.next()).toBe(undefined)
        } else {
          sent = confirmed
          window.rewind()
        }
        expect([window.newest, window.confirmed, window.isSent]).toEqual([sizes.length - 1, confirmed, sent === sizes.length - 1])
        expect(window.bytes).toBe(sizes.slice(confirmed + 1).reduce((sum, size) => sum + size, 0))
      }
    }),
    { numRuns: 40 },
  )
})
