import { gunzipSync } from 'node:zlib'
import { createCanvas, loadImage } from '@napi-rs/canvas'
import { v7 } from 'uuid'
import { beforeEach, describe, expect, it } from 'vitest'
import { SessionId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { ChunkHead, RecordingEvent } from '../../contract/recording.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { settle, until } from '../../contract/testing/wait.ts'
import { makeJpeg, type MakeJpeg } from './jpeg.ts'
import { Recorder } from './recorder.ts'
import { FakeParts } from './testing/fakes.ts'

const session = SessionId.parse(v7())

let clock: FakeClock
let parts: FakeParts
let chunks: { number: number; bytes: Uint8Array }[]
let failures: string[]
let lost: string[]
let finished: boolean
let recorder: Recorder

/** As small as a picture gets, and quick. */
const tinyJpeg: MakeJpeg = () => Promise.resolve(Buffer.from('jpeg'))

function begin(jpeg: MakeJpeg = tinyJpeg, now: () => number = clock.now): void {
  recorder = new Recorder({
    session,
    look: (display) => parts.look(display),
    jpeg,
    upload: {
      add: (number, bytes) => chunks.push({ number, bytes }),
      finish: () => {
        finished = true
        return Promise.resolve()
      },
    },
    timers: clock,
    now,
    everyMs: 500,
    chunkMs: 5_000,
    onLost: (display, code) => lost.push(`${display} ${code}`),
    onFailed: (why) => failures.push(why),
  })
}

beforeEach(() => {
  clock = new FakeClock()
  parts = new FakeParts(clock)
  chunks = []
  failures = []
  lost = []
  finished = false
  begin()
})

/** What a chunk says, each line checked against the contract. */
function read(at: number): { head: ChunkHead; events: RecordingEvent[] } {
  const chunk = chunks[at]
  if (!chunk) throw new Error(`there are ${chunks.length} chunks`)
  const [head = '', ...lines] = gunzipSync(chunk.bytes).toString('utf8').trimEnd().split('\n')
  const events = lines.map((line) => RecordingEvent.parse(JSON.parse(line)))
  expect(events.map(({ at: ms }) => ms)).toEqual(events.map(({ at: ms }) => ms).sort((one, other) => one - other))
  return { head: ChunkHead.parse(JSON.parse(head)), events }
}

const kinds = (events: readonly RecordingEvent[]) =>
  events.map((event) => (event.type === 'picture' ? (event.key ? 'key' : 'change') : event.type))

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    clock.advance(500)
    await settle()
  }
}

