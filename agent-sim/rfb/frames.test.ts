import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { Intake, Malformed, Packet } from './bytes.ts'
import { Framer } from './frames.ts'
import { rgba, type PixelFormat } from './pixels.ts'
import { passableEncodings } from './rects.ts'

/** A screen of 100 × 80, and what goes on of what its server sends. */
function framing(options: { clipboard?: boolean; listed?: ReadonlySet<number>; format?: PixelFormat } = {}) {
  const { clipboard = true, listed = passableEncodings, format = rgba } = options
  const passed: Uint8Array[] = []
  const errors: Error[] = []
  let updates = 0
  const framer = new Framer({
    init: { width: 100, height: 80, format: rgba, name: '' },
    format: () => format,
    listed,
    clipboard,
    forward: (bytes) => passed.push(bytes),
    onUpdate: () => {
      updates += 1
    },
  })
  const intake = new Intake(framer.messages(), (error) => errors.push(error))
  const push = (bytes: Uint8Array) => {
    intake.push(bytes)
    framer.flush()
  }
  return { passed, errors, push, all: () => Buffer.concat(passed), updates: () => updates }
}

const update = (...rects: readonly Uint8Array[]) => Buffer.concat([new Packet().u8(0, 0).u16(rects.length).done(), ...rects])
const rect = (encoding: number, width: number, height: number, body: Uint8Array | readonly number[] = [], x = 0, y = 0) =>
  new Packet().u16(x, y, width, height).u32(encoding).bytes(Uint8Array.from(body)).done()
