import { afterEach, describe, expect, it, vi } from 'vitest'
import { idsOf, machine } from './machine.ts'
import { FakeClock } from './testing/clock.ts'
import { fakeRandom, fakeSystem } from './testing/system.ts'

const timeIn = (id: string): number => Number.parseInt(id.replace('-', '').slice(0, 12), 16)

describe('[rule 11] ids', () => {
  it('are UUIDs of version 7 in the order in which they were made, also where the clock is put back', () => {
    const clock = new FakeClock()
    const ids = idsOf(clock, fakeRandom('ids'))
    const made: string[] = []
    for (const ms of [0, 0, 0, 5, -60_000, 0, 60_001]) {
      clock.shift(ms)
      made.push(ids())
    }
    for (const id of made) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(made.toSorted()).toEqual(made)
    expect(new Set(made).size).toBe(made.length)
    expect(made.map((id) => timeIn(id) - 1_800_000_000_000)).toEqual([0, 0, 0, 5, 5, 5, 6])
  })

  it('have the time of what they name, where it has one', () => {
    const { ids } = fakeSystem()
    expect(timeIn(ids(1_234))).toBe(1_234)
    expect(ids(1_234)).not.toBe(ids(1_234))
  })
})

it('[rule 11] the machine has a time, chance, ids, turns and waits of its own', async () => {
  const { clock, random, ids, turn } = machine({ keepsAlive: true })
  expect(Number.isSafeInteger(clock.now()) && Number.isSafeInteger(clock.steady())).toBe(true)
  expect(random.bytes(32)).toHaveLength(32)
  expect(random.bytes(32)).not.toEqual(random.bytes(32))
  expect(random.number()).toBeLessThan(1)
  expect(Math.abs(timeIn(ids()) - clock.now())).toBeLessThan(3_600_000)
  let ran = ''
  const undo = clock.after(0, () => (ran += 'undone'))
  undo()
  await new Promise<void>((resolve) => void clock.after(0, resolve))
  await turn()
  expect(ran).toBe('')
})

describe('[rule 11] a wait of the machine', () => {
  const dayMs = 24 * 3_600_000
  afterEach(() => vi.useRealTimers())

  it('lasts as long as it is told to, also longer than one timer can', () => {
    vi.useFakeTimers()
    const run = vi.fn()
    machine({ keepsAlive: false }).clock.after(61 * dayMs, run)
    vi.advanceTimersByTime(61 * dayMs - 1)
    expect(run).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(run).toHaveBeenCalledOnce()
  })

  it('can be undone at any moment of it', () => {
    vi.useFakeTimers()
    const run = vi.fn()
    const undo = machine({ keepsAlive: true }).clock.after(61 * dayMs, run)
    vi.advanceTimersByTime(30 * dayMs)
    undo()
    vi.advanceTimersByTime(60 * dayMs)
    expect(run).not.toHaveBeenCalled()
  })
})
