import { v7 as newId } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EnrolmentAnswer } from '../../contract/agent.ts'
import { Problem } from '../../contract/errors.ts'
import { RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { until } from '../../contract/testing/wait.ts'
import { system } from '../ground/store/transaction.ts'
import { enrolmentOf, enrolRaw, newKey, TestDevice } from '../testing/agents/device.ts'
import { type Parts, startParts } from '../testing/agents/parts.ts'
import { roomsOf } from '../testing/agents/rooms.ts'
import { digestOfKey } from './keys.ts'
import { enrolRooms } from './offboarding.ts'

/** How a device comes to the service, and how it goes. */

let service: Parts

beforeEach(async () => {
  service = await startParts({ timing: { disconnectAfterMs: 20_000, agentHelloMs: 15_000, heartbeatMs: 100 } })
})
afterEach(async () => {
  await service.close()
})

const { room, incidents, enrol, unenrol } = roomsOf(() => service)

describe('[ENR-1, ENR-3, ENR-4] enrolment', () => {
  it('makes a room in onboarding, and the same again makes nothing new', async () => {
    const key = newKey()
    const body = enrolmentOf(key)
    const first = EnrolmentAnswer.parse((await enrolRaw(service.url, body)).answer)
    const second = EnrolmentAnswer.parse((await enrolRaw(service.url, body)).answer)
    expect(second).toEqual(first)
    const read = service.deps.store.read(service.tenant, 'wholeTenant')
    expect(await read.count('room')).toBe(1)
    expect(await read.get('room', first.room)).toMatchObject({
      lifecycle: 'onboarding',
      name: 'Room 1',
      health: 'unknown',
      connected: false,
    })
  })

  it('[ENR-8] takes a thousand at once, none twice', async () => {
    const bodies = Array.from({ length: 1_000 }, () => enrolmentOf(newKey()))
    const send = async (body: object) => EnrolmentAnswer.parse((await enrolRaw(service.url, body)).answer).room
    const rooms = await Promise.all([...bodies, ...bodies.slice(0, 100)].map(send))
    expect(new Set(rooms).size).toBe(1_000)
    expect(await service.deps.store.read(service.tenant, 'wholeTenant').count('room')).toBe(1_000)
  })

  it.each([
    ['a wrong key', () => enrolRaw(service.url, enrolmentOf(newKey()), 'EnrolmentKey wrong'), 'enrol.keyInvalid'],
    ['no credential', () => enrolRaw(service.url, enrolmentOf(newKey()), ''), 'auth.missing'],
    [
      'the token of a person',
      async () => enrolRaw(service.url, enrolmentOf(newKey()), `Bearer ${await service.token('somebody')}`),
      'enrol.accountInvalid',
    ],
    [
      'a proof by another key',
      () => enrolRaw(service.url, { ...enrolmentOf(newKey()), publicKey: newKey().publicKey }),
      'enrol.proofInvalid',
    ],
    ['a body that is none', () => enrolRaw(service.url, { installation: 1 }), 'request.invalid'],
  ])('refuses %s', async (_, send, code) => {
    expect(Problem.parse((await send()).answer).code).toBe(code)
    expect(await service.deps.store.read(service.tenant, 'wholeTenant').count('room')).toBe(0)
  })

  it('refuses a key in software where the tenant does not allow them, and a device key that another installation has', async () => {
    const known = newKey()
    await enrolRaw(service.url, enrolmentOf(known))
    const installation = '018f0000-0000-7000-8000-000000000001'
    await TestDevice.enrol(service.url, { installation })
    expect(Problem.parse((await enrolRaw(service.url, enrolmentOf(known, { installation }))).answer).code).toBe('enrol.deviceKnown')
    await service.deps.store.write(service.tenant, system, async (tx) => {
      const settings = await tx.get('settings', service.tenant)
      if (settings) tx.put('settings', { ...settings, allowSoftwareKeys: false })
    })
    expect(Problem.parse((await enrolRaw(service.url, enrolmentOf(newKey()))).answer).code).toBe('enrol.softwareKeyRefused')
  })

  it('a copied key stops working when it is reset, and enrolled devices go on', async () => {
    const device = await TestDevice.enrol(service.url)
    await service.deps.store.write(service.tenant, system, async (tx) => {
      await tx.update
        .enrolmentKey()
        .set({ digest: digestOfKey('the new one'), key: 'the new one' })
        .execute()
    })
    expect(Problem.parse((await enrolRaw(service.url, enrolmentOf(newKey()))).answer).code).toBe('enrol.keyInvalid')
    await device.connect()
  })

  it('keeps hostile text as text, cleaned', async () => {
    const hostile = '<img src=x onerror=alert(1)>\u202e\u0000gnp.exe'
    const device = await TestDevice.enrol(service.url, {
      room: { name: hostile, place: { country: hostile, city: hostile, building: hostile, floor: hostile, timeZone: hostile } },
    })
    const cleaned = '<img src=x onerror=alert(1)> gnp.exe'
    const found = await room(device)
    expect(found?.name).toBe(cleaned)
    expect(found?.place).toMatchObject({ building: cleaned, timeZone: 'UTC' })
    await device.connect()
    const facts = { os: hostile, serial: `"}]${hostile}` }
    await device.acknowledged(
      device.report({}, { facts, signals: { 'peripherals.camera': { value: 'unhealthy', detail: hostile.repeat(15) } } }),
    )
    expect((await room(device))?.device.os).toBe(cleaned)
    const detail = (await room(device))?.signals['peripherals.camera']?.detail ?? ''
    expect(detail.length).toBeLessThanOrEqual(limits.deviceTextChars)
    expect(detail).not.toMatch(/[\u0000\u202e]/)
  })
})

describe('[ENR-5] off-boarding', () => {
  it('cuts a connected device to its off-boarding at once, and revokes it when that is done', async () => {
    const device = await TestDevice.enrol(service.url)
    await device.connect()
    await enrol(device)
    await device.acknowledged(device.report({ 'audio.speaker': 'unhealthy' }))
    await unenrol(device)
    await device.hears('offboard')
    expect(await incidents(device)).toMatchObject([{ status: 'resolved' }])
    device.report({ 'audio.speaker': 'healthy' })
    expect((await device.hears('error')).code).toBe('device.offboarding')
    await device.ends()
    device.hello(await device.dial())
    await device.hears('offboard')
    device.say({ type: 'offboarded' })
    await device.ends()
    await until('the device to be revoked', async () => (await service.deps.store.deviceById(device.enrolment.device))?.state === 'revoked')
    device.hello(await device.dial())
    expect((await device.hears('error')).code).toBe('device.unknown')
  })

  it('revokes a device whose off-boarding script was run on it, whatever the console said', async () => {
    const device = await TestDevice.enrol(service.url)
    await device.connect()
    device.say({ type: 'offboarded' })
    await device.ends()
    await until('the device to be revoked', async () => (await service.deps.store.deviceById(device.enrolment.device))?.state === 'revoked')
    expect((await room(device))?.lifecycle).toBe('onboarding')
    await unenrol(device)
    expect((await room(device))?.lifecycle).toBe('unenrolled')
  })

  it('brings a room back when the agent is installed again', async () => {
    const key = newKey()
    const body = enrolmentOf(key)
    const device = new TestDevice(service.url, key, EnrolmentAnswer.parse((await enrolRaw(service.url, body)).answer))
    await enrol(device)
    await unenrol(device)
    await enrolRaw(service.url, body)
    expect((await room(device))?.lifecycle).toBe('onboarding')
    await device.connect()
  })

  it('refuses what makes no sense', async () => {
    const device = await TestDevice.enrol(service.url)
    await enrol(device)
    await expect(enrol(device)).rejects.toMatchObject({ code: 'room.alreadyEnrolled' })
    await unenrol(device)
    await expect(unenrol(device)).rejects.toMatchObject({ code: 'room.notEnrolled' })
    await expect(enrol(device)).rejects.toMatchObject({ code: 'room.unenrolled' })
    const nowhere = RoomId.parse(newId())
    await expect(
      service.deps.store.write(service.tenant, system, (tx) => enrolRooms(service.deps.rooms, tx, [nowhere])),
    ).rejects.toMatchObject({ code: 'room.notFound' })
  })
})