const zeros = (count: number) => new Uint8Array(count)
const bytes = (...parts: (number | Uint8Array)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : part)))
/** As Tight writes lengths. */
const compact = (length: number) =>
  length < 128
    ? [length]
    : length < 16_384
      ? [(length & 127) | 128, length >> 7]
      : [(length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14]
const tight = (length: number) => bytes(...compact(length), zeros(length))

const messages: readonly (readonly [string, Uint8Array])[] = [
  ['nothing changed', update()],
  ['Raw', update(rect(0, 3, 2, zeros(24)))],
  ['Raw in a corner', update(rect(0, 1, 1, zeros(4), 99, 79))],
  ['an empty Raw', update(rect(0, 0, 5))],
  ['CopyRect', update(rect(1, 10, 10, [0, 90, 0, 70]))],
  ['Hextile raw', update(rect(5, 17, 2, bytes(1, zeros(16 * 2 * 4), 1, zeros(8))))],
  ['Hextile', update(rect(5, 20, 16, bytes(2, zeros(4), 0b11110, zeros(8), 2, zeros(12))))],
  ['Hextile of one colour', update(rect(5, 32, 16, bytes(0b1110, zeros(8), 3, zeros(6), 0)))],
  ['Tight fill', update(rect(7, 100, 80, bytes(0x80, zeros(3))))],
  ['Tight JPEG', update(rect(7, 100, 80, bytes(0x90, tight(20_000))))],
  ['Tight basic', update(rect(7, 10, 10, bytes(0x00, tight(200))))],
  ['Tight basic, small', update(rect(7, 1, 3, bytes(0x0f, zeros(9))))],
  ['Tight palette of two', update(rect(7, 20, 10, bytes(0x50, 1, 1, zeros(6), tight(30))))],
  ['Tight palette of 256', update(rect(7, 20, 10, bytes(0x60, 1, 255, zeros(768), tight(150))))],
  ['Tight palette, small', update(rect(7, 5, 2, bytes(0x60, 1, 9, zeros(30), zeros(10))))],
  ['Tight gradient', update(rect(7, 10, 10, bytes(0x40, 2, tight(127))))],
  ['TightPNG', update(rect(-260, 10, 10, bytes(0xa0, tight(128))), rect(-260, 10, 10, bytes(0x80, zeros(3))))],
  ['ZRLE', update(rect(16, 100, 80, bytes(new Packet().u32(500).done(), zeros(500))))],
  ['Cursor', update(rect(-239, 9, 2, zeros(9 * 2 * 4 + 4), 500, 500))],
  ['VMware cursors', update(rect(0x574d5664, 3, 3, bytes(0, 0, zeros(72))), rect(0x574d5664, 3, 3, bytes(1, 0, zeros(36))))],
  ['DesktopSize, and pixels beyond the old one', update(rect(-223, 200, 90), rect(0, 1, 1, zeros(4), 199, 89))],
  ['ExtendedDesktopSize', update(rect(-308, 200, 90, bytes(2, zeros(3), zeros(32))), rect(0, 1, 1, zeros(4), 199, 89))],
  ['ExtendedDesktopSize refused', update(rect(-308, 0, 0, bytes(1, zeros(3), zeros(16)), 1, 3), rect(0, 1, 1, zeros(4), 99, 79))],
  ['LastRect', Buffer.concat([new Packet().u8(0, 0).u16(0xffff).done(), rect(0, 1, 1, zeros(4)), rect(-224, 0, 0)])],
  ['DesktopName', update(rect(-307, 0, 0, new Packet().u32(4).text('name').done()))],
  ['QEMU keys and LEDs', update(rect(-258, 0, 0), rect(-261, 0, 0, [7]))],
  ['Bell', Uint8Array.of(2)],
  ['ServerCutText', new Packet().u8(3, 0, 0, 0).u32(3).text('abc').done()],
  ['EndOfContinuousUpdates', Uint8Array.of(150)],
  ['Fence', new Packet().u8(248, 0, 0, 0).u32(0x8000_0001).u8(2, 9, 9).done()],
]

describe.each(messages)('%s', (_name, message) => {
  it('passes as it came, and what follows it is found', () => {
    const { all, errors, push, passed } = framing()
    const twice = Buffer.concat([message, message, Uint8Array.of(2)])
    push(twice)
    expect(errors).toEqual([])
    expect(all().equals(twice)).toBe(true)
    // No copies: one piece that lies where it came.
    if (message[0] !== 3) expect(passed.map((part) => [part.buffer, part.byteOffset])).toEqual([[twice.buffer, twice.byteOffset]])
  })

  it('passes byte by byte', () => {
    const { all, errors, push } = framing()
    for (const byte of message) push(Uint8Array.of(byte))
    expect(errors).toEqual([])
    expect(all().equals(message)).toBe(true)
  })

  it('passes nothing that has not come, and waits for the rest', () => {
    for (let length = 0; length < Math.min(message.length, 400); length += 1) {
      const { all, errors, push, updates } = framing()
      push(message.subarray(0, length))
      expect(errors).toEqual([])
      expect(all().equals(message.subarray(0, all().length))).toBe(true)
      expect(updates()).toBe(0)
    }
  })
})

it.each([
  ['a message of an unknown type', Uint8Array.of(99)],
  ['Xvp, which was not offered', Uint8Array.of(250, 0, 1, 1)],
  ['an unknown encoding', update(rect(50, 1, 1))],
  ['an area beyond the picture', update(rect(0, 2, 1, [], 99, 0))],
  ['a copy from outside', update(rect(1, 10, 10, [0, 95, 0, 0]))],
  ['a screen of 65,535', update(rect(-223, 65_535, 10))],
  ['a screen of nothing', update(rect(-308, 0, 0, bytes(0, zeros(3))))],
  ['ZRLE of 4 GB', update(rect(16, 10, 10, [255, 255, 255, 255]))],
  ['Tight longer than it can be', update(rect(7, 2, 2, bytes(0x00, ...compact(100_000))))],
  ['Tight with an unknown filter', update(rect(7, 2, 2, [0x40, 3]))],
  ['Tight with an unknown compression', update(rect(7, 2, 2, [0xb0]))],
  ['PNG in Tight', update(rect(7, 2, 2, [0xa0]))],
  ['basic compression in TightPNG', update(rect(-260, 2, 2, [0x00]))],
  ['an empty Tight', update(rect(7, 0, 2, [0x00]))],
  ['Hextile with an unknown bit', update(rect(5, 16, 16, [32]))],
  ['a cursor of 2,000 pixels', update(rect(-239, 2_000, 2_000))],
  ['a cursor of an unknown kind', update(rect(0x574d5664, 1, 1, [2, 0]))],
  ['a name of 2 GB', update(rect(-307, 0, 0, [127, 255, 255, 255]))],
  ['a clipboard text of 2 GB', new Packet().u8(3, 0, 0, 0).u32(0x7fff_ffff).done()],
  ['an extended clipboard message of 2 GB', new Packet().u8(3, 0, 0, 0).u32(0x8000_0000).done()],
  ['an extended clipboard message without its flags', new Packet().u8(3, 0, 0, 0).u32(-3).u8(0, 0, 0).done()],
  ['a fence of 65 bytes', new Packet().u8(248, 0, 0, 0).u32(0).u8(65).done()],
])('refuses %s', (_name, message) => {
  const { errors, push } = framing()
  push(message)
  expect(errors[0]).toBeInstanceOf(Malformed)
})

it('refuses what the viewer did not ask for, except for raw pixels', () => {
  for (const encoding of [1, 5, 7, 16, -223, -239, -308]) {
    const { errors, push } = framing({ listed: new Set() })
    push(update(rect(encoding, 1, 1)))
    expect(errors[0]?.message).toContain(String(encoding))
  }
  const { errors, push, all } = framing({ listed: new Set() })
  push(update(rect(0, 1, 1, zeros(4))))
  expect(errors).toEqual([])
  expect(all()).toHaveLength(20)
})

it('knows how long pixels are in the format that was chosen', () => {
  const format: PixelFormat = { bits: 16, depth: 16, bigEndian: false, max: [31, 63, 31], shift: [11, 5, 0] }
  const { errors, push, all, updates } = framing({ format })
  const message = update(
    rect(0, 3, 3, zeros(18)),
    rect(7, 9, 9, bytes(0x80, zeros(2))),
    rect(7, 1, 5, bytes(0, zeros(10))),
    rect(5, 16, 16, bytes(1, zeros(512))),
  )
  push(message)
  expect(errors).toEqual([])
  expect(all().equals(message)).toBe(true)
  expect(updates()).toBe(1)
})

it('drops the clipboard without the right to it, and cuts a long one with it', () => {
  const text = (length: number) => new Packet().u8(3, 0, 0, 0).u32(length).bytes(zeros(length)).done()
  const view = framing({ clipboard: false })
  for (const part of [text(5), Uint8Array.of(2), text(1_000_000), Uint8Array.of(2)]) view.push(part)
  expect(view.errors).toEqual([])
  expect([...view.all()]).toEqual([2, 2])
  const modify = framing()
  modify.push(text(limits.clipboardBytes + 10))
  modify.push(Uint8Array.of(2))
  expect(modify.all()).toHaveLength(8 + limits.clipboardBytes + 1)
  expect(modify.all().readUInt32BE(4)).toBe(limits.clipboardBytes)
})

/**
 * What the filter promises, said of one piece of input: each piece that passes lies in the input right after the one before,
 * or is the head of a clipboard text, written anew, and then what of the text is beyond the limit is left out.
 */
function expectPromised(input: Uint8Array, passed: readonly Uint8Array[]): void {
  const read = Buffer.from(input.buffer, input.byteOffset, input.length)
  let at = 0
  let textEnds = 0
  let cut = 0
  const passOver = (count: number) => {
    at += count
    if (at !== textEnds) return
    at += cut
    cut = 0
  }
  for (const piece of passed) {
    if (piece.buffer === input.buffer) {
      for (let from = piece.byteOffset - input.byteOffset, left = piece.length; left > 0;) {
        expect(from).toBe(at)
        const part = cut > 0 ? Math.min(left, textEnds - at) : left
        passOver(part)
        from += part
        left -= part
      }
      continue
    }
    const length = read.readUInt32BE(at + 4)
    const kept = Math.min(length, limits.clipboardBytes)
    expect([read[at], ...piece]).toEqual([3, ...new Packet().u8(3, 0, 0, 0).u32(kept).done()])
    textEnds = at + 8 + kept
    cut = length - kept
    passOver(8)
  }
}

/** Bytes of their own memory, so that a piece of them is told from what the filter wrote. */
const alone = (parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts))

