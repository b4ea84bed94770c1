import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultSettings, type Settings } from '../../contract/entities.ts'
import { DeviceId, PersonId, RoomId, TenantId } from '../../contract/ids.ts'
import { signalCodes, type SignalId, type SignalValue } from '../../contract/signals.ts'
import { systemAt } from '../../contract/testing/system.ts'
import { type Bus, type BusTopics, inProcessBus } from '../ground/bus.ts'
import { Store } from '../ground/store/store.ts'
import { system, type TenantTransaction } from '../ground/store/transaction.ts'
import { schema } from '../schema.ts'
import { attend, changeLifecycle, changeSettings } from './actions.ts'
import type { RoomBase } from './documents.ts'
import { Rooms } from './rooms.ts'
import { Timers } from './timers.ts'

const tenant = TenantId.parse(v7())
const settings: Settings = { id: tenant, ...defaultSettings, openHoldMs: 1_000, resolveHoldMs: 1_000 }
const camera: SignalId = 'peripherals.camera'

let folder: string
let store: Store
let bus: Bus
let rooms: Rooms
let now: number

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roomkeeper-incidents-'))
  now = 1_000_000
  bus = inProcessBus((error) => {
    throw error
  })
  store = await Store.open({ schema, path: join(folder, 'service.db'), bus, ...systemAt(() => now) })
  rooms = new Rooms()
  await store.createTenant({ id: tenant, name: 'Contoso', issuer: 'issuer', directory: 'directory' }, system, async (tx) => {
    tx.put('settings', settings)
    await tx.insert.settingsHistory({ validFrom: tx.at, body: JSON.stringify(settings) }).execute()
  })
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

const write = <T>(work: (tx: TenantTransaction) => Promise<T>): Promise<T> => store.write(tenant, system, work)
const read = () => store.read(tenant, 'wholeTenant')
const timers = () =>
  new Timers({
    store,
    rooms,
    ...systemAt(() => now),
    onProblem: (error) => {
      throw error
    },
  })

const base = (id: RoomId): RoomBase => ({
  id,
  name: 'Room',
  place: { country: '', city: '', building: '', floor: '', timeZone: 'UTC' },
  onboardedAt: now,
  inCall: false,
  device: {
    id: DeviceId.parse(v7()),
    profile: 'generic',
    keyProtection: 'software',
    platform: '',
    os: '',
    manufacturer: '',
    model: '',
    serial: '',
    agentVersion: '',
    appVersion: '',
    address: '',
  },
})

async function makeRooms(count: number): Promise<RoomId[]> {
  const ids = Array.from({ length: count }, () => RoomId.parse(v7()))
  await write(async (tx) => {
    for (const id of ids) await rooms.within(tx).create(base(id))
    await rooms.within(tx).flush()
  })
  await write((tx) => changeLifecycle(rooms, tx, ids, 'enrolled'))
  return ids
}

const report = (room: RoomId, value: SignalValue, signal: SignalId = camera) =>
  write(async (tx) => {
    const work = rooms.within(tx)
    await work.load([room])
    work.take(room, { type: 'report', observedAt: now, signals: { [signal]: { value } } })
    await work.flush()
  })

const incidents = () => read().list('incident', { limit: 500 })
const person = { by: { id: PersonId.parse(v7()), name: 'Amélie' }, at: 1 }

