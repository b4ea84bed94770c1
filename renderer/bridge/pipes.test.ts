import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { signedOutClose } from '../../contract/tab.ts'
import { electronPipe, openPipe, socketPipe } from './pipes.ts'
import { forgetTabSecret, keepTabSecret, tabSecret } from './tab.ts'

/** Stands in for the browser's WebSocket. */
class HandSocket extends EventTarget {
  static made: HandSocket[] = []
  readonly sent: unknown[] = []
  binaryType = 'blob'
  readonly address: string
  readonly protocols: readonly string[]
  constructor(address: string | URL, protocols: readonly string[]) {
    super()
    this.address = String(address)
    this.protocols = protocols
    HandSocket.made.push(this)
  }
  send(text: unknown): void {
    this.sent.push(text)
  }
}

const secret = 's'.repeat(43)

beforeEach(() => {
  HandSocket.made = []
  keepTabSecret(secret)
  vi.useFakeTimers()
  vi.stubGlobal('WebSocket', HandSocket)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  forgetTabSecret()
})

const at = (index: number): HandSocket => {
  const socket = HandSocket.made[index]
  if (!socket) throw new Error(`No socket ${index} was made.`)
  return socket
}

describe('the browser host’s pipe', () => {
  it('opens again whenever it closes, with a longer pause each time', async () => {
    const pipe = socketPipe(new URL('ws://127.0.0.1:1/bridge'))
    const states: boolean[] = []
    pipe.onOpen((open) => states.push(open))
    at(0).dispatchEvent(new Event('open'))
    at(0).dispatchEvent(new Event('close'))
    await vi.advanceTimersByTimeAsync(499)
    expect(HandSocket.made).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(HandSocket.made).toHaveLength(2)
    at(1).dispatchEvent(new Event('close'))
    await vi.advanceTimersByTimeAsync(999)
    expect(HandSocket.made).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1)
    at(2).dispatchEvent(new Event('open'))
    expect(states).toEqual([false, true, false, true])
  })

  it('hands messages on, and what is no JSON as nothing', () => {
    const pipe = socketPipe(new URL('ws://127.0.0.1:1/bridge'))
    const heard: unknown[] = []
    pipe.onMessage((message) => heard.push(message))
    at(0).dispatchEvent(new MessageEvent('message', { data: '{"type":"value"}' }))
    at(0).dispatchEvent(new MessageEvent('message', { data: '{' }))
    at(0).dispatchEvent(new MessageEvent('message', { data: new ArrayBuffer(4) }))
    // Four bytes are an id, and here it is none.
    expect(heard).toEqual([{ type: 'value' }, undefined, undefined])
  })

  it('carries bytes of a stream as binary messages', () => {
    const pipe = socketPipe(new URL('ws://127.0.0.1:1/bridge'))
    const heard: unknown[] = []
    pipe.onMessage((message) => heard.push(message))
    at(0).dispatchEvent(new Event('open'))
    expect(at(0).binaryType).toBe('arraybuffer')
    pipe.send({ type: 'bytes', id: 258, bytes: Uint8Array.of(9, 1, 2).subarray(1) })
    pipe.send({ type: 'end', id: 258 })
    expect(at(0).sent).toEqual([Uint8Array.of(0, 0, 1, 2, 1, 2), '{"type":"end","id":258}'])
    at(0).dispatchEvent(new MessageEvent('message', { data: Uint8Array.of(0, 0, 1, 2, 7, 8).buffer }))
    expect(heard).toEqual([{ type: 'bytes', id: 258, bytes: Uint8Array.of(7, 8) }])
  })

  it('[ACC-1] takes the token out of the address before anything else sees it, and keeps the secret that it is good for', async () => {
    const later = 't'.repeat(43)
    const asked = vi.fn(() => Promise.resolve(Response.json({ secret: later })))
    vi.stubGlobal('fetch', asked)
    const replaceState = vi.fn()
    vi.stubGlobal('location', new URL('http://127.0.0.1:4720/?a=b#token=once-only'))
    vi.stubGlobal('history', { replaceState })
    await openPipe()
    expect(replaceState).toHaveBeenCalledExactlyOnceWith(null, '', '/?a=b')
    expect(replaceState.mock.invocationCallOrder[0]).toBeLessThan(asked.mock.invocationCallOrder[0] ?? 0)
    expect(asked).toHaveBeenCalledWith(
      '/session',
      expect.objectContaining({ method: 'POST', body: '{"token":"once-only"}', credentials: 'omit' }),
    )
    expect(at(0).address).toBe('ws://127.0.0.1:4720/bridge')
    expect(at(0).protocols).toEqual(['roomkeeper.bridge', `roomkeeper.tab.${later}`])
  })

  it('[ACC-1] shows the secret of the tab, takes a new one when told, and opens nothing without one', async () => {
    const pipe = socketPipe(new URL('ws://127.0.0.1:1/bridge'))
    const heard: unknown[] = []
    pipe.onMessage((message) => heard.push(message))
    expect(at(0).protocols).toEqual(['roomkeeper.bridge', `roomkeeper.tab.${secret}`])
    const next = 'n'.repeat(43)
    at(0).dispatchEvent(new MessageEvent('message', { data: JSON.stringify({ type: 'tab', secret: next }) }))
    expect([heard, tabSecret()]).toEqual([[], next])
    at(0).dispatchEvent(new CloseEvent('close'))
    await vi.advanceTimersByTimeAsync(500)
    expect(at(1).protocols).toEqual(['roomkeeper.bridge', `roomkeeper.tab.${next}`])
    // Somebody signed out in another tab: this one has to come in again, and shows nothing of theirs.
    const reload = vi.fn()
    vi.stubGlobal('location', { reload })
    at(1).dispatchEvent(new CloseEvent('close', { code: signedOutClose }))
    await vi.runAllTimersAsync()
    expect([HandSocket.made.length, tabSecret()]).toEqual([2, undefined])
    expect(reload).toHaveBeenCalledOnce()
    socketPipe(new URL('ws://127.0.0.1:1/bridge'))
    expect(HandSocket.made).toHaveLength(2)
  })

  it('leaves the address of a screen alone', async () => {
    vi.stubGlobal(
      'fetch',
      vi.fn(() => Promise.reject(new Error('not to be called'))),
    )
    const replaceState = vi.fn()
    vi.stubGlobal('location', new URL('http://127.0.0.1:4720/#/rooms'))
    vi.stubGlobal('history', { replaceState })
    await openPipe()
    expect(replaceState).not.toHaveBeenCalled()
    expect(fetch).not.toHaveBeenCalled()
  })
})

describe('the Electron host’s pipe', () => {
  it('sends the bytes of a stream alone, and not what lies around them', () => {
    const sent: unknown[] = []
    const pipe = electronPipe({ send: (message) => sent.push(message), onMessage: () => () => undefined })
    const around = Uint8Array.of(1, 2, 3, 4)
    const whole = Uint8Array.of(5, 6)
    pipe.send({ type: 'bytes', id: 1, bytes: around.subarray(1, 3) })
    pipe.send({ type: 'bytes', id: 1, bytes: whole })
    expect(sent).toEqual([
      { type: 'bytes', id: 1, bytes: Uint8Array.of(2, 3) },
      { type: 'bytes', id: 1, bytes: whole },
    ])
    const lengths = sent.map((message) => (message as { bytes: Uint8Array }).bytes.buffer.byteLength)
    expect(lengths).toEqual([2, 2])
  })
})