function expectPromisedInAnyPieces(input: Uint8Array, piece: number): void {
  const whole = framing()
  whole.push(input)
  const pieces = framing()
  for (let at = 0; at < input.length; at += piece) pieces.push(input.subarray(at, at + piece))
  expect(pieces.errors.map(String)).toEqual(whole.errors.map(String))
  for (const error of whole.errors) expect(error).toBeInstanceOf(Malformed)
  expect(pieces.all().equals(whole.all())).toBe(true)
  expectPromised(input, whole.passed)
}

it.each([
  ['padding of a clipboard text that is not zero', [[3, 1, 0, 0, 0, 0, 0, 3, 97, 98, 99]]],
  [
    'padding of an update and of a fence that is not zero',
    [
      [0, 9, 0, 0],
      [248, 7, 7, 7, 128, 0, 0, 1, 1, 5],
    ],
  ],
  ['an empty clipboard text', [[3, 255, 255, 255, 0, 0, 0, 0], [2]]],
  ['a clipboard text beyond the limit', [[3, 0, 0, 9, 0, 4, 0, 5], zeros(limits.clipboardBytes + 5), [2]]],
  ['two clipboard texts beyond the limit', [[3, 1, 2, 3, 0, 4, 0, 1], zeros(0x4_0001), [3, 4, 5, 6, 0, 4, 0, 9], zeros(0x4_0009), [2]]],
  ['a clipboard text that does not end', [[3, 0, 0, 9, 0, 4, 0, 5], zeros(100)]],
])('keeps its promise on %s', (_name, parts) => {
  expectPromisedInAnyPieces(alone(parts.map((part) => Uint8Array.from(part))), 601)
})

it('survives any bytes in any pieces, and what passes is what came, as far as it was understood', () => {
  const message = fc.constantFrom(...messages.map(([, one]) => one))
  const damaged = fc.tuple(message, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([one, at, value]) => {
    const copy = Buffer.from(one)
    copy[at % copy.length] = value
    return copy
  })
  const longText = fc.tuple(fc.uint8Array({ minLength: 3, maxLength: 3 }), fc.integer({ min: -2, max: 2 })).map(([padding, beyond]) => {
    const length = limits.clipboardBytes + beyond
    return new Packet()
      .u8(3, ...padding)
      .u32(length)
      .bytes(zeros(length))
      .done()
  })
  const garbage = fc.uint8Array({ maxLength: 60 })
  const part = fc.oneof({ weight: 8, arbitrary: message }, { weight: 4, arbitrary: damaged }, { weight: 4, arbitrary: garbage }, longText)
  const stream = fc.array(part, { maxLength: 6 }).map(alone)
  fc.assert(fc.property(stream, fc.integer({ min: 1, max: 700 }), expectPromisedInAnyPieces))
})