describe('[INC-1] the engine in the store', () => {
  it('gives each signal of a room one number for life, without gaps, whatever the cache has forgotten', async () => {
    rooms = new Rooms(2)
    const ids = await makeRooms(6)
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.nat(5),
            fc.constantFrom<SignalValue>('healthy', 'unhealthy'),
            fc.constantFrom<SignalId>(camera, 'audio.speaker'),
            fc.nat(3_000),
          ),
          { maxLength: 12 },
        ),
        async (list) => {
          const before = new Map((await incidents()).map(({ id, number }) => [id, number]))
          for (const [index, value, signal, pause] of list) {
            const room = ids[index]
            if (room) await report(room, value, signal)
            now += pause
            await timers().run()
          }
          const after = await incidents()
          for (const { id, number } of after) if (before.has(id)) expect(number).toBe(before.get(id))
          expect(new Set(after.map(({ room, signal }) => `${room} ${signal}`)).size).toBe(after.length)
          expect(after.map(({ number }) => number).sort((a, b) => a - b)).toEqual(after.map((_, i) => i + 1))
        },
      ),
      { numRuns: 25 },
    )
  })

  it('forgets a transaction that failed, numbers included', async () => {
    const [room] = await makeRooms(1)
    if (!room) return
    const failing = write(async (tx) => {
      const work = rooms.within(tx)
      await work.load([room])
      work.take(room, { type: 'report', observedAt: now, signals: { [camera]: { value: 'unhealthy' } } })
      await work.flush()
      throw new Error('the disk is full')
    })
    await expect(failing).rejects.toThrow('the disk is full')
    expect(rooms.cached(room)?.state.signals[camera]).toBeUndefined()
    expect(await incidents()).toEqual([])
    await report(room, 'unhealthy')
    expect(await incidents()).toMatchObject([{ number: 1, status: 'investigating' }])
  })

  it.each([
    ['kept in memory', () => rooms],
    ['read again', () => new Rooms()],
  ])('[rule 9] writes of a room that is %s the document alone that changed, and tells what is other in it', async (_, before) => {
    const [room] = await makeRooms(1)
    if (!room) return
    await report(room, 'healthy')
    const changes: BusTopics['changes']['rows'][number][] = []
    bus.subscribe('changes', ({ rows }) => changes.push(...rows))
    const told = () =>
      changes.splice(0).flatMap(({ kind, difference }) => (kind === 'entry' || difference === null ? [] : [[kind, JSON.parse(difference)]]))
    rooms = before()
    await report(room, 'unhealthy')
    const state = { value: 'unhealthy', since: now, observedAt: now }
    const good = { healthy: { [signalCodes[camera]]: null } }
    expect(told()).toEqual([['room', { signals: { [camera]: state }, good, incidents: { investigating: 1 } }]])
    rooms = before()
    await write(async (tx) => {
      const work = rooms.within(tx)
      await work.load([room])
      work.facts(room, { os: 'Other OS' })
      await work.flush()
    })
    expect(told()).toEqual([['device', { device: { os: 'Other OS' } }]])
    rooms = before()
    await write(async (tx) => {
      const work = rooms.within(tx)
      await work.load([room])
      work.facts(room, { inCall: true })
      await work.flush()
      // Told by what is stored, and not by what was put a moment ago.
      work.facts(room, { inCall: false })
      work.rebase(room, { name: 'Other' })
      await work.flush()
    })
    expect(told()).toEqual([['room', { name: 'Other' }]])
  })

  it('fires timers from the table, after a restart too', async () => {
    const ids = await makeRooms(3)
    for (const id of ids) await report(id, 'unhealthy')
    expect(await store.nextRoomTimer()).toBe(now + 1_000)
    rooms = new Rooms()
    now += 999
    await timers().run()
    expect((await incidents()).map(({ status }) => status)).toEqual(['investigating', 'investigating', 'investigating'])
    now += 60_001
    await timers().run()
    expect((await incidents()).map(({ status, openedAt }) => [status, openedAt])).toEqual(ids.map(() => ['needAction', 1_001_000]))
    expect(await store.nextRoomTimer()).toBeNull()
    for (const id of ids)
      expect(await read().get('room', id)).toMatchObject({ health: 'unhealthy', healthSince: 1_001_000, incidents: { important: 1 } })
  })

  it.each([
    ['two hours before it', -2 * 3_600_000, 0],
    ['the moment before it', -1, 0],
    ['when it opened', 0, 0],
    ['two seconds later', 2_000, 2_000],
  ])('[rule 11] nobody attends to an incident before it is there, whatever their clock says: %s', async (_, said, kept) => {
    const [room] = await makeRooms(1)
    await report(room!, 'unhealthy')
    now += 1_000
    await timers().run()
    const { id, openedAt } = (await incidents())[0]!
    now += 5_000
    const attended = await write((tx) => attend(rooms, tx, id, { ...person, at: openedAt! + said }))
    expect(attended.acknowledged?.at).toBe(openedAt! + kept)
  })

  it('keeps what people did to an incident, and lets the acknowledgement go with the recovery', async () => {
    const [room] = await makeRooms(1)
    if (!room) return
    await report(room, 'unhealthy')
    const [incident] = await incidents()
    if (!incident) return
    await write((tx) => attend(rooms, tx, incident.id, person))
    await write(async (tx) => tx.put('incident', { ...incident, acknowledged: person, owner: person.by, changedAt: tx.at }))
    now += 1_000
    await timers().run()
    expect(await incidents()).toMatchObject([{ status: 'needAction', acknowledged: person, owner: person.by }])
    await report(room, 'healthy')
    now += 1_000
    await timers().run()
    const [resolved] = await incidents()
    expect(resolved).toMatchObject({ status: 'resolved', owner: person.by })
    expect(resolved?.acknowledged).toBeUndefined()
    await expect(write((tx) => attend(rooms, tx, incident.id, person))).rejects.toMatchObject({ code: 'incident.resolved' })
  })

  it('dates anew what waits when the settings change', async () => {
    const [room] = await makeRooms(1)
    if (!room) return
    await report(room, 'unhealthy')
    now += 500
    const change = (openHoldMs: number) =>
      write(async (tx) => {
        tx.put('settings', { ...settings, openHoldMs })
        await tx.insert.settingsHistory({ validFrom: tx.at, body: '{}' }).execute()
        await changeSettings(rooms, tx, settings, { ...settings, openHoldMs })
      })
    await change(60_000)
    expect(await store.nextRoomTimer()).toBe(1_060_000)
    now += 500
    await change(0)
    expect(await incidents()).toMatchObject([{ status: 'needAction', openedAt: now }])
  })

  it('tells of the earliest timer of each commit', async () => {
    const [room] = await makeRooms(1)
    if (!room) return
    const heard: number[] = []
    rooms.onTimer((at) => heard.push(at))
    await report(room, 'unhealthy')
    expect(heard).toEqual([now + 1_000])
  })
})
