import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SignalId } from '../../contract/signals.ts'
import { TestCopy } from '../testing/copy.ts'
import { idOf, makeTransition, makeRoom, rowOf } from '../testing/documents.ts'
import { roomTimeline, stretches } from './timeline.ts'

let copy: TestCopy

beforeEach(() => {
  copy = new TestCopy()
})
afterEach(() => copy.close())

describe('the last hours of a room', () => {
  it('are stretches of equal value', () => {
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
    copy.load([rowOf('room', makeRoom(1, { signals: { [camera]: { value: 'healthy', since: now - 60_000, observedAt: now } } }))])
    const items = [
      makeTransition(1, 1, { kind: 'signal', signal: camera, value: 'healthy', at: at - 86_400_000 }),
      makeTransition(2, 1, { kind: 'signal', signal: camera, value: 'unhealthy', at: now - 120_000 }),
      makeTransition(3, 1, { kind: 'disconnected', at: now - 30_000 }),
      makeTransition(4, 1, { kind: 'connected', at: now - 10_000 }),
    ]
    copy.cache.writer.window({ room: idOf('room', 1), rev: 1, items, anew: true }, now)
    const line = roomTimeline(copy.picture(), idOf('room', 1), 1, now)
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
