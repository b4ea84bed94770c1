import { v7 as newId } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { enrolmentProof, keyChangeProof } from '../../contract/agent.ts'
import { Problem } from '../../contract/errors.ts'
import { RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { until } from '../../contract/testing/wait.ts'
import { enrolRooms } from '../enrolment/offboarding.ts'
import { leaveOverdue } from '../enrolment/onboarding.ts'
import { system } from '../ground/store/transaction.ts'
import { leapingClock } from '../testing/agents/clock.ts'
import { enrolmentOf, enrolRaw, newKey, signed, TestDevice } from '../testing/agents/device.ts'
import { type Parts, startParts } from '../testing/agents/parts.ts'

/** Devices that want more than their share. The clock of the service stands still unless a test moves it. */

let service: Parts
let at: number

beforeEach(async () => {
  at = Date.now()
  service = await startParts({ clock: leapingClock(() => at), timing: { disconnectAfterMs: 20_000 } })
})
afterEach(async () => {
  await service.close()
})

const read = () => service.deps.store.read(service.tenant, 'wholeTenant')
const room = (device: TestDevice) => read().get('room', device.enrolment.room)
const events = async (device: TestDevice) =>
  (await read().transitions(device.enrolment.room, { limit: 5_000 })).items.map(({ kind }) => kind)
const count = (kinds: readonly string[], kind: string) => kinds.filter((one) => one === kind).length
const metric = (name: string) => service.deps.metrics.registry.getSingleMetricAsString(name)
/** Reports that were taken together so far. */
const coalesced = async () => Number(/outcome="coalesced"\} (\d+)/.exec(await metric('roomkeeper_reports_total'))?.[1] ?? 0)
const acknowledgedUpTo = (device: TestDevice) =>
  device.heard.flatMap((message) => (message.type === 'ack' ? [message.upTo] : [])).at(-1) ?? 0
const camera = (unhealthy: boolean) => ({ 'peripherals.camera': { value: unhealthy ? 'unhealthy' : 'healthy' } })

/** Sends reports in full messages; `signals`: by the number. */
function flood(device: TestDevice, from: number, to: number, signals: (number: number) => object): void {
  for (let first = from; first <= to; first += limits.reportsPerMessage) {
    const last = Math.min(to, first + limits.reportsPerMessage - 1)
    device.say({
      type: 'report',
      reports: Array.from({ length: last - first + 1 }, (_, n) => ({ number: first + n, observedAt: at, signals: signals(first + n) })),
    })
  }
}

async function connected(): Promise<TestDevice> {
  const device = await TestDevice.enrol(service.url)
  await device.connect()
  return device
}

