import { beforeEach, describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { settle } from '../../contract/testing/wait.ts'
import { Upload } from './upload.ts'

let clock: FakeClock
let sent: string[]
let failures: string[]
let answer: () => Promise<{ status: number; text: string }>
let upload: Upload

beforeEach(() => {
  clock = new FakeClock()
  sent = []
  failures = []
  answer = () => Promise.resolve({ status: 200, text: '' })
  upload = new Upload({
    put: (number, bytes) => {
      sent.push(`${number}: ${Buffer.from(bytes).toString()}`)
      return answer()
    },
    timers: clock,
    random: () => 1,
    finishMs: 60_000,
    onFailed: (why) => failures.push(why),
  })
})

describe('an upload', () => {
  it('sends one chunk after the other, in their order', async () => {
    let taken = () => {}
    answer = () =>
      new Promise(
        (done) =>
          (taken = () => {
            done({ status: 200, text: '' })
          }),
      )
    upload.add(1, Buffer.from('a'))
    upload.add(2, Buffer.from('b'))
    await settle()
    expect(sent).toEqual(['1: a'])
    taken()
    await settle()
    expect(sent).toEqual(['1: a', '2: b'])
    taken()
    await upload.finish()
    expect(clock.waiting).toBe(0)
  })

  it.each([
    ['no answer', () => Promise.reject(new Error('reset'))],
    ['503', () => Promise.resolve({ status: 503, text: '' })],
    ['429', () => Promise.resolve({ status: 429, text: '' })],
  ])('tries again after a pause that grows: %s', async (_name, trouble) => {
    answer = trouble
    upload.add(1, Buffer.from('a'))
    await settle()
    for (const pause of [1, 2, 4]) {
      const before = sent.length
      clock.advance(pause * limits.retryFirstMs - 1)
      await settle()
      expect(sent).toHaveLength(before)
      clock.advance(1)
      await settle()
      expect(sent).toHaveLength(before + 1)
    }
    answer = () => Promise.resolve({ status: 200, text: '' })
    clock.advance(8 * limits.retryFirstMs)
    await settle()
    upload.add(2, Buffer.from('b'))
    await settle()
    expect(sent.at(-1)).toBe('2: b')
    expect(failures).toEqual([])
  })

  it('fails for good where the service refuses, and sends nothing more', async () => {
    answer = () => Promise.resolve({ status: 413, text: JSON.stringify(new RoomkeeperError('recording.tooLarge').toProblem()) })
    upload.add(1, Buffer.from('a'))
    await settle()
    upload.add(2, Buffer.from('b'))
    await upload.finish()
    expect(failures).toEqual(['the service answers 413 recording.tooLarge'])
    expect(sent).toHaveLength(1)
  })

  it('fails when more waits than may', async () => {
    answer = () => Promise.reject(new Error('reset'))
    for (let number = 1; number <= 8; number += 1) upload.add(number, Buffer.alloc(limits.recordingWaitingBytes / 8))
    expect(failures).toEqual([])
    upload.add(9, Buffer.alloc(1))
    await settle()
    expect(failures).toEqual(['the service has not taken it for too long'])
    clock.advance(600_000)
    expect(clock.waiting).toBe(0)
  })

  it('goes on after the end for a while, and then gives up', async () => {
    answer = () => Promise.reject(new Error('reset'))
    upload.add(1, Buffer.from('a'))
    let over = false
    const finish = upload.finish().then(() => (over = true))
    await settle()
    clock.advance(59_000)
    await settle()
    expect(over).toBe(false)
    clock.advance(1_000)
    await finish
    expect(clock.waiting).toBe(0)
    expect(failures).toEqual([])
  })
})
