import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DeviceId, JournalId, RoomId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { inProcessBus } from '../ground/bus.ts'
import { makeMetrics } from '../ground/ops/metrics.ts'
import { Store } from '../ground/store/store.ts'
import { system } from '../ground/store/transaction.ts'
import { Rooms } from '../incidents/rooms.ts'
import { schema } from '../schema.ts'
import { Intake } from './intake.ts'
import type { SessionOutcome } from './intakeItems.ts'
import { AgentSession, AgentSocket, type SessionOwner } from './session.ts'
import { Silences } from './silences.ts'

const tenant = TenantId.parse(v7())
const nobody: SessionOwner = { receive: () => undefined, broken: () => undefined, gone: () => undefined }

/** A socket that is connected to nothing and counts how often it was told to stop. */
class StillSocket extends AgentSocket {
  pauses = 0
  resumes = 0
  constructor() {
    super('ws://127.0.0.1:9', { lookup: () => undefined })
    this.on('error', () => undefined)
  }
  override pause(): void {
    this.pauses++
  }
  override resume(): void {
    this.resumes++
  }
}

let folder: string
let store: Store
let rooms: Rooms
let outcomes: SessionOutcome[]
let failed: unknown[]
let intake: Intake

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roomkeeper-intake-'))
  const bus = inProcessBus((error) => {
    throw error
  })
  store = await Store.open({ schema, path: join(folder, 'service.db'), bus, ...realSystem })
  await store.createTenant({ id: tenant, name: 'Contoso', issuer: 'issuer', directory: 'directory' }, system, async () => undefined)
  rooms = new Rooms()
  outcomes = []
  failed = []
  intake = new Intake({
    store,
    rooms,
    metrics: makeMetrics(),
    ...realSystem,
    isPresent: () => false,
    onCommitted: (found) => {
      outcomes.push(...found)
      for (const { session, progress } of found) session.progress = progress
    },
    onFailed: (items, error) => failed.push([items.length, error]),
  })
})
afterEach(async () => {
  await intake.idle()
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

async function makeSession(): Promise<{ session: AgentSession; socket: StillSocket }> {
  const socket = new StillSocket()
  const session = new AgentSession(socket, nobody, '', Date.now())
  const [device, room] = [DeviceId.parse(v7()), RoomId.parse(v7())]
  await store.write(tenant, system, async (tx) => {
    const place = { country: '', city: '', building: '', floor: '', timeZone: 'UTC' }
    const facts = { platform: '', os: '', manufacturer: '', model: '', serial: '', agentVersion: '', appVersion: '', address: '' }
    const work = rooms.within(tx)
    await work.create({
      id: room,
      name: 'Room',
      place,
      onboardedAt: 1,
      inCall: false,
      device: { id: device, profile: 'generic', keyProtection: 'tpm', ...facts },
    })
    await work.flush()
  })
  session.identity = { device, tenant, room }
  session.phase = 'arriving'
  intake.add({ kind: 'arrival', session, journal: JournalId.parse(v7()), clockOffsetMs: 0, clockAheadMs: 0, restarted: false })
  await intake.idle()
  return { session, socket }
}

const reportOf = (session: AgentSession, number: number) =>
  ({
    kind: 'report',
    session,
    first: number,
    number,
    receivedAt: Date.now(),
    report: { number, observedAt: Date.now(), signals: {} },
  }) as const

describe('intake', () => {
  it('commits what came together with one acknowledgement per device, and writes its progress', async () => {
    const { session } = await makeSession()
    outcomes = []
    for (let number = 1; number <= 500; number++) intake.add(reportOf(session, number))
    await intake.idle()
    expect(outcomes.map(({ progress }) => progress.acknowledged)).toEqual([500])
    const row = await store.read(tenant, 'wholeTenant').tables.deviceProgress().select('acknowledged').executeTakeFirst()
    expect(row?.acknowledged).toBe(500)
  })

  it('stops reading from who fills the queue, and goes on when there is room', async () => {
    const { session, socket } = await makeSession()
    for (let number = 1; number <= limits.intakeQueue + 10; number++) intake.add(reportOf(session, number))
    expect(socket.pauses).toBe(1)
    await intake.idle()
    expect(socket.resumes).toBe(1)
    expect(session.progress?.acknowledged).toBe(limits.intakeQueue + 10)
  })

  it('passes over reports behind one that is missing', async () => {
    const { session } = await makeSession()
    for (const number of [1, 2, 4, 5]) intake.add(reportOf(session, number))
    await intake.idle()
    expect(session.progress?.acknowledged).toBe(2)
  })

  it('[ROM-2] says how far a device’s clock is off while it is: anew where it is another word, and as a signal', async () => {
    const { session } = await makeSession()
    const { identity } = session
    if (!identity) throw new Error('It is nobody.')
    const journal = JournalId.parse(v7())
    const comesWith = async (clockAheadMs: number) => {
      session.phase = 'arriving'
      intake.add({ kind: 'arrival', session, journal, clockOffsetMs: 0, clockAheadMs, restarted: false })
      await intake.idle()
      const doc = await store.read(tenant, 'wholeTenant').get('device', identity.room)
      return [doc?.device.clockAheadMs, await store.read(tenant, 'wholeTenant').lastSeq()]
    }
    const [none, before] = await comesWith(0)
    expect(none).toBeUndefined()
    // As much as a message may take on its way is no word about a clock.
    expect(await comesWith(limits.wrongClockMs - 1)).toEqual([undefined, before])
    const hour = 3_600_000
    const [fast, said] = await comesWith(9 * hour)
    expect(fast).toBe(9 * hour)
    for (const jitter of [-4_000, 2_500, -29_999, 29_999]) expect(await comesWith(9 * hour + jitter)).toEqual([9 * hour, said])
    expect((await comesWith(9 * hour + limits.wrongClockStepMs))[0]).toBe(9 * hour + limits.wrongClockStepMs)
    expect((await comesWith(-2 * hour))[0]).toBe(-2 * hour)
    const [right, cleared] = await comesWith(900)
    expect(right).toBeUndefined()
    expect(await comesWith(-900)).toEqual([undefined, cleared])
    // One that is at the border is not said and taken back in turns.
    const [slow, slowSaid] = await comesWith(-limits.wrongClockMs)
    expect(slow).toBe(-limits.wrongClockMs)
    expect(await comesWith(1_000 - limits.wrongClockMs)).toEqual([-limits.wrongClockMs, slowSaid])
    const { items: events } = await store.read(tenant, 'wholeTenant').transitions(identity.room, { limit: 100 })
    expect(events.flatMap(({ kind, signal, value }) => (kind === 'signal' ? [[signal, value]] : [])).toReversed()).toEqual([
      ['software.timeDrift', 'unhealthy'],
      ['software.timeDrift', 'healthy'],
      ['software.timeDrift', 'unhealthy'],
    ])
    expect(await store.read(tenant, 'wholeTenant').count('incident')).toBe(0)
  })

  it("lets one device's failure be its own", async () => {
    const [bad, good] = [(await makeSession()).session, (await makeSession()).session]
    const poison = {
      ...reportOf(bad, 1),
      report: {
        number: 1,
        observedAt: 0,
        signals: {},
        get full(): boolean {
          throw new Error('poison')
        },
      },
    }
    intake.add(poison)
    intake.add(reportOf(good, 1))
    await intake.idle()
    expect(failed).toEqual([[1, new Error('poison')]])
    expect(good.progress?.acknowledged).toBe(1)
    expect(bad.progress?.acknowledged).toBe(0)
  })
})

describe('[ROM-1] silences', () => {
  it('are named once, not before their time, and not while the service itself is young', () => {
    const silences = new Silences(100, 1_000)
    const room = RoomId.parse(v7())
    silences.expect(tenant, room, 500)
    expect(silences.due(999)).toEqual([])
    expect(silences.due(1_000)).toEqual([{ tenant, room, lastContactAt: 500 }])
    expect(silences.due(2_000)).toEqual([])
    silences.expect(tenant, room, 2_000)
    expect(silences.due(2_099)).toEqual([])
    silences.arrived(room)
    expect(silences.due(9_000)).toEqual([])
    silences.again({ tenant, room, lastContactAt: 2_000 })
    expect(silences.due(9_000)).toEqual([{ tenant, room, lastContactAt: 2_000 }])
    // It has come and gone since.
    silences.expect(tenant, room, 8_950)
    silences.again({ tenant, room, lastContactAt: 2_000 })
    expect(silences.due(9_000)).toEqual([])
  })

  it('[ROM-1] that could not be said is said again from a time on, by the clock as it is then', () => {
    const silences = new Silences(100, 1_000)
    const room = RoomId.parse(v7())
    silences.again({ tenant, room, lastContactAt: 2_000 }, 9_000)
    expect(silences.due(8_999)).toEqual([])
    silences.shift((at) => at + 500, 500)
    expect(silences.due(9_499)).toEqual([])
    expect(silences.due(9_500)).toMatchObject([{ room, lastContactAt: 2_500 }])
  })
})