describe('a device whose room changes all the time', () => {
  it('[ROM-1] is taken together: the newest state wins, all is acknowledged, the history says so, and nobody else waits', async () => {
    const [device, other] = [await connected(), await connected()]
    await device.acknowledged(device.report({ 'peripherals.camera': 'healthy' }))
    flood(device, 2, 3_001, (number) => camera(number % 2 === 0))
    flood(device, 3_002, 3_002, () => camera(true))
    await other.acknowledged(other.report({ 'peripherals.camera': 'unhealthy' }))
    await until('all of it to be read', async () => acknowledgedUpTo(device) + (await coalesced()) === 3_002)
    expect(await metric('roomkeeper_devices_limited')).toContain('roomkeeper_devices_limited 1')
    expect(await coalesced()).toBeGreaterThan(2_000)
    at += limits.holdChangesMs
    flood(device, 3_003, 3_003, () => camera(true))
    await device.acknowledged(3_003)
    expect((await room(device))?.signals['peripherals.camera']?.value).toBe('unhealthy')
    const kinds = await events(device)
    // A report that is on its way to the store is not known yet: each pair of changes counts for one at least.
    expect(count(kinds, 'signal')).toBeLessThanOrEqual(2 * limits.deviceChanges + 2)
    expect(count(kinds, 'limited')).toBe(1)
    expect(count(await events(other), 'limited')).toBe(0)
  })

  it('[ROM-1] stays limited after it has come anew, and loses nothing that was not acknowledged', async () => {
    const device = await connected()
    flood(device, 1, 2_000, (number) => camera(number % 2 === 0))
    await until('the device to be limited', async () =>
      (await metric('roomkeeper_devices_limited')).includes('roomkeeper_devices_limited 1'),
    )
    device.drop()
    const { acknowledged } = await device.connect()
    expect(acknowledged).toBeLessThan(2_000)
    const before = await coalesced()
    flood(device, acknowledged + 1, 2_000, (number) => camera(number % 2 === 0))
    await until('all of it to be read', async () => (await coalesced()) - before === 2_000 - acknowledged)
    at += limits.holdChangesMs
    flood(device, 2_001, 2_001, () => camera(true))
    await device.acknowledged(2_001)
    expect((await room(device))?.signals['peripherals.camera']?.value).toBe('unhealthy')
    expect(count(await events(device), 'signal')).toBeLessThanOrEqual(2 * limits.deviceChanges + 4)
  })

  it.each([
    ['changes', (number: number) => ({ 'peripherals.camera': { value: 'healthy', detail: String(number) } })],
    ['sights of the same', () => camera(false)],
  ])('[rule 13] gains nothing by saying that it saw all of it over many years: %s', async (_, signals) => {
    const device = await connected()
    device.say({ type: 'report', reports: [{ number: 1, observedAt: limits.offboardingMs, signals: {} }] })
    await device.acknowledged(1)
    const seenAt = (number: number) => limits.offboardingMs + number * limits.contactStoreMs * 2
    const many = limits.deviceChangesOfJournal + 1_500
    for (let first = 2; first <= many; first += limits.reportsPerMessage) {
      device.say({
        type: 'report',
        reports: Array.from({ length: limits.reportsPerMessage }, (_, n) => ({
          number: first + n,
          observedAt: seenAt(first + n),
          signals: signals(first + n),
        })),
      })
    }
    await until('all of it to be read', async () => acknowledgedUpTo(device) + (await coalesced()) >= many)
    expect(await metric('roomkeeper_devices_limited')).toContain('roomkeeper_devices_limited 1')
  })

  it('[ROM-1] repeats that change nothing are not counted', async () => {
    const device = await connected()
    await device.acknowledged(device.report({ 'peripherals.camera': 'healthy' }))
    flood(device, 2, 3_000, () => camera(false))
    await device.acknowledged(3_000)
    expect(count(await events(device), 'limited')).toBe(0)
  })
})

describe('a device that sends too much', () => {
  it('[ROM-1] is read from more slowly, and others are not', async () => {
    const [device, other] = [await connected(), await connected()]
    const filler = 'x'.repeat(60_000)
    const beats = Math.ceil(limits.deviceBytes / 60_000) + 12
    for (let n = 0; n < beats; n++) device.say({ type: 'beat', filler })
    await until('the device to be slowed down', async () => (await metric('roomkeeper_device_limited_total')).includes('why="reports"'))
    await other.acknowledged(other.report({ 'peripherals.camera': 'unhealthy' }))
    const heard = () => device.heard.filter(({ type }) => type === 'beat').length
    expect(heard()).toBeLessThan(beats)
    at += 15_000
    await until('the rest of it', () => heard() === beats)
  })

  it('[ENR-3] that comes too often is told to come later', async () => {
    const device = await TestDevice.enrol(service.url)
    for (let n = 0; n < limits.deviceConnections; n++) {
      await device.connect()
      device.drop()
    }
    device.hello(await device.dial())
    expect(await device.hears('error')).toMatchObject({ code: 'rate.limited', retry: true })
    at += limits.deviceConnectionMs
    await device.connect()
  })
})

