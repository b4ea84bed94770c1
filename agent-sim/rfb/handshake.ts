import { limits } from '../../contract/limits.ts'
import { Malformed, Packet, take, u16, u32, type Steps } from './bytes.ts'
import { parsePixelFormat, pixelFormatBytes, rgba, writePixelFormat, type PixelFormat } from './pixels.ts'
import { securityTypes } from './protocol.ts'

/** What a server says of its screen before anything else. */
export interface ServerInit {
  readonly width: number
  readonly height: number
  readonly format: PixelFormat
  readonly name: string
}

const nameBytesAtMost = 4_096

export const checkSize = (width: number, height: number): void => {
  const most = limits.screenPixelsAtMost
  if (width < 1 || height < 1 || width > most || height > most) throw new Malformed(`a screen of ${width} × ${height}`)
}

export type Version = 3 | 7 | 8

/** The version to speak with an end that has said this: 3.3, 3.7, or 3.8, which any later one speaks too. */
export function versionOf(greeting: Uint8Array): Version {
  const [, major, minor] = /^RFB (\d{3})\.(\d{3})\n$/.exec(Buffer.from(greeting).toString('latin1')) ?? []
  if (major === undefined || Number(major) < 3) throw new Malformed('no RFB greeting')
  if (Number(major) > 3 || Number(minor) >= 8) return 8
  return Number(minor) === 7 ? 7 : 3
}

export const greetingOf = (version: Version): Uint8Array => Buffer.from(`RFB 003.00${version}\n`, 'latin1')

/** `anyFormat`: whatever pixels the server has of its own, they count as `rgba`, which it is asked for next. */
export function* readServerInit({ anyFormat = false } = {}): Steps<ServerInit> {
  const head = yield* take(4 + pixelFormatBytes + 4)
  const width = u16(head, 0)
  const height = u16(head, 2)
  checkSize(width, height)
  const format = anyFormat ? rgba : parsePixelFormat(head.subarray(4))
  const length = u32(head, 4 + pixelFormatBytes)
  if (length > nameBytesAtMost) throw new Malformed(`a name of ${length} bytes`)
  return { width, height, format, name: Buffer.from(yield* take(length)).toString('utf8') }
}

/** The server's side, from the greeting until the client has been told `init`. Security None: the channel is sealed already. */
export function* serveHandshake(send: (bytes: Uint8Array) => void, init: () => ServerInit): Steps {
  send(greetingOf(8))
  const version = versionOf(yield* take(12))
  if (version === 3) {
    send(new Packet().u32(securityTypes.none).done())
  } else {
    send(Uint8Array.of(1, securityTypes.none))
    const [chosen] = yield* take(1)
    if (chosen !== securityTypes.none) throw new Malformed(`security type ${chosen}`)
    if (version === 8) send(new Packet().u32(0).done())
  }
  // Whether it would share the screen; it is the only one.
  yield* take(1)
  const { width, height, format, name } = init()
  const text = Buffer.from(name, 'utf8').subarray(0, nameBytesAtMost)
  send(writePixelFormat(new Packet().u16(width, height), format).u32(text.length).bytes(text).done())
}
