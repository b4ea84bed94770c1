import { expect, it } from 'vitest'
import { steadyTime } from './steady.ts'

/** A machine whose clock can be set and that can sleep; its up time is told in whole seconds. */
function machine(evenCountsSleep = false) {
  const at = { wall: 1_000_000, even: 500.25, up: 90_400 }
  const now = steadyTime({ wall: () => at.wall, even: () => at.even, up: () => Math.floor(at.up / 1_000) * 1_000 })
  return {
    now,
    pass(ms: number, asleep = false) {
      at.wall += ms
      at.up += ms
      if (!asleep || evenCountsSleep) at.even += ms
    },
    set(byMs: number) {
      at.wall += byMs
    },
  }
}
const hour = 3_600_000

it.each([9 * hour, -9 * hour, 61 * 24 * hour, 3_000])('[rule 11] a clock that is set by %d ms does not move it', (byMs) => {
  const { now, pass, set } = machine()
  pass(60_000)
  set(byMs)
  expect(now()).toBe(1_060_000)
  pass(60_000)
  set(-byMs)
  expect(now()).toBe(1_120_000)
})

it.each([false, true])('[rule 11] the time that the machine sleeps counts, once (even time counts it: %s)', (counts) => {
  const { now, pass, set } = machine(counts)
  pass(10_000)
  for (let n = 1; n <= 3; n++) {
    pass(8 * hour, true)
    expect(Math.abs(now() - (1_010_000 + n * 8 * hour))).toBeLessThanOrEqual(1_000)
    set(-5 * hour)
    expect(Math.abs(now() - (1_010_000 + n * 8 * hour))).toBeLessThanOrEqual(1_000)
  }
})

it('[rule 11] never goes back', () => {
  const { now, pass, set } = machine()
  let before = now()
  for (const [ms, by, asleep] of [
    [5, 0, false],
    [1_500, 0, true],
    [2_500, 0, true],
    [10, -hour, false],
    [10, hour, true],
    [700, 2_100, false],
    [3_999, 0, true],
  ] as const) {
    pass(ms, asleep)
    set(by)
    expect(now()).toBeGreaterThanOrEqual(before)
    before = now()
  }
})
