import { createCipheriv } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { ErrorCode } from '../../contract/errors.ts'
import { Malformed, take, u32, type Steps } from './bytes.ts'
import { greetingOf, readServerInit, versionOf, type ServerInit, type Version } from './handshake.ts'
import { securityTypes } from './protocol.ts'

/** The client's side of RFB's beginning, with a real VNC server (REM-9). */

/** Why a VNC server shows nothing, where that can be told: the operator gets the code, the device's log the text. */
export class ScreenRefused extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** What the operator is told of a screen that cannot be shown. */
export const screenCode = (error: unknown): ErrorCode => (error instanceof ScreenRefused ? error.code : 'remote.screenLost')

const reversed = (byte: number): number => {
  let answer = 0
  for (let bit = 0; bit < 8; bit += 1) answer |= ((byte >> bit) & 1) << (7 - bit)
  return answer
}

/** VNC authentication: the challenge (16 bytes), enciphered by DES with the first 8 bytes of the password, their bits reversed. */
export function vncResponse(password: string, challenge: Uint8Array): Uint8Array {
  const key = Buffer.alloc(8)
  key.write(password, 'latin1')
  const des = key.map(reversed)
  // DES alone is gone from Node; three times with the same key is the same.
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([des, des, des]), null).setAutoPadding(false)
  return Buffer.concat([cipher.update(challenge), cipher.final()])
}

/** Text as editors save it: with the mark of UTF-16 or UTF-8, which is no part of it; without one, a byte is a character. */
function textOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le')
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return bytes.subarray(3).toString('utf8')
  return bytes.toString('latin1')
}

/** The password of a VNC server: the first line of a file. Only its first 8 characters count. @throws where it cannot be read. */
export async function readVncPassword(file: string): Promise<string> {
  const [line = ''] = textOf(await readFile(file)).split(/\r?\n/)
  if (line === '') throw new Error(`${file} has no password in its first line.`)
  return line
}

const reasonBytesAtMost = 4_096

function* reason(): Steps<string> {
  const length = u32(yield* take(4), 0)
  if (length > reasonBytesAtMost) throw new Malformed(`a reason of ${length} bytes`)
  return Buffer.from(yield* take(length)).toString('utf8')
}

/** The server wants none of what this end has. */
function unsuitable(offered: readonly number[], password: string | undefined): ScreenRefused {
  if (password === undefined && offered.includes(securityTypes.vncAuthentication)) {
    return new ScreenRefused('remote.screenPassword', 'the VNC server wants a password, and there is none: --vnc-password-file')
  }
  return new ScreenRefused(
    'remote.screenSecurity',
    `the VNC server wants one of the security types ${offered.join(', ')}, and the agent has none of them`,
  )
}

function* chooseSecurity(version: Version, password: string | undefined, send: (bytes: Uint8Array) => void): Steps<number> {
  const wanted = password === undefined ? [securityTypes.none] : [securityTypes.vncAuthentication, securityTypes.none]
  if (version === 3) {
    const type = u32(yield* take(4), 0)
    if (type === 0) throw new Malformed(`the VNC server refused: ${yield* reason()}`)
    if (!wanted.some((one) => one === type)) throw unsuitable([type], password)
    return type
  }
  const [count = 0] = yield* take(1)
  if (count === 0) throw new Malformed(`the VNC server refused: ${yield* reason()}`)
  const offered = yield* take(count)
  const type = wanted.find((one) => offered.includes(one))
  if (type === undefined) throw unsuitable([...offered], password)
  send(Uint8Array.of(type))
  return type
}

/**
 * From the server's greeting to what it says of its screen; 3.3, 3.7 and 3.8, without security or with VNC authentication.
 * @throws ScreenRefused where the server wants another password or another security; Malformed where it refuses, or says nonsense.
 */
export function* clientHandshake(send: (bytes: Uint8Array) => void, password: string | undefined): Steps<ServerInit> {
  const version = versionOf(yield* take(12))
  send(greetingOf(version))
  const type = yield* chooseSecurity(version, password, send)
  if (type === securityTypes.vncAuthentication) send(vncResponse(password ?? '', yield* take(16)))
  if (type === securityTypes.vncAuthentication || version === 8) {
    const failed = u32(yield* take(4), 0) !== 0
    const why = failed && version === 8 ? `: ${yield* reason()}` : ''
    if (failed && type === securityTypes.vncAuthentication)
      throw new ScreenRefused('remote.screenPassword', `the VNC server refused the password${why}`)
    if (failed) throw new Malformed(`the VNC server refused${why}`)
  }
  // Others may look at it at the same time: the recorder does.
  send(Uint8Array.of(1))
  // Its own pixels may be anything, a colour map too: it is asked for true colours before anything else.
  return yield* readServerInit({ anyFormat: true })
}
