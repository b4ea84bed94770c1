import { limits } from '../limits.ts'
import { tagBytes } from './keys.ts'
import { headBytes, readNumber, writeNumber } from './records.ts'

/**
 * What is inside a record once it is open. One byte says which:
 *
 *     1  frame          2 bytes channel, then the frame's bytes
 *     2  confirmation   8 bytes: the highest number received; none before it is missing
 *
 * and inside a greeting: one byte version (1), 8 bytes as in a confirmation.
 */
const kinds = { frame: 1, confirmation: 2 } as const
const version = 1
const frameHead = 3
const statementBytes = 9

/** Bytes of a frame that fit one record; a longer frame arrives in parts. */
export const frameBytes = limits.sessionRecordBytes - headBytes - tagBytes - frameHead
export const channelsAtMost = 65_535

export type Inside =
  | { readonly kind: 'frame'; readonly channel: number; readonly bytes: Uint8Array }
  | { readonly kind: 'confirmation'; readonly received: number }

/** A frame that waits to be sealed, in memory of its own. */
export interface Frame {
  readonly channel: number
  readonly bytes: Uint8Array
}

/** The frame in parts of which each fits one record; of the same memory. An empty frame is one part. */
export function cut(channel: number, bytes: Uint8Array): Frame[] {
  if (!Number.isInteger(channel) || channel < 0 || channel > channelsAtMost) throw new RangeError(`no channel: ${channel}`)
  const parts: Frame[] = []
  for (let from = 0; from === 0 || from < bytes.length; from += frameBytes)
    parts.push({ channel, bytes: bytes.subarray(from, from + frameBytes) })
  return parts
}

/** What is being sealed; one for all, since sealing waits for nothing. */
const scratch = Buffer.alloc(frameHead + frameBytes)

/** What goes into a record for it; valid until the next call. */
export function frame({ channel, bytes }: Frame): Uint8Array {
  scratch[0] = kinds.frame
  scratch.writeUInt16BE(channel, 1)
  scratch.set(bytes, frameHead)
  return scratch.subarray(0, frameHead + bytes.length)
}

export const confirmation = (received: number): Uint8Array => statement(kinds.confirmation, received)

/** What a greeting says; undefined: not a greeting. */
export const greeting = (received: number): Uint8Array => statement(version, received)

export const readGreeting = (plain: Uint8Array): number | undefined => (plain[0] === version ? readStatement(plain) : undefined)

/** undefined: nothing that an end says. */
export function readInside(plain: Uint8Array): Inside | undefined {
  if (plain[0] === kinds.frame && plain.length >= frameHead) {
    return { kind: 'frame', channel: ((plain[1] ?? 0) << 8) | (plain[2] ?? 0), bytes: plain.subarray(frameHead) }
  }
  const received = plain[0] === kinds.confirmation ? readStatement(plain) : undefined
  return received === undefined ? undefined : { kind: 'confirmation', received }
}

function statement(first: number, received: number): Uint8Array {
  const plain = Buffer.alloc(statementBytes)
  plain[0] = first
  writeNumber(plain, 1, received)
  return plain
}

const readStatement = (plain: Uint8Array): number | undefined => (plain.length === statementBytes ? readNumber(plain, 1) : undefined)
