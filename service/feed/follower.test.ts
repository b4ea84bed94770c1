import { v7 } from 'uuid'
import { beforeEach, describe, expect, it } from 'vitest'
import { defaultSettings, type Incident } from '../../contract/entities.ts'
import { feedProtocolVersion, FeedToConsole } from '../../contract/feed.ts'
import { IncidentId, RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { dayMs, kept } from '../../contract/retention.ts'
import { systemAt } from '../../contract/testing/system.ts'
import { settle } from '../../contract/testing/wait.ts'
import type { BusTopics } from '../ground/bus.ts'
import type { Caller } from '../ground/caller.ts'
import { system } from '../ground/store/transaction.ts'
import { DirectoryRig } from '../testing/access/directoryRig.ts'
import { cyd } from '../testing/directory/organisations.ts'
import { Cursors } from './cursors.ts'
import { Follower, type FeedSocket, SharedRows } from './follower.ts'

const rig = new DirectoryRig()
const cursors = new Cursors(Buffer.alloc(32, 1))

/** What it was sent; `full` keeps the next text until `drain`. */
class Socket implements FeedSocket {
  readyState = 1
  bufferedAmount = 0
  said: FeedToConsole[] = []
  #sent: (() => void)[] = []

  send(text: string, sent?: () => void): void {
    this.said.push(FeedToConsole.parse(JSON.parse(text)))
    if (sent) this.#sent.push(sent)
  }

  fill(): void {
    this.bufferedAmount = limits.feedBufferedBytes
  }

  drain(): void {
    this.bufferedAmount = 0
    this.#sent.splice(0).forEach((sent) => sent())
  }

  close(): void {
    this.readyState = 2
  }

  terminate = this.close
}

const incident: Omit<Incident, 'id'> = {
  number: 1,
  room: RoomId.parse(v7()),
  signal: 'peripherals.camera',
  severity: 'important',
  status: 'resolved',
  value: 'healthy',
  since: 1,
  openings: 1,
  flapping: false,
  changedAt: 1,
}

let socket: Socket
let follower: Follower
let caller: Caller
const problems: unknown[] = []

const current = () => ({ access: caller.access, scopeVersion: caller.scopeVersion, removed: false, multiFactor: false })
const lastSeq = () => rig.read().lastSeq()

async function hello(seq?: number, partial = false): Promise<void> {
  const lineage = await rig.made.store.lineage(rig.made.contoso)
  const cursor = cursors.cursor(caller, lineage.at(seq ?? (await lastSeq())))
  follower.hello(current(), feedProtocolVersion, { cursor, scope: caller.scopeVersion, partial }, lineage, await lastSeq())
}

/** A change that everybody who sees settings hears of, as the bus brings it. */
async function change(openHoldMs: number): Promise<void> {
  await rig.made.store.write(rig.made.contoso, system, async (tx) =>
    tx.put('settings', { id: rig.made.contoso, ...defaultSettings, openHoldMs }),
  )
  const upTo = await lastSeq()
  const rows = (await rig.read().changesAfter(upTo - 1, 10)).map((row) => ({ ...row, difference: JSON.stringify({ openHoldMs }) }))
  const changes: BusTopics['changes'] = { tenant: rig.made.contoso, upTo, rows }
  follower.changed(new SharedRows(changes))
}

/** The values of the settings that it was sent, in their order. */
const holds = (): unknown[] =>
  socket.said.flatMap((message) =>
    message.type === 'batch'
      ? message.rows.flatMap(({ kind, doc, difference }) => {
          const told = difference ?? doc
          return kind === 'settings' && typeof told === 'object' && told !== null && 'openHoldMs' in told ? [told.openHoldMs] : []
        })
      : [],
  )

beforeEach(async () => {
  socket = new Socket()
  problems.length = 0
  caller = await rig.callerOf(cyd, rig.made.contoso, 'contoso')
  follower = new Follower(socket, caller, 0, {
    store: rig.made.store,
    cursors,
    beatMs: 1_000,
    ...systemAt(() => rig.now),
    onRows: () => undefined,
    onProblem: (_, error) => problems.push(error),
  })
  await hello()
  await settle()
})

/** How it was told of the settings: as a whole, or what is other. */
const ways = (): string[] =>
  socket.said.flatMap((message) =>
    message.type === 'batch' ? message.rows.map(({ difference }) => (difference === undefined ? 'whole' : 'difference')) : [],
  )

describe('a console that follows', () => {
  it('[CON-2] is told of a change what is other, but while it lacks something, and of what it missed', async () => {
    const before = await lastSeq()
    await change(1)
    await hello(before)
    await settle()
    expect(ways()).toEqual(['difference', 'whole'])
    socket.said = []
    await hello(undefined, true)
    await settle()
    await change(2)
    follower.isWhole(caller.scopeVersion)
    await change(3)
    expect(ways()).toEqual(['whole', 'difference'])
  })

  it('[ACC-8] is told as a whole what it may see anew, until it has that, under the scope that it has by then', async () => {
    follower.suspend()
    const wider = { ...current(), scopeVersion: caller.scopeVersion + 1 }
    follower.rescope(wider)
    await settle()
    await change(1)
    // It was made whole under the scope before.
    follower.isWhole(caller.scopeVersion)
    await change(2)
    follower.isWhole(wider.scopeVersion)
    await change(3)
    expect(ways()).toEqual(['whole', 'whole', 'difference'])
    expect(holds()).toEqual([1, 2, 3])
  })

  it('[CON-2] hears each change once it is live, and what it missed when it says hello again', async () => {
    const before = await lastSeq()
    await change(1)
    await change(2)
    expect(holds()).toEqual([1, 2])
    await hello(before)
    await settle()
    // The newest state, not its past.
    expect(holds()).toEqual([1, 2, 2])
    expect(problems).toEqual([])
  })

  it('[rule 12] fetches all that there is where it was away for longer than removals are told, and only then', async () => {
    const { store, contoso } = rig.made
    const [started, before] = [rig.now, await lastSeq()]
    const clara = IncidentId.parse(v7())
    await store.write(contoso, system, async (tx) => tx.put('incident', { ...incident, id: clara }))
    await store.write(contoso, system, (tx) => tx.remove('incident', clara))
    const prune = () => store.prune({ outcomes: 0, transitions: 0, removals: rig.now - kept.removalDays * dayMs })
    rig.now = started + 29 * dayMs
    await prune()
    socket.said = []
    await hello(before)
    await settle()
    expect(socket.said.flatMap((message) => (message.type === 'batch' ? message.rows.map(({ id }) => id) : []))).toContain(clara)
    rig.now = started + 31 * dayMs
    expect(await prune()).toMatchObject({ removals: 1 })
    socket.said = []
    await hello(before)
    await settle()
    expect(socket.said.map(({ type }) => type)).toEqual(['welcome', 'snapshot'])
    socket.said = []
    await hello()
    await settle()
    expect(socket.said.map(({ type }) => type)).toEqual(['welcome', 'batch'])
    rig.now = started
  })

  it('[CON-2] is sent nothing more while its socket is full, and then what is true by then', async () => {
    socket.fill()
    await change(1)
    await change(2)
    await change(3)
    expect(holds()).toEqual([1])
    socket.drain()
    await settle()
    expect(holds()).toEqual([1, 3])
    await change(4)
    expect(holds()).toEqual([1, 3, 4])
  })

  it('[ACC-8] is sent nothing under a scope that is being read, until each that was asked for is known', async () => {
    follower.suspend()
    follower.suspend()
    await change(1)
    follower.resume()
    await settle()
    expect(holds()).toEqual([])
    follower.rescope(current())
    await settle()
    expect(holds()).toEqual([1])
  })

  it('[ACC-8] drops what was being read when its scope changes, and a full socket holds it up beside that', async () => {
    const before = await lastSeq()
    await change(1)
    const told = holds().length
    void hello(before).then(() => follower.suspend())
    await settle()
    expect(holds()).toHaveLength(told)
    socket.fill()
    follower.resume()
    await settle()
    expect(holds().slice(told)).toEqual([1])
    await change(2)
    follower.suspend()
    socket.drain()
    await settle()
    expect(holds().slice(told)).toEqual([1])
    follower.resume()
    await settle()
    expect(holds().slice(told)).toEqual([1, 2])
  })

  it('[CON-2] is sent nothing after its end', async () => {
    follower.end()
    await change(1)
    follower.suspend()
    follower.resume()
    await settle()
    expect(holds()).toEqual([])
  })
})
