import { afterEach, beforeEach, expect, it } from 'vitest'
import { enrolmentProof } from '../../contract/agent.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { until } from '../../contract/testing/wait.ts'
import { readRoom } from '../ground/store/rooms.ts'
import { system } from '../ground/store/transaction.ts'
import { leapingClock } from '../testing/agents/clock.ts'
import { enrolmentOf, enrolRaw, newKey, signed, TestDevice, type TestKey } from '../testing/agents/device.ts'
import { type Parts, startParts } from '../testing/agents/parts.ts'
import { enrolRooms, unenrolRooms } from './offboarding.ts'
import { leaveOverdue } from './onboarding.ts'
import { replaceDevice } from './replacing.ts'

/** A machine that was re-imaged comes as another device, and goes where it stood. */

let service: Parts
let later = 0
beforeEach(async () => {
  later = 0
  service = await startParts({ clock: leapingClock(() => Date.now() + later) })
})
afterEach(async () => {
  await service.close()
})

const read = () => service.deps.store.read(service.tenant, 'wholeTenant')
const roomOf = (device: TestDevice) => readRoom(read(), device.enrolment.room)
const history = async (device: TestDevice) =>
  (await read().transitions(device.enrolment.room, { limit: 100 })).items.map(({ kind }) => kind).toReversed()
const change = (work: typeof enrolRooms, device: TestDevice) =>
  service.deps.store.write(service.tenant, system, (tx) => work(service.deps.rooms, tx, [device.enrolment.room]))
const replace = (next: TestDevice, former: TestDevice) =>
  service.deps.store.write(service.tenant, system, (tx) =>
    replaceDevice(service.deps.rooms, tx, next.enrolment.room, former.enrolment.room),
  )
const refused = (next: TestDevice, former: TestDevice) =>
  replace(next, former).catch((error: unknown) => (error instanceof RoomkeeperError ? error.code : error))

it('[ENR-3] the room keeps what it is, its device before is cut off, and reports of the new one are its own', async () => {
  const former = await TestDevice.enrol(service.url)
  await change(enrolRooms, former)
  await former.connect()
  const next = await TestDevice.enrol(service.url, {
    room: { name: 'Lobby', place: { country: '', city: '', building: '', floor: '', timeZone: 'UTC' } },
  })
  await next.connect()
  const before = await roomOf(former)
  await replace(next, former)
  await next.ends()
  expect(await former.hears('error')).toMatchObject({ code: 'device.unknown', retry: false })
  former.hello(await former.dial())
  expect(await former.hears('error')).toMatchObject({ code: 'device.unknown', retry: false })

  const { lifecycle } = await next.connect()
  expect(lifecycle).toBe('enrolled')
  await next.acknowledged(next.report({ 'peripherals.camera': 'unhealthy' }))
  const after = await roomOf(former)
  expect(after).toMatchObject({ name: before?.name, place: before?.place, lifecycle: 'enrolled', device: { id: next.enrolment.device } })
  expect(after?.signals['peripherals.camera']?.value).toBe('unhealthy')
  expect(after?.incidents.important).toBe(1)
  expect(await history(former)).toContain('replaced')
  expect(await roomOf(next)).toMatchObject({ name: 'Lobby', lifecycle: 'unenrolled' })
  expect(await history(next)).toEqual(expect.arrayContaining(['replaces', 'unenrolled']))
  // Once is enough, and what it did stays after a start of the service's memory.
  expect(await refused(next, former)).toBe('room.notOnboarding')
  await until('the room to be in contact', async () => (await roomOf(former))?.connected === true)
})

it('[ENR-3] is refused to a device that is enrolled elsewhere, and into a room whose device is cut off', async () => {
  const [one, other] = [await TestDevice.enrol(service.url), await TestDevice.enrol(service.url)]
  await change(enrolRooms, one)
  expect(await refused(one, other)).toBe('room.notOnboarding')
  await change(unenrolRooms, one)
  expect(await refused(other, one)).toBe('room.unenrolled')
  expect((await roomOf(other))?.lifecycle).toBe('onboarding')
})

/** The installation comes again with this key, and without a word of the key before. */
const comes = (installation: string, key: TestKey) =>
  enrolRaw(service.url, enrolmentOf(key, { installation, proof: signed(key, enrolmentProof(installation, key.publicKey)) }))
const [ofFormer, ofNext] = ['018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000002']
const devicesIn = async (device: TestDevice) => {
  const rows = await read().tables.device().select(['id', 'state']).where('room', '=', device.enrolment.room).execute()
  return rows.map(({ id, state }) => [id, state])
}

it.each([
  ['its own key', (key: TestKey) => key],
  ['another key', () => newKey()],
])(
  '[ENR-3] the machine before that enrols again with %s comes back as the other room, and leaves alone what took its place',
  async (_, keyOf) => {
    const former = await TestDevice.enrol(service.url, { installation: ofFormer })
    await change(enrolRooms, former)
    const next = await TestDevice.enrol(service.url)
    await replace(next, former)
    expect(await devicesIn(former)).toEqual([[next.enrolment.device, 'active']])
    expect(await devicesIn(next)).toEqual([[former.enrolment.device, 'revoked']])
    await next.connect()

    const { answer } = await comes(ofFormer, keyOf(former.key))
    expect(answer).toMatchObject({ room: next.enrolment.room, device: former.enrolment.device })
    expect(await roomOf(former)).toMatchObject({ lifecycle: 'enrolled', device: { id: next.enrolment.device } })
    expect(await roomOf(next)).toMatchObject({ lifecycle: 'onboarding', device: { id: former.enrolment.device } })
    expect(await devicesIn(next)).toEqual([[former.enrolment.device, 'active']])
    expect(next.closed).toBeUndefined()
  },
)

it('[ENR-4] how long a room may wait in onboarding is told by the device that it has, not by the one before', async () => {
  const former = await TestDevice.enrol(service.url)
  await change(enrolRooms, former)
  later = 2 * limits.onboardingMs
  const next = await TestDevice.enrol(service.url, { installation: ofNext })
  await replace(next, former)
  await comes(ofNext, newKey())
  expect((await roomOf(former))?.lifecycle).toBe('onboarding')
  await service.deps.store.write(service.tenant, system, async (tx) => {
    expect(await tx.roomsOnboarding(0)).toEqual({ all: 1, since: 1 })
  })
  await leaveOverdue(service.deps)
  expect((await roomOf(former))?.lifecycle).toBe('onboarding')
})
