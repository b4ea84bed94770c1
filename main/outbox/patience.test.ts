import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { QueuedCommand } from '../../contract/commands.ts'
import { limits } from '../../contract/limits.ts'
import { someBytes } from '../../contract/testing/chance.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { fakeSystem } from '../../contract/testing/system.ts'
import { settle } from '../../contract/testing/wait.ts'
import { type Db, openWritable } from '../cache/open.ts'
import { idOf } from '../testing/documents.ts'
import { tempFolder } from '../testing/fakes.ts'
import { Outbox } from './outbox.ts'
import { Patience } from './patience.ts'
import { outboxMigrations, OutboxStore } from './store.ts'

const key = someBytes(32)
const locked = { code: 'outbox.locked', status: 503 }
const comment = (text: string) => QueuedCommand.parse({ type: 'incident.comment', incident: idOf('incident', 1), text })

let folder: ReturnType<typeof tempFolder>
let clock: FakeClock
let outbox: Outbox
let patience: Patience
let other: Db

const open = () => new Outbox(OutboxStore.open(join(folder.path, 'outbox.db'), key, clock.now()).store, fakeSystem(clock))
const texts = (of: Outbox) => of.rows().map(({ command }) => (command.type === 'incident.comment' ? command.text : ''))
/** Lets all pauses go by that come up in so many ms of the clock. */
async function pass(ms: number): Promise<void> {
  for (const end = clock.steady() + ms; clock.steady() < end;) {
    await settle()
    clock.advance(Math.min(clock.next() ?? ms, end - clock.steady()))
  }
  await settle()
}

beforeEach(() => {
  folder = tempFolder()
  clock = new FakeClock()
  outbox = open()
  patience = new Patience(clock)
  other = openWritable({ path: join(folder.path, 'outbox.db'), key, migrations: outboxMigrations, synchronous: 'full' })
})
afterEach(() => {
  other.close()
  outbox.close()
  folder.remove()
})

it('[CON-3] what is done while another program locks the outbox is kept when it lets go, in the order in which it was done', async () => {
  const refused = outbox.submit(comment('refused'))
  outbox.refused(refused, 'access.denied')
  const waits = outbox.submit(comment('taken back'))
  other.exec('begin immediate')
  const kept = [
    patience.keep(() => outbox.submitAll(['one', 'two'].map(comment))),
    patience.keep(() => outbox.discard(waits)),
    patience.keep(() => outbox.retry(refused)),
    patience.keep(() => outbox.submit(comment('three'))),
  ]
  await pass(limits.outboxLockedMs / 2)
  expect(texts(outbox)).toEqual(['refused', 'taken back'])
  other.exec('rollback')
  await pass(100)
  await Promise.all(kept)
  expect(texts(outbox)).toEqual(['one', 'two', 'refused', 'three'])
  outbox.close()
  outbox = open()
  expect(texts(outbox)).toEqual(['one', 'two', 'refused', 'three'])
})

it('[CON-3] a lock that stays is named, nobody waits for it twice, and what was there before is whole', async () => {
  const before = outbox.submit(comment('before'))
  other.exec('begin immediate')
  const first = patience.keep(() => outbox.submit(comment('lost to nobody')))
  const second = patience.keep(() => outbox.discard(before))
  const refusals = Promise.all([first, second].map((each) => expect(each).rejects.toMatchObject(locked)))
  await pass(limits.outboxLockedMs + 200)
  await refusals
  const at = clock.steady()
  await expect(patience.keep(() => outbox.submit(comment('tried once')))).rejects.toMatchObject(locked)
  expect(clock.steady()).toBe(at)
  expect(texts(outbox)).toEqual(['before'])
  other.exec('rollback')
  await patience.keep(() => outbox.submit(comment('after')))
  outbox.close()
  outbox = open()
  expect(texts(outbox)).toEqual(['before', 'after'])
})

it('[CON-3] a lock that is met long after another one is waited for anew', async () => {
  other.exec('begin immediate')
  const refused = expect(patience.keep(() => outbox.submit(comment('refused')))).rejects.toMatchObject(locked)
  await pass(limits.outboxLockedMs + 200)
  await refused
  other.exec('rollback')
  await pass(limits.outboxLockedMs)
  other.exec('begin immediate')
  const kept = patience.keep(() => outbox.submit(comment('kept')))
  await pass(50)
  other.exec('rollback')
  await pass(100)
  await kept
  expect(texts(outbox)).toEqual(['kept'])
})

it('[CON-3] what is full says so, and no lock is waited for', async () => {
  await expect(patience.keep(() => outbox.checkRoom(limits.outboxRows + 1))).rejects.toMatchObject({ code: 'outbox.full' })
  other.exec('begin immediate')
  // Whether there is room is asked of all tenants' outboxes before any of them keeps something.
  expect(() => outbox.checkRoom(1)).toThrow(expect.objectContaining(locked))
  other.exec('rollback')
})

it('[CON-3] an outbox that is locked as it is opened is neither empty nor set aside', () => {
  outbox.submit(comment('kept'))
  outbox.close()
  other.pragma('locking_mode = exclusive')
  other.exec('begin exclusive')
  expect(() => open()).toThrow(expect.objectContaining(locked))
  other.exec('rollback')
  other.close()
  outbox = open()
  expect(texts(outbox)).toEqual(['kept'])
})
