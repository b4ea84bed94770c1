import { expect, it } from 'vitest'
import { FakeClock } from '../contract/testing/clock.ts'
import { ServiceTime } from './serviceTime.ts'

const hour = 3_600_000

it.each([2 * hour, -2 * hour, 61 * 24 * hour, 90_000])('[rule 11] goes by what the service says, whose clock is %d ms ahead', (aheadMs) => {
  const machine = new FakeClock()
  const time = new ServiceTime(machine, 0)
  const skews: number[] = []
  const shifts: number[] = []
  time.onSkew.listen((skew) => skews.push(skew))
  time.onShift.listen((shift) => shifts.push(shift))
  time.heard(machine.now() + aheadMs)
  time.heard(machine.now() + aheadMs - 800)
  expect([time.now(), time.skew]).toEqual([machine.now() + aheadMs, aheadMs])
  expect([skews, shifts]).toEqual([[aheadMs], [aheadMs]])
})

it('[rule 11] a clock that is set while the service is away moves what it differs by, and not the time', () => {
  const machine = new FakeClock()
  const time = new ServiceTime(machine, 0)
  const skews: number[] = []
  time.onSkew.listen((skew) => skews.push(skew))
  const undo = time.watch()
  const before = time.now()
  machine.shift(-2 * hour)
  machine.advance(20_000)
  expect(time.now()).toBe(before + 20_000)
  expect(skews).toEqual([2 * hour])
  undo()
  expect(machine.next()).toBeUndefined()
})

it('[rule 11] begins with what the last run knew', () => {
  const machine = new FakeClock()
  expect(new ServiceTime(machine, 2 * hour).now()).toBe(machine.now() + 2 * hour)
})
