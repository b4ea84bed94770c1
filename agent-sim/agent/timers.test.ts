import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakeClock } from '../../contract/testing/clock.ts'
import { TimerWheel } from './timers.ts'

describe('TimerWheel', () => {
  let clock: FakeClock
  beforeEach(() => {
    clock = new FakeClock()
  })

  it('runs every wait once, never early and late by at most one tick, however long', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 40 }), (waits) => {
        const wheel = new TimerWheel(clock, { tickMs: 10, slots: 16 })
        const start = clock.now()
        const ran: [number, number][] = []
        for (const ms of waits) wheel.after(ms, () => ran.push([ms, clock.now() - start]))
        clock.advance(5_100)
        expect(ran).toHaveLength(waits.length)
        for (const [ms, at] of ran) {
          expect(at).toBeGreaterThanOrEqual(ms)
          expect(at).toBeLessThanOrEqual(ms + 20)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('runs nothing that was undone, and takes new waits while it runs others', () => {
    const wheel = new TimerWheel(clock, { tickMs: 10, slots: 8 })
    const ran: string[] = []
    const undo = wheel.after(50, () => ran.push('undone'))
    wheel.after(30, () => {
      ran.push('first')
      undo()
      wheel.after(100, () => ran.push('second'))
    })
    clock.advance(110)
    expect(ran).toEqual(['first'])
    clock.advance(60)
    expect(ran).toEqual(['first', 'second'])
  })

  it('keeps no timer of the process while nothing waits', () => {
    const wheel = new TimerWheel(clock, { tickMs: 10 })
    wheel.after(10, () => undefined)()
    expect(clock.waiting).toBe(0)
    wheel.after(10, () => undefined)
    clock.advance(30)
    expect(clock.waiting).toBe(0)
  })

  it('after a pause of nothing to do, waits count from now', () => {
    const wheel = new TimerWheel(clock, { tickMs: 10, slots: 8 })
    wheel.after(10, () => undefined)
    clock.advance(100_000)
    let ran = false
    wheel.after(200, () => {
      ran = true
    })
    clock.advance(190)
    expect(ran).toBe(false)
    clock.advance(30)
    expect(ran).toBe(true)
  })
})
