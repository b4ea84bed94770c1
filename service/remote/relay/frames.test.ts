import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { closeFrame, type FrameHandler, FrameReader, masked, payloadFrame, pingFrame, textFrame } from './frames.ts'
import { Joiner } from './joiner.ts'

/** Writes down what a reader tells. */
class Heard implements FrameHandler {
  readonly payloads: Buffer[] = []
  readonly said: string[] = []
  ends = 0
  payload(chunk: Buffer, from: number, to: number) {
    expect(this.ends).toBe(0)
    this.payloads.push(Buffer.from(chunk.subarray(from, to)))
  }
  text(text: string) {
    this.said.push(`text ${text}`)
  }
  ping(data: Buffer) {
    this.said.push(`ping ${data.toString('hex')}`)
  }
  pong() {
    this.said.push('pong')
  }
  closed(code: number | undefined) {
    this.ends += 1
    this.said.push(`closed ${code ?? 'without a code'}`)
  }
  failed(code: number) {
    this.ends += 1
    this.said.push(`failed ${code}`)
  }
}

const rules = { masked: true, frameBytes: 1 << 20, textBytes: 64 }

/** What a reader makes of the bytes when they come in pieces of these sizes, over and over. */
function heard(bytes: Buffer, sizes: readonly number[] = [bytes.length || 1], given = rules): Heard {
  const handler = new Heard()
  const reader = new FrameReader(handler, given)
  let turn = 0
  for (let at = 0; at < bytes.length;) {
    const size = sizes[turn++ % sizes.length] ?? 1
    reader.read(Buffer.from(bytes.subarray(at, at + size)))
    at += size
  }
  return handler
}