describe('rooms in onboarding', () => {
  it('[ENR-4] are as many as one key may bring, and more after some are enrolled', async () => {
    const send = async () => (await enrolRaw(service.url, enrolmentOf(newKey()))).status
    const installation = newId()
    const known = await TestDevice.enrol(service.url, { installation })
    await service.deps.store.write(service.tenant, system, (tx) => enrolRooms(service.deps.rooms, tx, [known.enrolment.room]))
    const statuses: number[] = []
    while (statuses.length < limits.onboardingRoomsPerKey) {
      statuses.push(...(await Promise.all(Array.from({ length: 100 }, send))))
      // So many in a minute is another limit.
      at += 10_000
    }
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(Problem.parse((await enrolRaw(service.url, enrolmentOf(newKey()))).answer).code).toBe('enrol.tooMany')
    // Nor does one come back to onboarding, by a key that nobody has signed.
    const key = newKey()
    const again = enrolmentOf(key, { installation, proof: signed(key, enrolmentProof(installation, key.publicKey)) })
    expect(Problem.parse((await enrolRaw(service.url, again)).answer).code).toBe('enrol.tooMany')
    expect((await room(known))?.lifecycle).toBe('enrolled')
    const first = (await read().list('room', { limit: 2 })).find(({ id }) => id !== known.enrolment.room)
    if (!first) throw new Error('no rooms')
    await service.deps.store.write(service.tenant, system, (tx) => enrolRooms(service.deps.rooms, tx, [first.id]))
    expect(await send()).toBe(200)
    expect(await send()).toBe(409)
  })

  it('[rule 13] are as many as the account of one room may bring, and those of other accounts beside them', async () => {
    const by = async (account: string) => enrolRaw(service.url, enrolmentOf(newKey()), `Bearer ${await service.accountToken(account)}`)
    const together = await Promise.all(Array.from({ length: limits.onboardingRoomsPerAccount + 2 }, () => by('room-one')))
    expect(together.filter(({ status }) => status === 200)).toHaveLength(limits.onboardingRoomsPerAccount)
    expect(Problem.parse((await by('room-one')).answer).code).toBe('enrol.tooMany')
    expect((await by('room-two')).status).toBe(200)
    const mine = z.object({ room: RoomId }).parse(together.find(({ status }) => status === 200)?.answer)
    await service.deps.store.write(service.tenant, system, (tx) => enrolRooms(service.deps.rooms, tx, [mine.room]))
    expect((await by('room-one')).status).toBe(200)
    expect((await by('room-one')).status).toBe(409)
  })

  it('[ENR-4] that nobody enrols leave after their time, and no other, with a record of the service', async () => {
    const [forgotten, watched] = [await TestDevice.enrol(service.url), await TestDevice.enrol(service.url)]
    await service.deps.store.write(service.tenant, system, (tx) => enrolRooms(service.deps.rooms, tx, [watched.enrolment.room]))
    at += limits.onboardingMs
    const fresh = await TestDevice.enrol(service.url)
    await leaveOverdue(service.deps)
    expect((await room(forgotten))?.lifecycle).toBe('onboarding')
    at += 1
    await leaveOverdue(service.deps)
    expect([(await room(forgotten))?.lifecycle, (await room(watched))?.lifecycle, (await room(fresh))?.lifecycle]).toEqual([
      'unenrolled',
      'enrolled',
      'onboarding',
    ])
    const records = await read().tables.audit().select(['actor', 'detail']).where('category', '=', 'Room').execute()
    expect(records.map(({ actor, detail }) => ({ actor, detail: JSON.parse(detail) as unknown }))).toEqual([
      { actor: null, detail: { action: 'rooms.unenrol', why: 'neverEnrolled', rooms: [forgotten.enrolment.room] } },
    ])
    forgotten.hello(await forgotten.dial())
    await forgotten.hears('offboard')
    await leaveOverdue(service.deps)
    expect(await read().tables.audit().select('id').where('category', '=', 'Room').execute()).toHaveLength(1)
  })

  it('[ENR-4] whose device comes with ever other keys leave after their time all the same', async () => {
    const installation = newId()
    const first = await TestDevice.enrol(service.url, { installation })
    let before = first.key
    for (const isProved of [false, true, false]) {
      at += limits.onboardingMs / 4
      const key = newKey()
      const again = enrolmentOf(key, {
        installation,
        proof: signed(key, enrolmentProof(installation, key.publicKey)),
        ...(isProved ? { formerProof: signed(before, keyChangeProof(installation, before.publicKey, key.publicKey)) } : {}),
      })
      expect((await enrolRaw(service.url, again)).status).toBe(200)
      before = key
    }
    at += limits.onboardingMs / 4
    await leaveOverdue(service.deps)
    expect((await room(first))?.lifecycle).toBe('onboarding')
    at += 1
    await leaveOverdue(service.deps)
    expect((await room(first))?.lifecycle).toBe('unenrolled')
  })

  it('[ENR-4] that another key has brought back to onboarding have their time from then on', async () => {
    const installation = newId()
    const device = await TestDevice.enrol(service.url, { installation })
    await service.deps.store.write(service.tenant, system, (tx) => enrolRooms(service.deps.rooms, tx, [device.enrolment.room]))
    at += 2 * limits.onboardingMs
    const key = newKey()
    await enrolRaw(service.url, enrolmentOf(key, { installation, proof: signed(key, enrolmentProof(installation, key.publicKey)) }))
    await leaveOverdue(service.deps)
    expect((await room(device))?.lifecycle).toBe('onboarding')
    at += limits.onboardingMs + 1
    await leaveOverdue(service.deps)
    expect((await room(device))?.lifecycle).toBe('unenrolled')
  })
})
