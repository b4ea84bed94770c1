import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { QueuedCommand } from '../../contract/commands.ts'
import { limits } from '../../contract/limits.ts'
import { someBytes } from '../../contract/testing/chance.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { fakeSystem } from '../../contract/testing/system.ts'
import { openWritable } from '../cache/open.ts'
import { idOf, makeRequest } from '../testing/documents.ts'
import { tempFolder } from '../testing/fakes.ts'
import { Outbox } from './outbox.ts'
import { outboxMigrations, OutboxStore } from './store.ts'

let folder: ReturnType<typeof tempFolder>
let clock: FakeClock
const key = someBytes(32)
const incident = idOf('incident', 1)
const comment = (text: string) => QueuedCommand.parse({ type: 'incident.comment', incident, text })
const path = (): string => join(folder.path, 'outbox.db')
const open = () => {
  const { store, setAside, saved } = OutboxStore.open(path(), key, clock.now())
  return { outbox: new Outbox(store, fakeSystem(clock)), setAside, saved }
}

beforeEach(() => {
  folder = tempFolder()
  clock = new FakeClock()
})
afterEach(() => folder.remove())

describe('[CON-3] the outbox', () => {
  it('keeps what was submitted, in order, and shows it as about its subject', () => {
    const { outbox } = open()
    const heard: string[][] = []
    outbox.listen((subjects) => heard.push([...subjects]))
    outbox.submit(comment('one'))
    outbox.submit(comment('two'))
    expect(heard).toEqual([[`incident:${incident}`], [`incident:${incident}`]])
    outbox.close()
    const again = open().outbox
    expect(again.about(`incident:${incident}`).map(({ command }) => command)).toEqual([comment('one'), comment('two')])
    expect(again.counts()).toEqual({ pending: 2, refused: 0, unsent: 2 })
    again.close()
  })

  it('sends what was on its way at the end again under its own key', () => {
    const { outbox } = open()
    const sent = outbox.submit(comment('one'))
    outbox.beginTry(sent)
    expect(outbox.get(sent)).toMatchObject({ state: 'sending', tries: 1 })
    outbox.close()
    const again = open().outbox
    expect(again.get(sent)).toMatchObject({ state: 'pending', tries: 1 })
    // It may have been applied: it cannot be taken back any more.
    expect(() => again.discard(sent)).toThrow(expect.objectContaining({ code: 'request.conflict' }))
    again.close()
  })

  it('[rule 11] dates what waits anew when the clock that it was dated by proves wrong', () => {
    const { outbox } = open()
    const waits = outbox.submit(comment('one'))
    const waitsToo = outbox.submit(comment('three'))
    const sent = outbox.submit(comment('two'))
    outbox.beginTry(sent)
    outbox.applied(sent)
    const issuedAt = clock.now()
    const byMs = 61 * 24 * 3_600_000
    clock.advance(1_000)
    // The clock is the service's, which is known from here on.
    clock.shift(byMs)
    const told: number[] = []
    outbox.listen((subjects) => told.push(subjects.length))
    outbox.dateAnew(byMs)
    expect([waits, waitsToo].map((key) => outbox.get(key)?.issuedAt)).toEqual([issuedAt + byMs, issuedAt + byMs])
    // However many wait, it is told once.
    expect(told).toHaveLength(1)
    expect(outbox.get(sent)?.issuedAt).toBe(issuedAt)
    expect(outbox.beginTry(waits)).toBe(true)
    outbox.close()
    // Of what an earlier run left nobody knows by which clock it was dated.
    const again = open().outbox
    again.dateAnew(byMs)
    expect(again.get(waits)?.issuedAt).toBe(issuedAt + byMs)
    again.close()
  })

  it('keeps an applied command over the picture until its receipt or a later snapshot', () => {
    const { outbox } = open()
    const [first, second] = [outbox.submit(comment('one')), outbox.submit(comment('two'))]
    outbox.applied(first)
    outbox.applied(second)
    expect(outbox.counts()).toMatchObject({ pending: 2, unsent: 0 })
    outbox.confirm([first])
    expect(outbox.get(first)).toBeUndefined()
    outbox.snapshotFinished(clock.now())
    expect(outbox.get(second)).toBeDefined()
    outbox.snapshotFinished(clock.now() + 1)
    expect(outbox.rows()).toEqual([])
    expect(outbox.subjects()).toEqual([])
    outbox.close()
  })

  it('parks what was refused with what was typed, and sends it again under a new key or forgets it', () => {
    const { outbox } = open()
    const refused = outbox.submit(comment('typed with care'))
    outbox.beginTry(refused)
    outbox.refused(refused, 'incident.notFound', 'gone')
    expect(outbox.about(`incident:${incident}`)).toEqual([])
    outbox.close()
    const again = open().outbox
    expect(again.get(refused)).toMatchObject({
      state: 'refused',
      refusal: { code: 'incident.notFound', detail: 'gone' },
      command: { text: 'typed with care' },
    })
    const next = again.retry(refused)
    expect(next).not.toBe(refused)
    expect(again.rows()).toMatchObject([{ key: next, state: 'pending', tries: 0 }])
    again.refused(next, 'access.denied')
    again.discard(next)
    expect(again.rows()).toEqual([])
    expect(() => again.discard(next)).toThrow(expect.objectContaining({ code: 'outbox.notFound' }))
    again.close()
  })

  it('keeps what waits for approval over restarts, as sent and not as unsent', () => {
    const { outbox } = open()
    const asked = outbox.submit(comment('please'))
    outbox.beginTry(asked)
    outbox.requested(asked)
    outbox.close()
    const again = open().outbox
    expect(again.rows()).toMatchObject([{ key: asked, state: 'requested' }])
    expect(again.about(`incident:${incident}`).map(({ key }) => key)).toEqual([asked])
    expect(again.counts()).toEqual({ pending: 1, refused: 0, unsent: 0 })
    expect(again.beginTry(asked)).toBe(false)
    expect(() => again.discard(asked)).toThrow(expect.objectContaining({ code: 'request.conflict' }))
    // Approved and done: its receipt comes as that of any other.
    again.confirm([asked])
    expect(again.rows()).toEqual([])
    again.close()
  })

  it.each([
    ['rejected', { status: 'rejected', note: 'not this week' }, { code: 'request.rejected', detail: 'not this week' }],
    ['expired', { status: 'expired' }, { code: 'request.expired' }],
    ['withdrawn', { status: 'withdrawn' }, { code: 'request.withdrawn' }],
    ['approved and failed', { status: 'failed', code: 'incident.resolved' }, { code: 'incident.resolved' }],
    ['failed for a reason of a newer service', { status: 'failed', code: 'moon.full' }, { code: 'service.failed' }],
  ] as const)('parks a request that was %s', (_how, end, refusal) => {
    const { outbox } = open()
    const [asked, other] = [outbox.submit(comment('please')), outbox.submit(comment('not sent yet'))]
    outbox.requested(asked)
    const decide = (how: Record<string, unknown>) => outbox.decided((key) => makeRequest(key, how))
    decide({ status: 'waiting' })
    expect(outbox.get(asked)?.state).toBe('requested')
    decide(end)
    expect(outbox.get(asked)).toMatchObject({ state: 'refused', refusal, command: { text: 'please' } })
    expect(outbox.get(other)?.state).toBe('pending')
    outbox.close()
  })

  it('lets a request go that was approved, and one of which nothing is known long after', () => {
    const { outbox } = open()
    const [approved, forgotten] = [outbox.submit(comment('one')), outbox.submit(comment('two'))]
    for (const key of [approved, forgotten]) outbox.requested(key)
    outbox.decided((key) => (key === approved ? makeRequest(key, { status: 'approved' }) : undefined))
    expect(outbox.rows().map(({ key }) => key)).toEqual([forgotten])
    clock.advance(limits.requestDays * 86_400_000)
    outbox.snapshotFinished(clock.now())
    expect(outbox.rows().length).toBe(1)
    clock.advance(limits.requestDays * 86_400_000 + 1)
    outbox.snapshotFinished(clock.now())
    expect(outbox.rows()).toEqual([])
    outbox.close()
  })

  it('parks what waited too long', () => {
    const { outbox } = open()
    const old = outbox.submit(comment('long ago'))
    clock.advance(limits.commandMaxAgeMs + 1)
    expect(outbox.beginTry(old)).toBe(false)
    expect(outbox.get(old)).toMatchObject({ state: 'refused', refusal: { code: 'command.expired' } })
    outbox.close()
  })

  it('[CON-3] parks what was sent without an answer as that, and never as refused', () => {
    const { outbox } = open()
    const [asked, untried, tried, done, refused] = ['one', 'two', 'three', 'four', 'five'].map((text) => outbox.submit(comment(text)))
    for (const key of [asked!, tried!, done!, refused!]) outbox.beginTry(key)
    outbox.requested(asked!)
    outbox.tryAgain(tried!)
    outbox.applied(done!)
    outbox.refused(refused!, 'incident.resolved')
    outbox.giveUp('access.denied')
    const codes = outbox.rows().map(({ key, state, refusal }) => [key, state, refusal?.code])
    expect(codes).toEqual([
      [asked, 'refused', 'command.unanswered'],
      [untried, 'refused', 'access.denied'],
      [tried, 'refused', 'command.unanswered'],
      [refused, 'refused', 'incident.resolved'],
    ])
    outbox.close()
  })

  it('[CON-3] parks what was sent and then waited too long as not answered', () => {
    const { outbox } = open()
    const old = outbox.submit(comment('long ago'))
    outbox.beginTry(old)
    outbox.tryAgain(old)
    clock.advance(limits.commandMaxAgeMs + 1)
    expect(outbox.beginTry(old)).toBe(false)
    expect(outbox.get(old)).toMatchObject({ state: 'refused', refusal: { code: 'command.unanswered' } })
    outbox.close()
  })

  it('says when it is full, and drops nothing', () => {
    const db = openWritable({ path: path(), key, migrations: outboxMigrations, synchronous: 'full' })
    const add = db.prepare('insert into command (key, body) values (?, ?)')
    db.transaction(() => {
      for (let n = 0; n < limits.outboxRows - 1; n++) add.run(String(n), '{}')
    })()
    db.close()
    const { outbox } = open()
    expect(() => outbox.submitAll(['one', 'too many'].map(comment))).toThrow(expect.objectContaining({ code: 'outbox.full' }))
    expect(outbox.rows()).toEqual([])
    outbox.submit(comment('the last'))
    expect(() => outbox.submit(comment('one too many'))).toThrow(expect.objectContaining({ code: 'outbox.full' }))
    outbox.close()
  })
})