const chunking = fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1, maxLength: 8 })
const smallChunking = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 })
const lengths = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.constantFrom(125, 126, 127, 65_535, 65_536, 70_001))
const shortLengths = fc.integer({ min: 0, max: 400 })
const payloadsOf = (length: fc.Arbitrary<number>) =>
  fc.array(
    fc.record({
      length,
      seed: fc.integer({ min: 0, max: 255 }),
      mask: fc.oneof(fc.constant(0), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
    }),
    { maxLength: 6 },
  )
const payloads = payloadsOf(lengths)

describe('frames', () => {
  it.each([
    ['long', payloads, chunking],
    ['short', payloadsOf(shortLengths), smallChunking],
  ])('bring any payload, masked in any way, in any pieces: %s', (_, some, pieces) => {
    fc.assert(
      fc.property(some, pieces, (sent, sizes) => {
        const pattern = Buffer.from(Array.from({ length: 251 }, (_, index) => index))
        const data = sent.map(({ length, seed }) => Buffer.alloc(length, pattern.subarray(seed % 250)))
        const wire = Buffer.concat(data.flatMap((bytes, index) => [masked(payloadFrame(bytes), sent[index]!.mask), masked(pingFrame(), 1)]))
        const { payloads: got, said } = heard(wire, sizes)
        expect(Buffer.concat(got).equals(Buffer.concat(data))).toBe(true)
        expect(said).toEqual(sent.map(() => 'ping '))
      }),
      { numRuns: 60 },
    )
  })

  it('are joined and sent again without a byte lost, added or moved', () => {
    fc.assert(
      fc.property(payloads, chunking, fc.integer({ min: 1, max: 70_000 }), (sent, sizes, cut) => {
        const data = sent.map(({ length, seed }) => Buffer.alloc(length, seed))
        const wire = Buffer.concat(data.map((bytes, index) => masked(payloadFrame(bytes), sent[index]!.mask)))
        const target = new PassThrough({ highWaterMark: 1 << 24 })
        const joiner = new Joiner()
        // A frame of control in the middle makes the joiner send within a chunk.
        let since = 0
        const handler = new Heard()
        handler.payload = (chunk, from, to) => {
          joiner.add(chunk, from, to)
          since += to - from
          if (since >= cut) {
            joiner.send(target)
            since = 0
          }
        }
        const reader = new FrameReader(handler, rules)
        for (let at = 0, turn = 0; at < wire.length;) {
          const size = sizes[turn++ % sizes.length] ?? 1
          joiner.begin()
          reader.read(Buffer.from(wire.subarray(at, at + size)))
          joiner.send(target)
          at += size
        }
        const out: unknown = target.read()
        const received = heard(Buffer.isBuffer(out) ? out : Buffer.alloc(0), [50_000], { ...rules, masked: false })
        expect(Buffer.concat(received.payloads).equals(Buffer.concat(data))).toBe(true)
        expect(received.said).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  it('end with at most one failure or close whatever the bytes are, and never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), smallChunking, (bytes, sizes) => {
        const whole = heard(Buffer.from(bytes))
        const pieces = heard(Buffer.from(bytes), sizes)
        expect(whole.ends).toBeLessThanOrEqual(1)
        expect(pieces.said).toEqual(whole.said)
        expect(Buffer.concat(pieces.payloads).equals(Buffer.concat(whole.payloads))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('with a malformed header always end with a failure', () => {
    const orderly = [0, 1, 2, 8, 9, 10]
    const wrong = fc.oneof(
      // Reserved bits, kinds that do not exist, nothing to continue, parts of a control frame.
      fc.tuple(
        fc.integer({ min: 0, max: 255 }).filter((first) => (first & 0x70) !== 0 || !orderly.includes(first & 15)),
        fc.integer({ min: 0, max: 255 }),
      ),
      fc.tuple(fc.constantFrom(0x80, 0, 8, 9, 10), fc.integer({ min: 0x80, max: 255 })),
      // No mask; long control frames.
      fc.tuple(fc.constantFrom(0x81, 0x82, 0x88, 0x89), fc.integer({ min: 0, max: 127 })),
      fc.tuple(fc.constantFrom(0x88, 0x89, 0x8a), fc.constantFrom(0xfe, 0xff)),
    )
    fc.assert(
      fc.property(wrong, fc.uint8Array({ maxLength: 40 }), smallChunking, ([first, second], rest, sizes) => {
        expect(heard(Buffer.from([first, second, ...rest]), sizes).said).toEqual(['failed 1002'])
      }),
    )
  })

  const header = (...bytes: number[]) => Buffer.from([...bytes, 0, 0, 0, 0])
  it.each([
    ['a length in more bytes than it needs', header(0x82, 0xfe, 0, 125), 'failed 1002'],
    ['a long length in more bytes than it needs', header(0x82, 0xff, 0, 0, 0, 0, 0, 0, 255, 255), 'failed 1002'],
    ['a negative length', header(0x82, 0xff, 255, 255, 255, 255, 255, 255, 255, 255), 'failed 1002'],
    ['a frame that is too large', header(0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 1), 'failed 1009'],
    ['text that is too large', masked(textFrame('x'.repeat(65)), 5), 'failed 1009'],
    [
      'text that is too large in parts',
      Buffer.concat([masked(Buffer.from([1, 40, ...Buffer.alloc(40)]), 5), masked(Buffer.from([0x80, 40, ...Buffer.alloc(40)]), 5)]),
      'failed 1009',
    ],
    ['text that is not UTF-8', masked(Buffer.from([0x81, 1, 0xff]), 5), 'failed 1007'],
    ['a message in a message', Buffer.concat([masked(Buffer.from([2, 0]), 0), masked(payloadFrame(Buffer.alloc(1)), 0)]), 'failed 1002'],
    ['half a close code', masked(Buffer.from([0x88, 1, 3]), 9), 'failed 1002'],
    ['a close code that may not be sent', masked(closeFrame(1006, ''), 9), 'failed 1002'],
    ['a close without a code', masked(Buffer.from([0x88, 0]), 9), 'closed without a code'],
    ['a close', masked(closeFrame(1001, 'going'), 9), 'closed 1001'],
  ])('%s', (_, bytes, expected) => {
    expect(heard(bytes).said).toEqual([expected])
    expect(heard(bytes, [1]).said).toEqual([expected])
    // And nothing is read after it.
    expect(heard(Buffer.concat([bytes, masked(pingFrame(), 0)])).said).toEqual([expected])
  })

  it('of text in parts, with a ping between them, are one message', () => {
    const wire = Buffer.concat([
      masked(Buffer.from([1, 2, 0xc3, 0xa9]), 7),
      masked(pingFrame(), 1),
      masked(Buffer.from([0x80, 1, 0x21]), 3),
    ])
    for (const sizes of [[wire.length], [1], [3]]) expect(heard(wire, sizes).said).toEqual(['ping ', 'text é!'])
  })
})
