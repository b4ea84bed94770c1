import { limits } from '../../contract/limits.ts'
import { Malformed, type Steps, take } from '../rfb/bytes.ts'

/**
 * What agent and shell say to each other where the shell runs in another account: one connection for each terminal, frames of one
 * byte kind, four bytes length and the bytes. `start` and `resize` hold a `TerminalSize` as JSON, `failed` a text for the log.
 */
export const frameKinds = { start: 1, input: 2, resize: 3, started: 11, output: 12, failed: 13 } as const
export type FrameKind = keyof typeof frameKinds

const headBytes = 5
const kindOf = new Map<number, FrameKind>(Object.entries(frameKinds).map(([name, number]) => [number, name as FrameKind]))

/** Frames one after the other. @throws Malformed for an unknown kind, or more than `limits.terminalWaitingBytes` in one */
export function* readFrames(to: (kind: FrameKind, bytes: Uint8Array) => void): Steps {
  for (;;) {
    const head = Buffer.from(yield* take(headBytes))
    const kind = kindOf.get(head[0] ?? 0)
    const length = head.readUInt32BE(1)
    if (kind === undefined || length > limits.terminalWaitingBytes) throw new Malformed(`no frame of a terminal: ${head.toString('hex')}`)
    to(kind, length === 0 ? new Uint8Array(0) : yield* take(length))
  }
}

/** Bytes that are longer than one frame may be become several. */
export function frames(kind: FrameKind, bytes: Uint8Array): Buffer {
  const parts: Buffer[] = []
  for (let from = 0; from === 0 || from < bytes.length; from += limits.terminalWaitingBytes) {
    const part = bytes.subarray(from, from + limits.terminalWaitingBytes)
    const head = Buffer.alloc(headBytes)
    head[0] = frameKinds[kind]
    head.writeUInt32BE(part.length, 1)
    parts.push(head, Buffer.from(part))
  }
  return Buffer.concat(parts)
}