describe('[CON-3] an outbox file that cannot be used', () => {
  const aside = (): string[] => readdirSync(folder.path).filter((name) => name.endsWith('.aside'))

  it('of a newer version is kept, and its rows are saved', () => {
    const { outbox } = open()
    const kept = outbox.submit(comment('saved'))
    outbox.close()
    openWritable({
      path: path(),
      key,
      migrations: [...outboxMigrations, (db) => db.exec('alter table command add column later text')],
      synchronous: 'full',
    }).close()
    const again = open()
    expect(again).toMatchObject({ setAside: 'newer', saved: 1 })
    expect(again.outbox.get(kept)).toMatchObject({ command: comment('saved') })
    expect(aside().length).toBe(1)
    again.outbox.close()
  })

  it('that is damaged is kept, and a new one takes over', () => {
    const { outbox } = open()
    outbox.submit(comment('lost to the disk'))
    outbox.close()
    const bytes = readFileSync(path())
    bytes.fill(7, 0, 4_096)
    writeFileSync(path(), bytes)
    const again = open()
    expect(again).toMatchObject({ setAside: 'unreadable', saved: 0 })
    expect(again.outbox.rows()).toEqual([])
    again.outbox.submit(comment('after'))
    expect(readFileSync(join(folder.path, aside()[0]!)).equals(bytes)).toBe(true)
    again.outbox.close()
  })

  it('is never deleted, however often', () => {
    for (let n = 0; n < 5; n++) {
      writeFileSync(path(), `junk ${n} `.repeat(2_000))
      open().outbox.close()
    }
    expect(aside().length).toBe(5)
  })
})
