import { afterAll, beforeAll, expect, it } from 'vitest'
import { Room } from '../../contract/entities.ts'
import { enrolmentOf, enrolRaw, facts, newKey, TestDevice } from '../testing/agents/device.ts'
import { World } from '../testing/partners/world.ts'
import { done, everything, RemoteDevice } from '../testing/remote/rig.ts'

let world: World

beforeAll(async () => {
  world = await World.start()
})
afterAll(() => world.close())

const roomOf = async (room: string): Promise<Room> => Room.parse((await done(world.ask('boss@contoso.example', `/v1/rooms/${room}`))).body)
const offered = async ({ room }: RemoteDevice) => (await roomOf(room)).device.remote

it('what a device offers to remote sessions stands in its room’s document: from its enrolment, and as reports change it', async () => {
  const device = await RemoteDevice.make(world)
  expect(await offered(device)).toEqual(everything)
  const less = { displays: ['frontOfRoom2'], terminal: false, restart: true }
  await device.device.acknowledged(device.device.report({}, { facts: { remote: less } }))
  expect(await offered(device)).toEqual(less)
  await device.device.acknowledged(device.device.report({}, { facts: { os: 'Test OS 2' } }))
  expect(await roomOf(device.room)).toMatchObject({ device: { os: 'Test OS 2', remote: less } })
})

it('a full report says all: what it does not offer is gone; half a report of it says nothing of that', async () => {
  const device = await RemoteDevice.make(world)
  await device.device.acknowledged(device.device.report({}, { full: true, facts: { inCall: true } }))
  expect(await offered(device)).toEqual(everything)
  await device.device.acknowledged(device.device.report({}, { facts }))
  expect(await offered(device)).toEqual(everything)
  await device.device.acknowledged(device.device.report({}, { full: true, facts }))
  expect(await offered(device)).toBeUndefined()
})

it('nonsense is kept aside, and changes nothing; a display named twice is one', async () => {
  const device = await RemoteDevice.make(world)
  const { displays } = everything
  const nonsense: unknown[] = [
    null,
    'all',
    { ...everything, displays: ['console', 'cellar'] },
    { ...everything, displays: [...displays, ...displays, ...displays] },
    { displays },
    { ...everything, terminal: 'yes' },
  ]
  for (const remote of nonsense) await device.device.acknowledged(device.device.report({}, { facts: { remote, os: 'hostile' } }))
  expect(await roomOf(device.room)).toMatchObject({ device: { os: facts.os, remote: everything } })
  expect(device.device.heard.filter((message) => message.type === 'ack' && message.rejected?.[0]?.code === 'report.invalid')).toHaveLength(
    nonsense.length,
  )
  await device.device.acknowledged(
    device.device.report({}, { facts: { remote: { ...everything, displays: ['console', 'console'], cellar: true } } }),
  )
  expect(await offered(device)).toEqual({ ...everything, displays: ['console'] })
  const twice = await RemoteDevice.make(world, { remote: { ...everything, displays: ['frontOfRoom1', 'frontOfRoom1'] } })
  expect((await offered(twice))?.displays).toEqual(['frontOfRoom1'])
})

it('a device that is enrolled anew offers what it says then, and is in a call only if it says so', async () => {
  const device = await RemoteDevice.make(world)
  await device.call(true)
  expect((await roomOf(device.room)).inCall).toBe(true)
  const key = newKey()
  const { status } = await enrolRaw(
    world.url,
    enrolmentOf(key, { installation: device.installation }),
    'EnrolmentKey key-of-contoso-0123456789',
  )
  expect(status).toBe(200)
  const room = await roomOf(device.room)
  expect([room.inCall, room.device.remote]).toEqual([false, undefined])
})

it('enrolment gives the key that grants are signed with, the same as anybody may have', async () => {
  const { enrolment } = await TestDevice.enrol(world.url, {}, 'key-of-contoso-0123456789')
  expect(enrolment.sessionKey).toEqual((await world.ask('boss@contoso.example', '/v1/relay/key')).body)
})
