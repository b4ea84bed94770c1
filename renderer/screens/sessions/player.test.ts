import { describe, expect, it } from 'vitest'
import { SessionId } from '../../../contract/ids.ts'
import type { RecordingChunk, RecordingEvent, RecordingIndex } from '../../../contract/recording.ts'
import { settle } from '../../../contract/testing/wait.ts'
import { makeSessionRecord } from '../../fixtures/fake-remote.ts'
import { Player } from './player.ts'

const session = SessionId.parse('01900000-0000-7000-8000-000000000001')
const written = (at: number, text: string): RecordingEvent => ({ type: 'terminal', at, terminal: 1, columns: 80, rows: 24, text })
/** Three chunks of ten seconds; each says where it begins and what happens every second. */
const chunks: RecordingChunk[] = [0, 1, 2].map((n) => ({
  head: { session, number: n + 1, fromMs: n * 10_000, toMs: n * 10_000 + 9_999 },
  events: [
    { type: 'terminal', at: n * 10_000, terminal: 1, columns: 80, rows: 24, text: `[${n}]`, clear: true },
    ...Array.from({ length: 9 }, (_, second) => written(n * 10_000 + (second + 1) * 1_000, String(second + 1))),
  ],
}))
const index: RecordingIndex = {
  session,
  record: makeSessionRecord(1),
  startedAt: 0,
  durationMs: 30_000,
  complete: true,
  chunks: chunks.map(({ head }) => ({ ...head, bytes: 1 })),
}

function stage() {
  const shown: string[] = []
  return {
    shown,
    clear: () => void shown.splice(0),
    show: (event: RecordingEvent) => {
      if (event.type !== 'terminal') return
      if (event.clear) shown.splice(0)
      shown.push(event.text)
    },
  }
}

function player(broken: number[] = []) {
  const asked: number[] = []
  const on = stage()
  const made = new Player({
    index,
    stage: on,
    onState: () => undefined,
    chunk: async (number) => {
      asked.push(number)
      const chunk = chunks[number - 1]
      if (chunk === undefined || broken.includes(number)) throw new Error('gone')
      return chunk
    },
  })
  return { made, asked, shown: on.shown, broken }
}

describe('a recording', () => {
  it('shows at any moment what had happened until then, and reads only the chunk that holds it', async () => {
    const { made, asked, shown } = player()
    await made.seek(23_500)
    expect(shown.join(' ')).toBe('[2] 1 2 3')
    await made.seek(4_000)
    expect(shown.join(' ')).toBe('[0] 1 2 3 4')
    expect(asked).toEqual([3, 1])
  })

  it('plays on from chunk to chunk, and stops at its end', async () => {
    const { made, shown } = player()
    await made.seek(8_000)
    made.play()
    for (let n = 0; n < 23; n++) {
      made.advance(1_000)
      await settle()
    }
    expect(made.state).toMatchObject({ position: 30_000, playing: false })
    expect(shown.join(' ')).toBe('[2] 1 2 3 4 5 6 7 8 9')
    made.play()
    await settle()
    expect(made.state).toMatchObject({ position: 0, playing: true })
    expect(shown.join(' ')).toBe('[0]')
  })

  it('begins where there is something to see', async () => {
    const late: RecordingChunk = {
      head: { session, number: 1, fromMs: 0, toMs: 9_999 },
      events: [written(3_000, '3'), written(4_000, '4')],
    }
    const on = stage()
    const made = new Player({ index, stage: on, onState: () => undefined, chunk: async () => late })
    await made.begin()
    expect(made.state.position).toBe(3_000)
    expect(on.shown.join(' ')).toBe('3')
  })

  it('obeys the last of several seeks', async () => {
    const { made, shown } = player()
    await Promise.all([made.seek(25_000), made.seek(1_000), made.seek(12_000)])
    expect(shown.join(' ')).toBe('[1] 1 2')
    expect(made.state.position).toBe(12_000)
  })

  it('stops where a chunk cannot be read, and goes on from there once it can', async () => {
    const { made, shown, broken } = player([2])
    await made.seek(9_500)
    made.play()
    made.advance(1_000)
    await settle()
    expect(made.state).toMatchObject({ playing: false, waiting: false, position: 10_500 })
    expect(made.state.failed).toBeInstanceOf(Error)
    broken.splice(0)
    await made.seek(10_500)
    expect(made.state.failed).toBeNull()
    expect(shown.join(' ')).toBe('[1]')
  })
})
