import { expect, it } from 'vitest'
import { Pace } from './pace.ts'

it('counts the frames of the last two seconds', () => {
  let now = 0
  const pace = new Pace(() => now)
  expect([pace.perSecond(), pace.frameMs()]).toEqual([0, null])
  for (now = 0; now < 2_000; now += 50) pace.frame(now < 1_000 ? 5 : 40)
  expect([pace.perSecond(), pace.frameMs()]).toEqual([20, 40])
  now = 3_500
  expect([pace.perSecond(), pace.frameMs()]).toEqual([5, 40])
  now = 9_000
  expect([pace.perSecond(), pace.frameMs()]).toEqual([0, null])
})

it('keeps no more than it needs', () => {
  const pace = new Pace(() => 0)
  for (let n = 0; n < 10_000; n++) pace.frame(1)
  expect(pace.perSecond()).toBeLessThanOrEqual(256)
})
