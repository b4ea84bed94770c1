import { describe, expect, it } from 'vitest'
import { FakeClock } from './testing/clock.ts'
import { until } from './testing/wait.ts'
import { every, inTime, pause, within } from './timing.ts'

describe('[rule 11] what is made of waits alone', () => {
  it('runs again and again until it is undone, from within too', () => {
    const clock = new FakeClock(0)
    const at: number[] = []
    const undo = every(clock, 10, () => {
      at.push(clock.now())
      if (at.length === 3) undo()
    })
    clock.advance(100)
    expect(at).toEqual([10, 20, 30])
    expect(clock.waiting).toBe(0)
    undo()
  })

  it('pauses', async () => {
    const clock = new FakeClock(0)
    const over = pause(clock, 10).then(() => clock.now())
    clock.advance(10)
    expect(await over).toBe(10)
  })

  it('tells what takes too long, and leaves no wait behind', async () => {
    const clock = new FakeClock()
    expect(await within(clock, 10, (signal) => signal.aborted)).toBe(false)
    expect(clock.waiting).toBe(0)
    await expect(within(clock, 10, () => Promise.reject(new Error('it broke')))).rejects.toThrow('it broke')
    expect(clock.waiting).toBe(0)
    const late = within(clock, 10, async (signal) => {
      await until('the end', () => signal.aborted)
      signal.throwIfAborted()
    })
    clock.advance(10)
    await expect(late).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  it('gives what comes in time, and else what is to be given then', async () => {
    const clock = new FakeClock()
    expect(await inTime(clock, 10, Promise.resolve('done'), () => 'late')).toBe('done')
    await expect(inTime(clock, 10, Promise.reject(new Error('it broke')), () => 'late')).rejects.toThrow('it broke')
    expect(clock.waiting).toBe(0)
    const never = new Promise<string>(() => undefined)
    const [late, refused] = [
      inTime(clock, 10, never, () => 'late'),
      inTime(clock, 10, never, () => {
        throw new Error('too late')
      }),
    ]
    clock.advance(10)
    expect(await late).toBe('late')
    await expect(refused).rejects.toThrow('too late')
  })
})
