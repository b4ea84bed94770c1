import { beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import type { ByteStream } from '../rfb/interfaces.ts'
import { Channels } from './channels.ts'

let paused: boolean
let channels: Channels
let stream: ByteStream
let given: number[]

beforeEach(() => {
  paused = false
  given = []
  channels = new Channels({
    send: () => true,
    pause: () => {
      paused = true
    },
    resume: () => {
      paused = false
    },
    onClosed: () => undefined,
  })
  stream = channels.begin(1, () => undefined)
})

const listen = (): void => {
  stream.listen({ bytes: (bytes) => given.push(bytes.length), room: () => undefined, closed: () => undefined })
}

/** How many frames of this many bytes are taken until the session is read no further. */
function untilPaused(bytes: number, atMost: number): number {
  for (let count = 1; count <= atMost; count += 1) {
    channels.take(1, new Uint8Array(bytes))
    if (paused) return count
  }
  return Infinity
}

describe('a stream that nobody reads', () => {
  it('keeps a window of bytes, and goes on when it is read', () => {
    expect(untilPaused(65_536, 100)).toBeLessThanOrEqual(limits.sessionWindowBytes / 65_536 + 1)
    listen()
    expect(paused).toBe(false)
    expect(given.length).toBeGreaterThan(10)
  })

  it('keeps few frames of one byte, since each takes more memory than its byte', () => {
    expect(untilPaused(1, 100_000)).toBeLessThan(20_000)
  })

  it('keeps no empty frames at all', () => {
    untilPaused(0, 1_000)
    listen()
    expect(given).toEqual([])
  })
})
