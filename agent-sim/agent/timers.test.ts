import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { TimerWheel } from './timers.ts'

describe('TimerWheel', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('runs every wait once, never early and late by at most one tick, however long', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 40 }), (waits) => {
        const wheel = new TimerWheel({ tickMs: 10, slots: 16, now: () => Date.now() })
        const start = Date.now()
        const ran: [number, number][] = []
        for (const ms of waits) wheel.after(ms, () => ran.push([ms, Date.now() - start]))
        vi.advanceTimersByTime(5_100)
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
    const wheel = new TimerWheel({ tickMs: 10, slots: 8, now: () => Date.now() })
    const ran: string[] = []
    const undo = wheel.after(50, () => ran.push('undone'))
    wheel.after(30, () => {
      ran.push('first')
      undo()
      wheel.after(100, () => ran.push('second'))
    })
    vi.advanceTimersByTime(110)
    expect(ran).toEqual(['first'])
    vi.advanceTimersByTime(60)
    expect(ran).toEqual(['first', 'second'])
  })

  it('keeps no timer of the process while nothing waits', () => {
    const wheel = new TimerWheel({ tickMs: 10, now: () => Date.now() })
    wheel.after(10, () => undefined)()
    expect(vi.getTimerCount()).toBe(0)
    wheel.after(10, () => undefined)
    vi.advanceTimersByTime(30)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('after a pause of nothing to do, waits count from now', () => {
    const wheel = new TimerWheel({ tickMs: 10, slots: 8, now: () => Date.now() })
    wheel.after(10, () => undefined)
    vi.advanceTimersByTime(100_000)
    let ran = false
    wheel.after(200, () => {
      ran = true
    })
    vi.advanceTimersByTime(190)
    expect(ran).toBe(false)
    vi.advanceTimersByTime(30)
    expect(ran).toBe(true)
  })
})
