import type { RawChannel } from '@novnc/novnc'
import type { BridgeStream, StreamEvents } from '../../contract/bridge.ts'
import { RoomkeeperError } from '../../contract/errors.ts'

/**
 * A byte stream of the bridge in the shape of a socket, for noVNC. Bytes are copied on their way out, because noVNC uses
 * its send buffer again. What cannot be read (noVNC throws) ends the stream, never the page.
 */
export class StreamChannel implements RawChannel {
  binaryType = 'arraybuffer'
  readonly protocol = ''
  readyState: 'connecting' | 'open' | 'closed' = 'connecting'
  onopen: RawChannel['onopen'] = null
  onmessage: RawChannel['onmessage'] = null
  onerror: RawChannel['onerror'] = null
  onclose: RawChannel['onclose'] = null
  private stream: BridgeStream | undefined
  private readonly onEnd: (error?: Error) => void

  /** `onEnd`: told once, while noVNC still has its picture; with why, where nobody said an end. */
  constructor(onEnd: (error?: Error) => void) {
    this.onEnd = onEnd
  }

  /** Opens the stream; to be called once noVNC listens. */
  connect(open: (events: StreamEvents) => BridgeStream): void {
    this.stream = open({
      bytes: (bytes) => this.take(bytes),
      ended: (error) => this.end(error),
    })
    if (this.readyState !== 'connecting') {
      this.stream.close()
      return
    }
    this.readyState = 'open'
    this.onopen?.()
  }

  send(bytes: Uint8Array): void {
    if (this.readyState === 'open') this.stream?.send(bytes.slice())
  }

  /** noVNC closes: it was told to, or what came was not RFB. */
  close(): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.stream?.close()
    this.onEnd(new RoomkeeperError('remote.screenLost'))
    // As a socket does it: noVNC is still in the middle of its own closing.
    queueMicrotask(() => this.onclose?.({ code: 1000, reason: '' }))
  }

  private take(bytes: Uint8Array): void {
    if (this.readyState !== 'open' || bytes.byteLength === 0) return
    const whole = bytes.byteLength === bytes.buffer.byteLength
    try {
      this.onmessage?.({ data: whole ? bytes.buffer : bytes })
    } catch {
      this.stream?.close()
      this.end(new RoomkeeperError('remote.screenLost'))
    }
  }

  private end(error?: Error): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.onEnd(error)
    this.onclose?.({ code: error === undefined ? 1000 : 1006, reason: '' })
  }
}
