import { limits } from '../../contract/limits.ts'
import { Malformed, Packet, s32, skip, take, u16, u32, type Steps } from './bytes.ts'
import { clipboardMessage, readClipboard, type ClipboardMessage } from './clipboard.ts'
import type { Rect } from './interfaces.ts'
import { parsePixelFormat, pixelFormatBytes, type PixelFormat } from './pixels.ts'
import { cutTextBytesAtMost, fenceBytes, fromClient } from './protocol.ts'

/** What an operator's viewer may say; anything else closes the screen. `raw`: the bytes of the message as they came. */
export type ClientMessage = { readonly raw: Uint8Array } & (
  | { readonly type: 'setPixelFormat'; readonly format: PixelFormat }
  | { readonly type: 'setEncodings'; readonly listed: readonly number[] }
  | { readonly type: 'updateRequest'; readonly incremental: boolean; readonly area: Rect }
  | { readonly type: 'continuousUpdates'; readonly on: boolean; readonly area: Rect }
  | { readonly type: 'fence'; readonly flags: number; readonly payload: Uint8Array }
  | InputMessage
)

/** Those that act on the device: none of them passes in a session that may only look (REM-4). */
export type InputMessage =
  | { readonly type: 'key'; readonly keysym: number; readonly down: boolean; readonly scancode?: number }
  | { readonly type: 'pointer'; readonly x: number; readonly y: number; readonly buttons: number }
  /** Latin-1, cut at limits.clipboardBytes. */
  | { readonly type: 'cutText'; readonly text: Uint8Array }
  /** The extended clipboard; `message` undefined: it was too long to be passed on. */
  | { readonly type: 'clipboard'; readonly message: ClipboardMessage | undefined }
  | { readonly type: 'setDesktopSize'; readonly width: number; readonly height: number }

const encodingsAtMost = 1_024

const rectOf = (bytes: Uint8Array, at: number): Rect => ({
  x: u16(bytes, at),
  y: u16(bytes, at + 2),
  width: u16(bytes, at + 4),
  height: u16(bytes, at + 6),
})

const whole = (type: number, ...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat([Uint8Array.of(type), ...parts])

function* cutText(type: number): Steps<ClientMessage> {
  const head = yield* take(7)
  const length = s32(head, 3)
  if (length < 0) {
    const message = yield* readClipboard(-length)
    return { type: 'clipboard', message, raw: message ? clipboardMessage(type, message) : new Uint8Array(0) }
  }
  if (length > cutTextBytesAtMost) throw new Malformed(`a clipboard text of ${length} bytes`)
  const kept = Math.min(length, limits.clipboardBytes)
  const text = yield* take(kept)
  yield* skip(length - kept)
  return { type: 'cutText', text, raw: new Packet().u8(type, 0, 0, 0).u32(kept).bytes(text).done() }
}

function* desktopSize(type: number): Steps<ClientMessage> {
  const head = yield* take(7)
  const screens = yield* take((head[5] ?? 0) * 16)
  return { type: 'setDesktopSize', width: u16(head, 1), height: u16(head, 3), raw: whole(type, head, screens) }
}

function* qemu(type: number): Steps<ClientMessage> {
  const [kind] = yield* take(1)
  if (kind !== 0) throw new Malformed(`a QEMU message of type ${kind}`)
  const body = yield* take(10)
  return { type: 'key', down: u16(body, 0) !== 0, keysym: u32(body, 2), scancode: u32(body, 6), raw: whole(type, Uint8Array.of(0), body) }
}

function* encodingList(type: number): Steps<ClientMessage> {
  const head = yield* take(3)
  const count = u16(head, 1)
  if (count > encodingsAtMost) throw new Malformed(`${count} encodings`)
  const body = yield* take(count * 4)
  return { type: 'setEncodings', listed: Array.from({ length: count }, (_, at) => s32(body, at * 4)), raw: whole(type, head, body) }
}

function* fence(type: number): Steps<ClientMessage> {
  const head = yield* take(8)
  const length = head[7] ?? 0
  if (length > fenceBytes) throw new Malformed(`a fence of ${length} bytes`)
  const payload = yield* take(length)
  return { type: 'fence', flags: u32(head, 3), payload, raw: whole(type, head, payload) }
}

/**
 * Reads one message of a client. Bounded: limits.clipboardBytes for a clipboard text (and 4 KB where it is packed), 4 KB for any other.
 * @throws Malformed for a message that is not listed here, or does not fit its own form.
 */
export function* clientMessage(): Steps<ClientMessage> {
  const [type = -1] = yield* take(1)
  switch (type) {
    case fromClient.setPixelFormat: {
      const body = yield* take(3 + pixelFormatBytes)
      return { type: 'setPixelFormat', format: parsePixelFormat(body.subarray(3)), raw: whole(type, body) }
    }
    case fromClient.setEncodings:
      return yield* encodingList(type)
    case fromClient.updateRequest: {
      const body = yield* take(9)
      return { type: 'updateRequest', incremental: body[0] !== 0, area: rectOf(body, 1), raw: whole(type, body) }
    }
    case fromClient.key: {
      const body = yield* take(7)
      return { type: 'key', down: body[0] !== 0, keysym: u32(body, 3), raw: whole(type, body) }
    }
    case fromClient.pointer: {
      const body = yield* take(5)
      return { type: 'pointer', buttons: body[0] ?? 0, x: u16(body, 1), y: u16(body, 3), raw: whole(type, body) }
    }
    case fromClient.cutText:
      return yield* cutText(type)
    case fromClient.continuousUpdates: {
      const body = yield* take(9)
      return { type: 'continuousUpdates', on: body[0] !== 0, area: rectOf(body, 1), raw: whole(type, body) }
    }
    case fromClient.fence:
      return yield* fence(type)
    case fromClient.setDesktopSize:
      return yield* desktopSize(type)
    case fromClient.qemu:
      return yield* qemu(type)
    default:
      throw new Malformed(`a message of type ${type}`)
  }
}

const inputTypes: ReadonlySet<ClientMessage['type']> = new Set<InputMessage['type']>([
  'key',
  'pointer',
  'cutText',
  'clipboard',
  'setDesktopSize',
])

export const isInput = (message: ClientMessage): message is ClientMessage & InputMessage => inputTypes.has(message.type)

/** Whether somebody did it: viewers answer by themselves what is asked of their clipboard. */
export const isBySomebody = (message: InputMessage): boolean => message.type !== 'clipboard' || message.message?.action === 'notify'