describe('a recorder', () => {
  it('begins with the whole picture, then takes the tiles that really changed', async () => {
    await recorder.show('console')
    await pass(1_000)
    parts.screen.draw(70, 3, 0x0000ff)
    await pass(1_000)
    // Damage without a change is none.
    parts.screen.draw(70, 3, 0x0000ff)
    await pass(1_000)
    recorder.hide('console')
    await recorder.finish()
    const { head, events } = read(0)
    expect(head).toEqual({ session, number: 1, fromMs: 0, toMs: 3_000 })
    expect(kinds(events)).toEqual(['key', 'change', 'dark'])
    expect(events[0]).toMatchObject({ display: 'console', width: 128, height: 128, parts: [{ x: 0, y: 0, width: 128, height: 128 }] })
    expect(events[1]).toMatchObject({ at: 1_500, parts: [{ x: 64, y: 0, width: 64, height: 64 }] })
    expect(parts.looks).toBe(0)
    expect(parts.screen.watched).toBe(false)
    expect(finished).toBe(true)
    expect(clock.waiting).toBe(0)
  })

  it('never says of an event that it was before its chunk, or before what stands above it, however slow the machine is', async () => {
    let looked = 0
    begin(tinyJpeg, () => clock.now() + (looked += 3))
    await recorder.show('console')
    recorder.terminalOpened(1, 80, 24)
    await pass(6_000)
    recorder.terminalWrote(1, Buffer.from('ls\r\n'))
    await pass(6_000)
    recorder.terminalResized(1, 90, 30)
    await pass(6_000)
    recorder.terminalClosed(1)
    await pass(6_000)
    recorder.hide('console')
    await recorder.finish()
    expect(chunks.length).toBeGreaterThanOrEqual(5)
    for (const at of chunks.keys()) {
      const { head, events } = read(at)
      expect(events.map(({ at: ms }) => ms >= head.fromMs && ms <= head.toMs)).toEqual(events.map(() => true))
    }
  })

  it('makes JPEGs that show what was there', async () => {
    begin(makeJpeg)
    for (let y = 0; y < 64; y += 1) for (let x = 0; x < 64; x += 1) parts.screen.draw(x, y, 0x0000ff)
    await recorder.show('console')
    recorder.hide('console')
    await recorder.finish()
    const [key] = read(0).events
    if (key?.type !== 'picture') throw new Error('no picture')
    const image = await loadImage(Buffer.from(key.parts[0]?.jpeg ?? '', 'base64'))
    const canvas = createCanvas(128, 128)
    canvas.getContext('2d').drawImage(image, 0, 0)
    const at = (x: number, y: number) =>
      [...canvas.getContext('2d').getImageData(x, y, 1, 1).data.subarray(0, 3)].map((value) => Math.round(value / 64) * 64)
    expect(at(20, 20)).toEqual([256, 0, 0])
    expect(at(100, 100)).toEqual([256, 256, 256])
  })

  it('begins each chunk so that it can be played alone', async () => {
    await recorder.show('console')
    recorder.terminalOpened(2, 80, 24)
    recorder.terminalWrote(2, Buffer.from('one\r\n'))
    await pass(5_500)
    recorder.terminalWrote(2, Buffer.from('two\r\n'))
    await pass(500)
    await recorder.finish()
    expect(kinds(read(0).events)).toEqual(['key', 'terminal', 'terminal'])
    const { head, events } = read(1)
    expect(head).toMatchObject({ number: 2, fromMs: 5_500, toMs: 6_000 })
    expect(kinds(events)).toEqual(['key', 'terminal', 'terminal'])
    expect(events[1]).toEqual({ type: 'terminal', at: 5_500, terminal: 2, columns: 80, rows: 24, text: 'one\r\n', clear: true })
    expect(events[2]).toMatchObject({ text: 'two\r\n' })
  })

  it('makes no chunks while nothing happens', async () => {
    await recorder.show('console')
    await pass(60_000)
    await until('the chunk is packed', () => chunks.length > 0)
    parts.screen.draw(0, 0, 1)
    await pass(6_000)
    await recorder.finish()
    expect(chunks).toHaveLength(2)
    expect(kinds(read(1).events)).toEqual(['key'])
  })

  it('takes another size of a display as a whole picture', async () => {
    await recorder.show('console')
    parts.screen.resize(256, 64)
    await pass(500)
    await recorder.finish()
    const [, sized] = read(0).events
    expect(sized).toMatchObject({ key: true, width: 256, height: 64, parts: [{ width: 256, height: 64 }] })
  })

  it('looks once at a display that is shown twice, as long as it is', async () => {
    await Promise.all([recorder.show('console'), recorder.show('console')])
    expect(parts.looks).toBe(1)
    recorder.hide('console')
    expect(parts.looks).toBe(1)
    recorder.hide('console')
    expect(parts.looks).toBe(0)
    await recorder.show('console')
    await recorder.finish()
    expect(kinds(read(0).events)).toEqual(['key', 'dark', 'key'])
  })

  it('keeps letters whole that a terminal writes in pieces', async () => {
    recorder.terminalOpened(1, 80, 24)
    const bytes = Buffer.from('Montréal')
    recorder.terminalWrote(1, bytes.subarray(0, 6))
    recorder.terminalWrote(1, bytes.subarray(6))
    recorder.terminalResized(1, 100, 30)
    recorder.terminalClosed(1)
    recorder.terminalWrote(1, Buffer.from('late'))
    await recorder.finish()
    const { events } = read(0)
    expect(events[0]).toEqual({ type: 'terminal', at: 0, terminal: 1, columns: 80, rows: 24, text: '', clear: true })
    expect(events.flatMap((event) => (event.type === 'terminal' && event.clear !== true ? [event.text] : [])).join('')).toBe('Montréal')
    expect(events.at(-2)).toMatchObject({ columns: 100, rows: 30, text: '' })
    expect(events.at(-1)).toEqual({ type: 'terminalClosed', at: 0, terminal: 1 })
  })

  it('cuts chunks that become large, each within the limits', async () => {
    recorder.terminalOpened(1, 80, 24)
    const screenful = Buffer.from('0123456789abcdef'.repeat(4_096))
    for (let written = 0; written < 100; written += 1) recorder.terminalWrote(1, screenful)
    await recorder.finish()
    expect(chunks.length).toBeGreaterThan(2)
    for (const { bytes } of chunks) {
      expect(bytes.length).toBeLessThan(limits.recordingChunkBytes)
      expect(gunzipSync(bytes).length).toBeLessThan(limits.recordingUnpackedBytes)
    }
    expect(chunks.map(({ number }) => number)).toEqual(chunks.map((_, index) => index + 1))
    const text = chunks
      .flatMap((_, at) => read(at).events.flatMap((event) => (event.type === 'terminal' && event.clear !== true ? [event.text] : [])))
      .join('')
    expect(text).toHaveLength(100 * screenful.length)
  })

  it('cuts chunks of large pictures', async () => {
    begin((_pixels, _width, _height, most) => Promise.resolve(Buffer.alloc(most, 7)))
    await recorder.show('console')
    for (let changes = 0; changes < 8; changes += 1) {
      parts.screen.draw(changes, changes, changes + 1)
      await pass(500)
    }
    await recorder.finish()
    expect(chunks.length).toBeGreaterThan(1)
    for (let at = 0; at < chunks.length; at += 1) expect(kinds(read(at).events)[0]).toBe('key')
  })

  it('fails where a display cannot be seen, and where a picture cannot be made', async () => {
    parts.unseen = new Error('it is alone')
    await expect(recorder.show('console')).rejects.toThrow('it is alone')
    expect(failures).toEqual([])
    parts.unseen = undefined
    begin(() => Promise.reject(new Error('no memory')))
    await expect(recorder.show('console')).rejects.toThrow('no memory')
    await recorder.finish()
    expect(failures).toEqual(['no memory'])
    expect(chunks).toEqual([])
  })

  it('says so when it loses a display that is still shown, and not when that goes dark with it', async () => {
    await recorder.show('console')
    for (const lose of parts.lost) lose('remote.screenAlone')
    recorder.hide('console')
    await pass(2_000)
    expect(lost).toEqual([])
    await recorder.show('console')
    for (const lose of parts.lost) lose('remote.screenAlone')
    await pass(2_000)
    expect([lost, failures]).toEqual([['console remote.screenAlone'], []])
  })

  it('takes nothing more after the end', async () => {
    await recorder.show('console')
    await recorder.finish()
    const before = chunks.length
    recorder.terminalOpened(1, 80, 24)
    await recorder.show('frontOfRoom1')
    await recorder.finish()
    await pass(10_000)
    expect(chunks).toHaveLength(before)
    expect(parts.looks).toBe(0)
  })
})
