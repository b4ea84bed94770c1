import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { SessionId } from '../../../contract/ids.ts'
import { limits } from '../../../contract/limits.ts'
import { chunkOf, packed, picture, terminal } from '../../testing/remote/logService.ts'
import { checkChunk, checkOutside, terminalLines } from './chunks.ts'

const session = SessionId.parse(v7())
const head = JSON.stringify({ session, number: 1, fromMs: 0, toMs: 5_000 })

/** Code and detail of the refusal; 'taken' without one. */
function refusal(bytes: Uint8Array, number = 1): string {
  try {
    checkChunk(bytes, session, number)
    return 'taken'
  } catch (error) {
    if (error instanceof RoomkeeperError) return `${error.code} ${error.details.field ?? '-'} ${error.details.detail ?? ''}`
    throw error
  }
}

describe('a chunk of a recording', () => {
  it('is taken as a device makes it', () => {
    expect(
      checkChunk(chunkOf(session, 1, [picture(), terminal('ls'), { type: 'dark', display: 'console', at: 5_000 }]), session, 1),
    ).toEqual({ fromMs: 0, toMs: 5_000, terminal: true })
    expect(checkChunk(chunkOf(session, 7, [picture()]), session, 7)).toEqual({ fromMs: 30_000, toMs: 35_000, terminal: false })
    expect(checkChunk(packed(head), session, 1)).toEqual({ fromMs: 0, toMs: 5_000, terminal: false })
  })

  it.each([
    ['not gzip', new Uint8Array([1, 2, 3]), 'recording.invalid - The chunk is not gzip.'],
    ['nothing', new Uint8Array(0), 'recording.invalid - The chunk is not gzip.'],
    ['half of it', chunkOf(session, 1, [picture()]).slice(0, 60), 'recording.invalid - The chunk is not gzip.'],
    ['gzip of nothing', packed(''), 'recording.invalid - The chunk is empty.'],
    ['no head', packed('hello'), 'recording.invalid - Line 1: this is not JSON.'],
    ['another session', chunkOf(v7(), 1), 'recording.invalid session Line 1: it is of another session.'],
    ['another number', chunkOf(session, 2), 'recording.invalid number Line 1: it is another chunk.'],
    ['a head that ends first', chunkOf(session, 1, [], { fromMs: 9, toMs: 8 }), 'recording.invalid toMs Line 1: it ends before it begins.'],
    ['more in the head', chunkOf(session, 1, [], { more: 1 }), /^recording.invalid - Line 1: Unrecognized key/],
    [
      'a line that is not JSON',
      packed(`${head}\n${JSON.stringify({ at: 0, ...picture() })}\n{"at":1,`),
      'recording.invalid - Line 3: this is not JSON.',
    ],
    ['an empty line', packed(`${head}\n\n`), 'recording.invalid - Line 2: this is not JSON.'],
    [
      'not UTF-8',
      packed(Buffer.concat([Buffer.from(`${head}\n"`), Buffer.from([0xc3, 0x28]), Buffer.from('"')])),
      'recording.invalid - Line 2: this is not JSON.',
    ],
    ['an event of no kind', chunkOf(session, 1, [picture(), { type: 'keystroke', key: 'a' }]), /^recording.invalid type Line 3: /],
    [
      'keystrokes beside what was shown',
      chunkOf(session, 1, [terminal('ls', { typed: 'ls' })]),
      /^recording.invalid - Line 2: Unrecognized key/,
    ],
    [
      'a picture that is no text',
      chunkOf(session, 1, [picture({ parts: [{ x: 0, y: 0, width: 8, height: 8, jpeg: '<svg>' }] })]),
      /^recording.invalid parts.0.jpeg Line 2: /,
    ],
    [
      'an event before the one before it',
      chunkOf(session, 1, [terminal('a', { at: 5 }), terminal('b', { at: 4 })]),
      'recording.invalid at Line 3: the time is out of order.',
    ],
    [
      'an event after the end',
      chunkOf(session, 1, [terminal('a', { at: 5_001 })]),
      'recording.invalid at Line 2: the time is out of order.',
    ],
    ['deeper than anything', packed(`${head}\n${'['.repeat(1_000_000)}`), /^recording.invalid - Line 2: /],
    ['a very long name', chunkOf(session, 1, [{ ...picture(), ['k'.repeat(100_000)]: 1 }]), /^recording.invalid - Line 2: .{1,300}$/],
  ])('is refused where it is %s', (_, bytes, expected) => {
    expect(refusal(bytes)).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected))
  })

  const partsOf = (parts: string): Uint8Array<ArrayBuffer> =>
    packed(`${head}\n${JSON.stringify({ at: 0, ...picture({ parts: [] }) }).replace('[]', `[${parts}]`)}\n`)
  const many = limits.recordingUnpackedBytes / 8
  it.each([
    ['things that are no parts', partsOf(`${'{},'.repeat(many)}{}`)],
    ['numbers', packed(`${head}\n[${'0,'.repeat(many)}0]`)],
    ['lists in a list', packed(`${head}\n[${'[],'.repeat(many)}[]]`)],
    ['lists in each other', packed(`${head}\n${'['.repeat(many)}`)],
    ['names', packed(`${head}\n{${Array.from({ length: many / 8 }, (_, n) => `"${n.toString(36)}":0`).join()}}`)],
    ['a head of them', packed(`[${'0,'.repeat(many)}0]`)],
    ['one text', packed(`${head}\n"${'a'.repeat(limits.recordingLineBytes)}"`)],
  ])('[rule 9] is refused before anything is made of it where a line is %s without end', (_, bytes) => {
    expect(refusal(bytes)).toMatch(/^recording.invalid - Line [12]: it is larger than an event can be\.$/)
  })

  it('is taken with as many parts as a picture may have, and as much text that looks like JSON', () => {
    const part = { x: 0, y: 0, width: 8, height: 8, jpeg: '/9j/' }
    expect(refusal(chunkOf(session, 1, [picture({ parts: Array(1_000).fill(part) })]))).toBe('taken')
    expect(refusal(chunkOf(session, 1, [terminal('{"a":[1,2]}\\'.repeat(100_000))]))).toBe('taken')
  })

  it('that unpacks to more than it may is refused without the memory for it', () => {
    const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024))
    const before = process.memoryUsage()
    expect(refusal(bomb)).toBe('recording.tooLarge - ')
    const after = process.memoryUsage()
    expect(after.arrayBuffers + after.external - before.arrayBuffers - before.external).toBeLessThan(3 * limits.recordingUnpackedBytes)
    expect(refusal(gzipSync(Buffer.alloc(limits.recordingUnpackedBytes + 1, 'a')))).toBe('recording.tooLarge - ')
  }, 60_000)

  it('is refused by what it says of itself, before it is unpacked', () => {
    const outside = (bytes: Uint8Array): string => {
      try {
        checkOutside(bytes)
        return 'fine'
      } catch (error) {
        return error instanceof RoomkeeperError ? error.code : String(error)
      }
    }
    expect(outside(chunkOf(session, 1, [picture()]))).toBe('fine')
    expect(outside(gzipSync(Buffer.alloc(limits.recordingUnpackedBytes)))).toBe('fine')
    expect(outside(gzipSync(Buffer.alloc(limits.recordingUnpackedBytes + 1)))).toBe('recording.tooLarge')
    for (const bytes of [new Uint8Array(0), new Uint8Array(17), Buffer.from('a text that is longer than any head of gzip')])
      expect(outside(bytes)).toBe('recording.invalid')
  })

  it('of any bytes, packed or not, is refused in no other way', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 400 }),
          fc.string({ unit: 'binary' }).map(packed),
          fc.json().map((json) => packed(`${head}\n${json}`)),
        ),
        (bytes) => {
          expect(refusal(bytes)).toMatch(/^(taken|recording\.(invalid|tooLarge) )/)
        },
      ),
      { numRuns: 150 },
    )
  }, 60_000)

  it('gives what is new of terminals, whatever they say, and not what only repeats it', () => {
    const repeated = terminal('{"type":"terminal"}', { clear: true })
    const news = [terminal('{"type":"picture"}\n'), terminal('', { columns: 100 }), { type: 'terminalClosed', terminal: 1 }]
    const chunk = chunkOf(session, 1, [picture(), repeated, ...news, picture()])
    const lines = Buffer.from(terminalLines(chunk)).toString().trimEnd().split('\n')
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual(news.map((event) => ({ at: 0, ...event })))
    for (const [events, some] of [
      [news.slice(0, 1), true],
      [news.slice(2), true],
      [[repeated], false],
      [[picture()], false],
    ] as const) {
      expect(checkChunk(chunkOf(session, 1, events), session, 1).terminal).toBe(some)
      expect(terminalLines(chunkOf(session, 1, events)).byteLength > 0).toBe(some)
    }
  })
})
