import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { inputs, novncEncodings, say } from '../testing/rfb.ts'
import { Intake, Malformed, Packet } from './bytes.ts'
import { clientMessage, isInput, type ClientMessage } from './messages.ts'
import { rgba } from './pixels.ts'

function reader() {
  const messages: ClientMessage[] = []
  const errors: Error[] = []
  const intake = new Intake(
    (function* () {
      for (;;) messages.push(yield* clientMessage())
    })(),
    (error) => errors.push(error),
  )
  return {
    messages,
    errors,
    push: (bytes: Uint8Array) => {
      intake.push(bytes)
    },
  }
}

const area = { x: 1, y: 2, width: 300, height: 400 }
const listed: readonly (readonly [string, Uint8Array, object])[] = [
  ['SetPixelFormat', say.pixelFormat(), { type: 'setPixelFormat', format: rgba }],
  ['SetEncodings', say.encodings(...novncEncodings(6, 2)), { type: 'setEncodings', listed: novncEncodings(6, 2) }],
  ['FramebufferUpdateRequest', say.request(true, area), { type: 'updateRequest', incremental: true, area }],
  ['EnableContinuousUpdates', say.continuous(true, area), { type: 'continuousUpdates', on: true, area }],
  ['ClientFence', say.fence(0x80000003, Uint8Array.of(1, 2, 3)), { type: 'fence', flags: 0x80000003, payload: Uint8Array.of(1, 2, 3) }],
  ['KeyEvent', say.key(0xff0d, true), { type: 'key', keysym: 0xff0d, down: true }],
  ['PointerEvent', say.pointer(10, 20, 5), { type: 'pointer', x: 10, y: 20, buttons: 5 }],
  ['ClientCutText', say.cutText('été'), { type: 'cutText', text: Uint8Array.from(Buffer.from('été', 'latin1')) }],
  ['SetDesktopSize', say.desktopSize(640, 480), { type: 'setDesktopSize', width: 640, height: 480 }],
  ['QEMU key', say.qemuKey(0x61, false, 0x1e), { type: 'key', keysym: 0x61, down: false, scancode: 0x1e }],
]
const known = new Set(listed.map(([, [type]]) => type))

describe.each(listed)('%s', (_name, bytes, expected) => {
  const check = (messages: readonly ClientMessage[]) => {
    expect(messages).toHaveLength(1)
    const { raw, ...message } = messages[0]!
    expect({
      ...message,
      ...('text' in message ? { text: Uint8Array.from(message.text) } : {}),
      ...('payload' in message ? { payload: Uint8Array.from(message.payload) } : {}),
    }).toEqual(expected)
    expect(Buffer.from(raw).equals(bytes)).toBe(true)
  }

  it('is read whole, and byte by byte', () => {
    const whole = reader()
    whole.push(bytes)
    check(whole.messages)
    const slow = reader()
    for (const byte of bytes) slow.push(Uint8Array.of(byte))
    check(slow.messages)
  })

  it('is not there before its last byte', () => {
    for (let length = 0; length < bytes.length; length += 1) {
      const { messages, errors, push } = reader()
      push(bytes.subarray(0, length))
      expect(messages).toEqual([])
      expect(errors).toEqual([])
    }
  })
})

it('knows which messages act on a device', () => {
  const { messages, push } = reader()
  for (const [, bytes] of inputs) push(bytes)
  expect(messages).toHaveLength(inputs.length)
  expect(messages.every(isInput)).toBe(true)
  const others = reader()
  for (const [name, bytes] of listed) if (!inputs.some(([input]) => name === input || name === 'QEMU key')) others.push(bytes)
  expect(others.messages).toHaveLength(5)
  expect(others.messages.some(isInput)).toBe(false)
})

it('fails at every message that is not listed, and reads nothing after it', () => {
  for (let type = 0; type < 256; type += 1) {
    if (known.has(type)) continue
    const { messages, errors, push } = reader()
    push(Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    push(say.key(1, true))
    expect(errors).toHaveLength(1)
    expect(errors[0]).toBeInstanceOf(Malformed)
    expect(messages).toEqual([])
  }
})

it.each([
  ['a clipboard text of 2 GB', new Packet().u8(6, 0, 0, 0).u32(0x7fff_ffff).done()],
  ['an extended clipboard message without an action', new Packet().u8(6, 0, 0, 0).u32(-8).u32(1, 0).done()],
  ['the most negative length', new Packet().u8(6, 0, 0, 0).u32(0x8000_0000).done()],
  ['65,535 encodings', new Packet().u8(2, 0).u16(65_535).done()],
  ['a fence of 255 bytes', new Packet().u8(248, 0, 0, 0).u32(0).u8(255).done()],
  ['QEMU audio', Uint8Array.of(255, 1, 0, 0)],
  ['a colour map', say.pixelFormat().with(7, 0)],
  ['pixels of 24 bits', say.pixelFormat().with(4, 24)],
  ['a colour outside its pixel', say.pixelFormat().with(14, 31)],
])('refuses %s before it has come', (_name, bytes) => {
  const { messages, errors, push } = reader()
  push(bytes)
  expect(errors[0]).toBeInstanceOf(Malformed)
  expect(messages).toEqual([])
})

it('cuts a long clipboard text, and reads what follows it', () => {
  const { messages, errors, push } = reader()
  push(say.cutText('x'.repeat(limits.clipboardBytes + 5)))
  push(say.key(1, true))
  expect(errors).toEqual([])
  expect(messages.map(({ type }) => type)).toEqual(['cutText', 'key'])
  const [text] = messages
  expect(text?.type === 'cutText' && text.text.length).toBe(limits.clipboardBytes)
  expect(text?.raw).toHaveLength(limits.clipboardBytes + 8)
})

it('survives any bytes in any pieces: the same messages, or a refusal', () => {
  const message = fc.constantFrom(...listed.map(([, bytes]) => bytes))
  const garbage = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))
  const stream = fc.array(fc.oneof({ weight: 3, arbitrary: message }, garbage), { maxLength: 8 }).map((parts) => Buffer.concat(parts))
  fc.assert(
    fc.property(stream, fc.integer({ min: 1, max: 9 }), (bytes, piece) => {
      const whole = reader()
      whole.push(bytes)
      const pieces = reader()
      for (let at = 0; at < bytes.length; at += piece) pieces.push(bytes.subarray(at, at + piece))
      expect(pieces.messages.map(({ raw }) => Buffer.from(raw).toString('hex'))).toEqual(
        whole.messages.map(({ raw }) => Buffer.from(raw).toString('hex')),
      )
      expect(pieces.errors.map(String)).toEqual(whole.errors.map(String))
      for (const error of whole.errors) expect(error).toBeInstanceOf(Malformed)
    }),
  )
})
