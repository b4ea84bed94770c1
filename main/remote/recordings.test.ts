import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { settle } from '../../contract/testing/wait.ts'
import { idOf } from '../testing/documents.ts'
import { readChunk, searchTerminals } from './recordings.ts'

const session = idOf('session', 1)
const head = { session, number: 3, fromMs: 1_000, toMs: 6_000 }
const terminal = (at: number, text: string, more: object = {}) => ({
  type: 'terminal',
  at,
  terminal: 1,
  columns: 80,
  rows: 24,
  text,
  ...more,
})
const picture = {
  type: 'picture',
  at: 1_000,
  display: 'console',
  width: 2,
  height: 2,
  key: true,
  parts: [{ x: 0, y: 0, width: 2, height: 2, jpeg: 'AAAA' }],
}
const packed = (...lines: unknown[]): Uint8Array =>
  gzipSync(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'))

describe('a chunk', () => {
  it('is read as its device made it', async () => {
    const events = [picture, terminal(1_200, '$ ls\r\n'), { type: 'dark', at: 6_000, display: 'console' }]
    expect(await readChunk(packed(head, ...events), session, 3, settle)).toEqual({ head, events })
    expect(await readChunk(packed(head, ''), session, 3, settle)).toEqual({ head, events: [] })
  })

  it.each([
    ['no gzip', Buffer.from('{"session"')],
    ['half of one', packed(head, picture).subarray(0, 60)],
    ['empty', packed('')],
    ['without its head', packed(picture)],
    ['of another session', packed({ ...head, session: idOf('session', 2) })],
    ['another number', packed({ ...head, number: 4 })],
    ['back in time', packed({ ...head, toMs: 1 })],
    ['no JSON', packed(head, '{')],
    ['not UTF-8', gzipSync(Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n"`), Buffer.of(0xff, 0xfe), Buffer.from('"')]))],
    ['an unknown event', packed(head, { type: 'keys', at: 1_000, text: 'secret' })],
    ['more than an event has', packed(head, { ...picture, script: 'x' })],
    ['a picture of a size that cannot be', packed(head, { ...picture, width: limits.screenPixelsAtMost + 1 })],
    ['a picture that is no base64', packed(head, { ...picture, parts: [{ x: 0, y: 0, width: 1, height: 1, jpeg: '<svg>' }] })],
    ['events out of order', packed(head, terminal(2_000, 'b'), terminal(1_500, 'a'))],
    ['an event after its end', packed(head, terminal(6_001, 'a'))],
    ['larger than may be unpacked', gzipSync(Buffer.alloc(limits.recordingUnpackedBytes + 1, ' '))],
  ])('that is %s is refused', async (_what, bytes) => {
    await expect(readChunk(bytes, session, 3, settle)).rejects.toMatchObject({ code: 'service.failed' })
  })
})

describe('searching what terminals wrote', () => {
  it('finds lines that came in pieces, without colours, whatever their case', async () => {
    const found = await searchTerminals(
      packed(
        terminal(0, '', { clear: true }),
        terminal(10, 'roo'),
        terminal(20, 'm$ \u001b[3'),
        terminal(30, '1mCat\u001b[0m /etc'),
        terminal(40, '/hosts\r\n127.0.0.1 local'),
        terminal(50, 'host\r\nroom$ '),
      ),
      'CAT /ETC/hosts',
      settle,
    )
    expect(found).toEqual({ hits: [{ at: 40, terminal: 1, line: 'room$ Cat /etc/hosts' }], more: false })
  })

  it('finds a line once that the next chunk repeats, also where it goes on in that chunk', async () => {
    const bytes = packed(
      terminal(10, 'one needle\r\nhalf a nee'),
      terminal(20, 'one needle\r\nhalf a nee', { clear: true }),
      terminal(30, 'dle\r\n'),
    )
    expect((await searchTerminals(bytes, 'needle', settle)).hits.map(({ at, line }) => [at, line])).toEqual([
      [10, 'one needle'],
      [30, 'half a needle'],
    ])
  })

  it('keeps terminals apart, and finds what has no end yet', async () => {
    const bytes = packed(
      terminal(10, 'needle in'),
      terminal(20, 'needle of two', { terminal: 2 }),
      terminal(30, ' one\n'),
      { type: 'terminalClosed', at: 40, terminal: 2 },
      terminal(50, 'a last needle'),
    )
    expect((await searchTerminals(bytes, 'needle', settle)).hits).toEqual([
      { at: 30, terminal: 1, line: 'needle in one' },
      { at: 40, terminal: 2, line: 'needle of two' },
      { at: 50, terminal: 1, line: 'a last needle' },
    ])
  })

  it('reads what was taken back and written over as it was read on the screen', async () => {
    const bytes = packed(terminal(10, 'pasx\b \bsword\r\n'), terminal(20, '10 %\r90 %\r\n'))
    expect((await searchTerminals(bytes, 'password', settle)).hits.map(({ line }) => line)).toEqual(['password'])
    expect((await searchTerminals(bytes, '%', settle)).hits.map(({ line }) => line)).toEqual(['10 %', '90 %'])
    expect((await searchTerminals(bytes, 'pasx', settle)).hits).toEqual([])
  })

  it('does not take what the text means to a pattern, nor events of screens', async () => {
    const bytes = packed(picture, terminal(10, 'a.c\r\nabc\r\n'))
    expect((await searchTerminals(bytes, 'a.c', settle)).hits.map(({ line }) => line)).toEqual(['a.c'])
    expect((await searchTerminals(packed(), 'a', settle)).hits).toEqual([])
  })

  it('gives so many, and says that there are more', async () => {
    const lines = (count: number) => packed(terminal(10, 'yes\n'.repeat(count)))
    const exactly = await searchTerminals(lines(limits.recordingHits), 'yes', settle)
    expect([exactly.hits.length, exactly.more]).toEqual([limits.recordingHits, false])
    const found = await searchTerminals(lines(limits.recordingHits + 1), 'yes', settle)
    expect([found.hits.length, found.more]).toEqual([limits.recordingHits, true])
  })

  it('cuts a line that never ends', async () => {
    const { hits } = await searchTerminals(packed(...Array.from({ length: 30 }, (_, n) => terminal(n, 'x'.repeat(1_000)))), 'x', settle)
    expect(hits.map(({ line }) => line.length)).toEqual([8_192, 8_192, 8_192, 30_000 - 3 * 8_192])
  })

  it('refuses what is no recording', async () => {
    for (const bytes of [Buffer.from('x'), packed('{'), packed({ type: 'keys', at: 1 })]) {
      await expect(searchTerminals(bytes, 'x', settle)).rejects.toMatchObject({ code: 'service.failed' })
    }
  })
})
