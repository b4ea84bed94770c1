import { afterEach, beforeEach, expect, it } from 'vitest'
import { RoomkeeperError } from '../../contract/errors.ts'
import { until } from '../../contract/testing/wait.ts'
import { system } from '../store/transaction.ts'
import { enrolRooms, unenrolRooms } from './offboarding.ts'
import { replaceDevice } from './replacing.ts'
import { TestDevice } from './testing/device.ts'
import { type Parts, startParts } from './testing/parts.ts'

/** A machine that was re-imaged comes as another device, and goes where it stood. */

let service: Parts
beforeEach(async () => {
  service = await startParts()
})
afterEach(async () => {
  await service.close()
})

const read = () => service.deps.store.read(service.tenant, 'wholeTenant')
const roomOf = (device: TestDevice) => read().get('room', device.enrolment.room)
const history = async (device: TestDevice) => (await read().list('roomEvent', { room: device.enrolment.room, limit: 100 })).map(({ kind }) => kind)
const change = (work: typeof enrolRooms, device: TestDevice) =>
  service.deps.store.write(service.tenant, system, (tx) => work(service.deps.rooms, tx, [device.enrolment.room]))
const replace = (next: TestDevice, former: TestDevice) =>
  service.deps.store.write(service.tenant, system, (tx) => replaceDevice(service.deps.rooms, tx, next.enrolment.room, former.enrolment.room))
const refused = (next: TestDevice, former: TestDevice) =>
  replace(next, former).catch((error: unknown) => (error instanceof RoomkeeperError ? error.code : error))

it('[ENR-3] the room keeps what it is, its device before is cut off, and reports of the new one are its own', async () => {
  const former = await TestDevice.enrol(service.url)
  await change(enrolRooms, former)
  await former.connect()
  const next = await TestDevice.enrol(service.url, { room: { name: 'Lobby', place: { country: '', city: '', building: '', floor: '', timeZone: 'UTC' } } })
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
