import { v7 } from 'uuid'
import { expect, it } from 'vitest'
import { RoomId, TenantId } from '../../contract/ids.ts'
import { Absence } from './absence.ts'
import { ClockSet, clocksOf, movedBy } from './clockSet.ts'
import { Silences } from './silences.ts'

it('[ROM-1] a look that comes late is an absence of the service, once', () => {
  let up = 5_000
  const absence = new Absence(() => up, 10_000)
  const looks = [5_000, 10_000, 180_000, 5_000].map((ms) => {
    up += ms
    return absence.look()
  })
  expect(looks).toEqual([0, 0, 180_000, 0])
})

it('[ROM-1] what nobody could hear is no silence of a room, and what goes on after the grace is', () => {
  const silences = new Silences(60_000, 0)
  const room = RoomId.parse(v7())
  silences.expect(TenantId.parse(v7()), room, 1_000)
  silences.hold(300_000)
  expect(silences.due(299_999)).toEqual([])
  expect(silences.due(300_000)).toMatchObject([{ room }])
})

it.each([3_600_000, -3_600_000])(
  '[ROM-1] a clock that is set by %i ms is noticed once, and what was silent before keeps its distance',
  (byMs) => {
    let up = 1_000
    let wall = 100_000_000
    const clock = new ClockSet(
      () => wall,
      () => up,
    )
    const pass = (ms: number): number => {
      up += ms
      wall += ms
      return clock.look()
    }
    const silences = new Silences(60_000, wall)
    const room = RoomId.parse(v7())
    silences.expect(TenantId.parse(v7()), room, wall)
    expect(pass(30_000)).toBe(0)
    wall += byMs
    const set = pass(5_000)
    expect(set).toBe(byMs)
    silences.shift((date) => movedBy(date, set, wall), set)
    expect(pass(5_000)).toBe(0)
    expect(silences.due(wall)).toEqual([])
    expect(pass(20_000)).toBe(0)
    expect(silences.due(wall)).toMatchObject([{ room }])
  },
)

it('[ROM-2] a clock that was put right while the agent ran is right, and what was dated before is corrected as before', () => {
  const hour = 3_600_000
  expect(clocksOf({ sentAt: 10 * hour, clock: hour + 40 }, hour + 50)).toEqual({ clockOffsetMs: 50 - 9 * hour, clockAheadMs: -10 })
  // An agent from before says one time only.
  expect(clocksOf({ sentAt: 10 * hour }, hour)).toEqual({ clockOffsetMs: -9 * hour, clockAheadMs: 9 * hour })
})
