import { describe, expect, it, vi } from 'vitest'
import type { BridgeStream, StreamEvents } from '../../contract/bridge.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { StreamChannel } from './channel.ts'

function opened() {
  const sent: Uint8Array[] = []
  const close = vi.fn()
  const onEnd = vi.fn<(error?: Error) => void>()
  const channel = new StreamChannel(onEnd)
  const heard = { open: vi.fn(), data: [] as number[][], close: vi.fn() }
  channel.onopen = heard.open
  channel.onmessage = ({ data }) => heard.data.push([...new Uint8Array(data as ArrayBuffer)])
  channel.onclose = heard.close
  let events: StreamEvents | undefined
  channel.connect((given) => {
    events = given
    return { send: (bytes) => sent.push(bytes) > 0, close } satisfies BridgeStream
  })
  return { channel, sent, close, onEnd, heard, device: events! }
}

describe('a stream as a socket', () => {
  it('has what noVNC asks of a raw channel', () => {
    const { channel } = opened()
    const names = [...Object.keys(channel), ...Object.getOwnPropertyNames(Object.getPrototypeOf(channel))]
    expect(names).toEqual(
      expect.arrayContaining(['send', 'close', 'binaryType', 'onerror', 'onmessage', 'onopen', 'protocol', 'readyState']),
    )
  })

  it('opens once it is connected, and carries bytes both ways', () => {
    const { channel, heard, device, sent } = opened()
    expect([channel.readyState, heard.open.mock.calls.length]).toEqual(['open', 1])
    void device.bytes(new Uint8Array([1, 2, 3]))
    // A part of a larger buffer: only the part counts.
    void device.bytes(new Uint8Array([9, 4, 5, 9]).subarray(1, 3))
    expect(heard.data).toEqual([
      [1, 2, 3],
      [4, 5],
    ])
    channel.send(new Uint8Array([7]))
    expect(sent).toEqual([new Uint8Array([7])])
  })

  it('copies what it sends: noVNC writes over its buffer', () => {
    const { channel, sent } = opened()
    const buffer = new Uint8Array([1, 2])
    channel.send(buffer)
    buffer.fill(0)
    expect([...(sent[0] ?? [])]).toEqual([1, 2])
  })

  it('tells of its end once, with why, and before noVNC takes the picture away', () => {
    const { channel, heard, device, onEnd, sent } = opened()
    const error = new RoomkeeperError('remote.screenLost')
    onEnd.mockImplementation(() => expect(heard.close).not.toHaveBeenCalled())
    device.ended(error)
    device.ended()
    expect(onEnd).toHaveBeenCalledExactlyOnceWith(error)
    expect(heard.close).toHaveBeenCalledExactlyOnceWith({ code: 1006, reason: '' })
    channel.send(new Uint8Array([1]))
    void device.bytes(new Uint8Array([1]))
    expect([sent, heard.data]).toEqual([[], []])
  })

  it('closes the stream when noVNC does, and lets it finish before it hears of it', async () => {
    const { channel, close, heard, onEnd } = opened()
    channel.close()
    channel.close()
    expect([close.mock.calls.length, onEnd.mock.calls.length, heard.close.mock.calls.length]).toEqual([1, 1, 0])
    await Promise.resolve()
    expect(heard.close).toHaveBeenCalledTimes(1)
  })

  it('ends when what came cannot be read, and throws nothing', () => {
    const { channel, device, close, onEnd } = opened()
    channel.onmessage = () => {
      throw new Error('Receive queue buffer exceeded')
    }
    expect(() => device.bytes(new Uint8Array([1]))).not.toThrow()
    expect([channel.readyState, close.mock.calls.length]).toEqual(['closed', 1])
    expect(onEnd.mock.calls[0]?.[0]).toMatchObject({ code: 'remote.screenLost' })
  })
})
