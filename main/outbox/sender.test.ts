import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CommandOutcome, type CommandRequest, QueuedCommand } from '../../contract/commands.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { someBytes } from '../../contract/testing/chance.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { fakeSystem } from '../../contract/testing/system.ts'
import { settle } from '../../contract/testing/wait.ts'
import { openWritable } from '../cache/open.ts'
import { createLog } from '../log.ts'
import { idOf } from '../testing/documents.ts'
import { tempFolder } from '../testing/fakes.ts'
import { Outbox } from './outbox.ts'
import { Sender } from './sender.ts'
import { outboxMigrations, OutboxStore } from './store.ts'

const fileKey = someBytes(32)
let folder: ReturnType<typeof tempFolder>
let clock: FakeClock
let outbox: Outbox
let sender: Sender
/** What was sent, and how a test answers it. */
let sent: { text: string; request: CommandRequest; answer(outcome: CommandOutcome): void; fail(error: unknown): void }[]

const comment = (incident: number, text: string) =>
  QueuedCommand.parse({ type: 'incident.comment', incident: idOf('incident', incident), text })
const applied: CommandOutcome = { outcome: 'applied', at: 1 }
const last = () => sent.at(-1)!

beforeEach(() => {
  folder = tempFolder()
  clock = new FakeClock()
  sent = []
  outbox = new Outbox(OutboxStore.open(join(folder.path, 'outbox.db'), fileKey, clock.now()).store, fakeSystem(clock))
  sender = new Sender({
    outbox,
    clock,
    random: () => 1,
    log: createLog('silent'),
    send: (request, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new RoomkeeperError('network.offline')))
        sent.push({ text: request.command.type === 'incident.comment' ? request.command.text : '', request, answer: resolve, fail: reject })
      }),
  })
})
afterEach(async () => {
  sender.stop()
  await sender.idle()
  outbox.close()
  folder.remove()
})

describe('[CON-3] the sender', () => {
  it('sends one at a time, in order, each once', async () => {
    for (const text of ['a', 'b', 'c']) outbox.submit(comment(1, text))
    sender.online = true
    for (const text of ['a', 'b', 'c']) {
      await settle()
      expect(last().text).toBe(text)
      last().answer(applied)
    }
    await settle()
    expect(sent.length).toBe(3)
    expect(outbox.rows().map(({ state }) => state)).toEqual(['sent', 'sent', 'sent'])
  })

  it('sends nothing while it may not, and what was on its way again afterwards under its key', async () => {
    outbox.submit(comment(1, 'a'))
    sender.kick()
    await settle()
    expect(sent).toEqual([])
    sender.online = true
    sender.online = false
    await settle()
    expect(outbox.rows()).toMatchObject([{ state: 'pending', tries: 1 }])
    sender.online = true
    await settle()
    expect(sent.map(({ request }) => request.key)).toEqual([last().request.key, last().request.key])
  })

  it.each(['network.offline', 'auth.expired', 'rate.limited', 'service.unavailable'] as const)(
    'waits with everything on %s, longer each time, and begins anew when told',
    async (code) => {
      outbox.submit(comment(1, 'a'))
      outbox.submit(comment(2, 'b'))
      sender.online = true
      const pauses: number[] = []
      for (let n = 0; n < 4; n++) {
        last().fail(new RoomkeeperError(code))
        await settle()
        pauses.push(clock.next()!)
        clock.advance(clock.next()!)
      }
      expect(pauses).toEqual([500, 1_000, 2_000, 4_000])
      expect(sent.map(({ text }) => text)).toEqual(['a', 'a', 'a', 'a', 'a'])
      last().fail(new RoomkeeperError(code))
      await settle()
      sender.kick()
      await settle()
      last().answer(applied)
      await settle()
      expect(last().text).toBe('b')
    },
  )

  it('sends again, under its key, what was answered while another program locked the outbox', async () => {
    const key = outbox.submit(comment(1, 'a'))
    sender.online = true
    const other = openWritable({ path: join(folder.path, 'outbox.db'), key: fileKey, migrations: outboxMigrations, synchronous: 'full' })
    other.exec('begin immediate')
    last().answer(applied)
    await settle()
    expect(outbox.get(key)?.state).toBe('pending')
    clock.advance(500)
    await settle()
    expect(sent.length).toBe(1)
    other.exec('rollback')
    other.close()
    clock.advance(1_000)
    expect(sent.map(({ request }) => request.key)).toEqual([key, key])
    last().answer(applied)
    await settle()
    expect(outbox.get(key)?.state).toBe('sent')
  })

  it('waits as long as the service asks', async () => {
    outbox.submit(comment(1, 'a'))
    sender.online = true
    last().fail(new RoomkeeperError('rate.limited', { params: { retryAfterMs: 7_000 } }))
    await settle()
    expect(clock.next()).toBe(7_000)
  })

  it('goes on with other things when one meets a failing service, but not with the same thing', async () => {
    for (const [incident, text] of [
      [1, 'a1'],
      [1, 'a2'],
      [2, 'b'],
    ] as const)
      outbox.submit(comment(incident, text))
    sender.online = true
    last().fail(new RoomkeeperError('service.failed'))
    await settle()
    expect(last().text).toBe('b')
    last().answer(applied)
    await settle()
    clock.advance(500)
    await settle()
    expect(sent.map(({ text }) => text)).toEqual(['a1', 'b', 'a1'])
    last().answer(applied)
    await settle()
    expect(last().text).toBe('a2')
  })

  it.each([
    ['as an outcome', (n: number) => sent[n]!.answer({ outcome: 'refused', code: 'incident.resolved' })],
    ['as a problem', (n: number) => sent[n]!.fail(new RoomkeeperError('incident.resolved'))],
  ])('parks what is refused %s and goes on', async (_how, refuse) => {
    outbox.submit(comment(1, 'a'))
    outbox.submit(comment(1, 'b'))
    sender.online = true
    refuse(0)
    await settle()
    expect(last().text).toBe('b')
    expect(outbox.rows()).toMatchObject([{ state: 'refused', refusal: { code: 'incident.resolved' } }, { state: 'sending' }])
  })

  const turnedAway = ['auth.removed', 'auth.unknownTenant', 'partner.multiFactor'] as const
  it.each(turnedAway)('does not call refused with %s what an earlier try may have done', async (code) => {
    outbox.submit(comment(1, 'a'))
    outbox.submit(comment(2, 'b'))
    sender.online = true
    last().fail(new RoomkeeperError('network.offline'))
    await settle()
    sender.kick()
    await settle()
    for (const text of ['a', 'b']) {
      expect(last().text).toBe(text)
      last().fail(new RoomkeeperError(code))
      await settle()
    }
    expect(outbox.rows().map(({ refusal }) => refusal?.code)).toEqual(['command.unanswered', code])
  })

  it('does not send again what waits for approval, and goes on behind it', async () => {
    const key = outbox.submit(comment(1, 'a'))
    outbox.submit(comment(1, 'b'))
    sender.online = true
    last().answer({ outcome: 'requested', request: key as never, expiresAt: 1 })
    await settle()
    expect(last().text).toBe('b')
    last().answer(applied)
    await settle()
    sender.kick()
    clock.advance(3_600_000)
    await settle()
    expect(sent.map(({ text }) => text)).toEqual(['a', 'b'])
    expect(outbox.get(key)?.state).toBe('requested')
  })

  it('lets a command go whose receipt came before its answer', async () => {
    const key = outbox.submit(comment(1, 'a'))
    sender.online = true
    outbox.confirm([key])
    last().answer(applied)
    await settle()
    expect(outbox.rows()).toEqual([])
  })
})
