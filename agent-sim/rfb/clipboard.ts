import { constants, deflateSync, inflateSync } from 'node:zlib'
import { limits } from '../../contract/limits.ts'
import { Malformed, Packet, skip, take, u32, type Steps } from './bytes.ts'
import { cutTextBytesAtMost } from './protocol.ts'

/**
 * The extended clipboard of the community's RFB: text of any script (the plain one is Latin-1). Both ends say what they can; who has copied
 * something notifies, who wants it requests, and it is provided. Only text is passed on, of whatever else an end can.
 */
export type ClipboardMessage =
  /** What an end can, and whether with text. */
  | { readonly action: 'caps'; readonly can: readonly ClipboardAction[]; readonly text: boolean }
  /** `text`: there is one, or one is asked for. */
  | { readonly action: 'request' | 'peek' | 'notify'; readonly text: boolean }
  /** Lines end in \n; at most limits.clipboardBytes of UTF-8. Undefined: the other end provides no text. */
  | { readonly action: 'provide'; readonly text: string | undefined }

const actions = ['request', 'peek', 'notify', 'provide'] as const
export type ClipboardAction = (typeof actions)[number]

/** What simulated screens can. */
export const everything: ClipboardMessage = { action: 'caps', can: actions, text: true }

const bits = { caps: 1 << 24, request: 1 << 25, peek: 1 << 26, notify: 1 << 27, provide: 1 << 28 } as const
const textFormat = 1

/** What is compressed, at most; a longer message is read and forgotten. */
const packedBytesAtMost = limits.clipboardBytes + 4_096

/** At most limits.clipboardBytes of UTF-8, without a part of a character at its end. */
const cut = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.subarray(0, limits.clipboardBytes), { stream: true })

function unpack(packed: Uint8Array): string {
  let bytes: Buffer
  try {
    // noVNC never ends its streams.
    bytes = inflateSync(packed, { maxOutputLength: cutTextBytesAtMost, finishFlush: constants.Z_SYNC_FLUSH })
  } catch (error) {
    throw new Malformed(`a clipboard that cannot be unpacked (${error instanceof Error ? error.message : String(error)})`)
  }
  if (bytes.length < 4 || bytes.length - 4 < u32(bytes, 0)) throw new Malformed('a clipboard text that ends early')
  return cut(bytes.subarray(4, 4 + u32(bytes, 0)))
    .replace(/\0+$/u, '')
    .replaceAll('\r\n', '\n')
}

function parse(body: Uint8Array): ClipboardMessage {
  const flags = u32(body, 0)
  const text = (flags & textFormat) !== 0
  // Only what an end can is more than one action.
  if ((flags & bits.caps) !== 0) return { action: 'caps', can: actions.filter((action) => (flags & bits[action]) !== 0), text }
  switch (flags & 0xff00_0000) {
    case bits.request:
      return { action: 'request', text }
    case bits.peek:
      return { action: 'peek', text }
    case bits.notify:
      return { action: 'notify', text }
    case bits.provide:
      return { action: 'provide', text: text ? unpack(body.subarray(4)) : undefined }
    default:
      throw new Malformed(`a clipboard message with the flags ${flags.toString(16)}`)
  }
}

/** Reads the body of a message, `length` bytes. Undefined: it was too long, and is forgotten. @throws Malformed where it makes no sense. */
export function* readClipboard(length: number): Steps<ClipboardMessage | undefined> {
  if (length < 4 || length > cutTextBytesAtMost) throw new Malformed(`a clipboard message of ${length} bytes`)
  if (length <= packedBytesAtMost) return parse(yield* take(length))
  yield* skip(length)
  return undefined
}

function body(message: ClipboardMessage): Uint8Array {
  const format = message.text ? textFormat : 0
  if (message.action === 'caps') {
    const flags = message.can.reduce((all, action) => all | bits[action], bits.caps | format)
    // A size for each format.
    return new Packet().u32(flags, ...(message.text ? [limits.clipboardBytes] : [])).done()
  }
  const flags = new Packet().u32(bits[message.action] | (message.action === 'provide' && message.text !== undefined ? textFormat : format))
  if (message.action !== 'provide' || message.text === undefined) return flags.done()
  const text = Buffer.from(`${message.text.replaceAll('\n', '\r\n')}\0`, 'utf8')
  // Not ended, as other makes leave it: libvncserver (x11vnc) takes the end of a stream for an error, and hangs up.
  const packed = deflateSync(new Packet().u32(text.length).bytes(text).done(), { finishFlush: constants.Z_SYNC_FLUSH })
  return flags.bytes(packed).done()
}

/** The whole message, as either end says it: `type` is its number for a clipboard text. */
export function clipboardMessage(type: number, message: ClipboardMessage): Uint8Array {
  const said = body(message)
  // A negative length is what tells it from plain text.
  return new Packet().u8(type, 0, 0, 0).u32(-said.length).bytes(said).done()
}
