import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 as newId } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Problem } from '../../contract/errors.ts'
import { EnrolmentAnswer } from '../../contract/agent.ts'
import { limits } from '../../contract/limits.ts'
import { RoomId } from '../../contract/ids.ts'
import { until } from '../../contract/testing/wait.ts'
import { system } from '../store/transaction.ts'
import { digestOfKey } from '../access/enrolmentKeys.ts'
import { enrolmentOf, enrolRaw, newKey, TestDevice } from './testing/device.ts'
import { type Parts, startParts } from './testing/parts.ts'
import { enrolRooms, unenrolRooms } from './offboarding.ts'

let service: Parts
/** How far the service's clock is ahead: silence is a matter of that clock alone, so that no test has to be quick. */
let ahead = 0
const now = (): number => Date.now() + ahead
const disconnectAfterMs = 20_000
const pass = (ms: number): void => {
  ahead += ms
}

beforeEach(async () => {
  ahead = 0
  service = await startParts({ now, timing: { disconnectAfterMs, agentHelloMs: 15_000, heartbeatMs: 100 } })
})
afterEach(async () => {
  await service.close()
})

const room = (device: TestDevice) => service.deps.store.read(service.tenant, 'wholeTenant').get('room', device.enrolment.room)
const incidents = (device: TestDevice) =>
  service.deps.store.read(service.tenant, 'wholeTenant').list('incident', { room: device.enrolment.room, limit: 100 })
const enrol = (device: TestDevice) =>
  service.deps.store.write(service.tenant, system, (tx) => enrolRooms(service.deps.rooms, tx, [device.enrolment.room]))
const unenrol = (device: TestDevice) =>
  service.deps.store.write(service.tenant, system, (tx) => unenrolRooms(service.deps.rooms, tx, [device.enrolment.room]))
const alive = async () => {
  const other = await TestDevice.enrol(service.url)
  await other.connect()
  await other.acknowledged(other.report({ 'peripherals.camera': 'healthy' }))
  other.drop()
}

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

  it('takes a thousand at once, none twice', async () => {
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

describe('[ENR-3] the conversation', () => {
  it('takes numbered reports, acknowledges them after the commit, and makes incidents of enrolled rooms', async () => {
    const device = await TestDevice.enrol(service.url)
    expect(await device.connect()).toMatchObject({ acknowledged: 0, lifecycle: 'onboarding', heartbeatMs: 100 })
    await device.acknowledged(device.report({ 'peripherals.camera': 'unhealthy' }))
    expect(await room(device)).toMatchObject({ connected: true, signals: { 'peripherals.camera': { value: 'unhealthy' } } })
    expect(await incidents(device)).toEqual([])
    await enrol(device)
    expect((await device.hears('lifecycle')).lifecycle).toBe('enrolled')
    expect(await incidents(device)).toMatchObject([{ number: 1, status: 'needAction', signal: 'peripherals.camera', openings: 1 }])
    await device.acknowledged(device.report({ 'peripherals.camera': 'healthy' }))
    await device.acknowledged(device.report({ 'peripherals.camera': 'unhealthy' }))
    expect(await incidents(device)).toMatchObject([{ number: 1, status: 'needAction', openings: 2 }])
  })

  it('opens after the hold by its own timer', async () => {
    const slow = await startParts({ settings: { openHoldMs: 50 } })
    try {
      const device = await TestDevice.enrol(slow.url)
      await device.connect()
      await slow.deps.store.write(slow.tenant, system, (tx) => enrolRooms(slow.deps.rooms, tx, [device.enrolment.room]))
      await device.acknowledged(device.report({ 'peripherals.camera': 'unhealthy' }))
      await until(
        'the incident to need action',
        async () => (await slow.deps.store.read(slow.tenant, 'wholeTenant').list('incident', { limit: 9 }))[0]?.status === 'needAction',
      )
    } finally {
      await slow.close()
    }
  })

  it('acknowledges again what it has, asks for what is missing, and applies nothing twice', async () => {
    const device = await TestDevice.enrol(service.url)
    await device.connect()
    const one = { number: 1, observedAt: Date.now(), signals: { 'audio.speaker': { value: 'unhealthy' } } }
    device.say({ type: 'report', reports: [one] })
    await device.acknowledged(1)
    device.heard = []
    device.say({ type: 'report', reports: [one, { ...one, number: 2, signals: { 'audio.speaker': { value: 'healthy' } } }] })
    await device.acknowledged(2)
    device.say({ type: 'report', reports: [{ ...one, number: 9 }] })
    expect((await device.hears('resend')).from).toBe(3)
    const events = await service.deps.store
      .read(service.tenant, 'wholeTenant')
      .list('roomEvent', { room: device.enrolment.room, limit: 100 })
    expect(events.filter(({ kind }) => kind === 'signal').map(({ value }) => value)).toEqual(['unhealthy', 'healthy'])
    expect((await room(device))?.signals['audio.speaker']?.value).toBe('healthy')
  })

  it('[ROM-2] tells of a restart in the history of its room', async () => {
    const device = await TestDevice.enrol(service.url)
    await device.connect()
    const history = async () =>
      (await service.deps.store.read(service.tenant, 'wholeTenant').list('roomEvent', { room: device.enrolment.room, limit: 100 })).map(
        ({ kind }) => kind,
      )
    await device.connect()
    expect(await history()).not.toContain('restarted')
    device.hello(await device.dial(), device.key, { boot: 'boot-2' })
    await device.hears('welcome')
    expect((await history()).filter((kind) => kind === 'restarted')).toHaveLength(1)
  })

  it('goes on where the journal ended after a reconnect, and starts again with a new journal', async () => {
    const device = await TestDevice.enrol(service.url)
    await device.connect()
    await device.acknowledged(device.report({ 'audio.speaker': 'healthy' }))
    device.drop()
    expect((await device.connect()).acknowledged).toBe(1)
    device.drop()
    device.journal = newId()
    expect((await device.connect()).acknowledged).toBe(0)
    await device.acknowledged(device.report({ 'audio.speaker': 'unhealthy' }))
    expect((await room(device))?.signals['audio.speaker']?.value).toBe('unhealthy')
  })

  it('keeps reports aside that make no sense, and they block nothing', async () => {
    const device = await TestDevice.enrol(service.url)
    await device.connect()
    device.report({}, { signals: { 'no.such.signal': { value: 'healthy' } } })
    device.report({ 'connectivity.agent': 'unhealthy' })
    device.report({ 'peripherals.camera': 'notPresent' })
    await device.acknowledged(device.report({ 'peripherals.camera': 'unhealthy' }))
    const rejected = device.heard.flatMap((message) => (message.type === 'ack' ? (message.rejected ?? []) : []))
    expect(rejected).toEqual([1, 2, 3].map((number) => ({ number, code: 'report.invalid' })))
    const kept = await service.deps.store.read(service.tenant, 'wholeTenant').tables.rejectedReport().selectAll().execute()
    expect(kept.map(({ number }) => number)).toEqual([1, 2, 3])
  })

  it('corrects the clock of the device', async () => {
    const device = await TestDevice.enrol(service.url)
    const behindMs = 3_600_000
    device.hello(await device.dial(), device.key, { sentAt: Date.now() - behindMs })
    await device.hears('welcome')
    const before = Date.now()
    device.say({
      type: 'report',
      reports: [{ number: 1, observedAt: before - behindMs, signals: { 'audio.speaker': { value: 'healthy' } } }],
    })
    await device.acknowledged(1)
    const since = (await room(device))?.signals['audio.speaker']?.since ?? 0
    expect(Math.abs(since - before)).toBeLessThan(60_000)
  })

  it('the newer connection of a device wins', async () => {
    const device = await TestDevice.enrol(service.url)
    await device.connect()
    const twin = new TestDevice(service.url, device.key, device.enrolment)
    twin.journal = device.journal
    await twin.connect()
    await device.ends()
    await twin.acknowledged(twin.report({ 'audio.speaker': 'healthy' }))
  })
})

describe('bad days', () => {
  const send: [string, string, (device: TestDevice) => void][] = [
    ['what is not JSON', 'message.malformed', (device) => device.socket?.send('{"type":')],
    ['binary', 'message.malformed', (device) => device.socket?.send(Buffer.from([1, 2, 3]))],
    ['an unknown type', 'message.malformed', (device) => device.say({ type: 'reboot' })],
    [
      'too many reports',
      'message.malformed',
      (device) => device.say({ type: 'report', reports: Array.from({ length: 101 }, (_, i) => ({ number: i + 1 })) }),
    ],
    ['a report without a number', 'message.malformed', (device) => device.say({ type: 'report', reports: [{ number: 'x' }] })],
    ['a second hello', 'message.unexpected', (device) => device.hello('x'.repeat(43))],
    [
      'prototype tricks',
      'message.malformed',
      (device) => device.socket?.send('{"__proto__":{"type":"beat"},"constructor":{"prototype":{}}}'),
    ],
  ]
  it.each(send)('%s ends that connection and nothing else', async (_, code, act) => {
    const device = await TestDevice.enrol(service.url)
    await device.connect()
    act(device)
    expect((await device.hears('error')).code).toBe(code)
    await device.ends()
    await alive()
  })

  it('an oversized message closes the socket with 1009', async () => {
    const device = await TestDevice.enrol(service.url)
    await device.connect()
    device.say({ type: 'beat', filler: 'x'.repeat(limits.agentMessageBytes) })
    expect((await device.ends()).code).toBe(1009)
    await alive()
  })

  it('refuses a wrong signature, an answer to another challenge, an unknown device and an unknown version', async () => {
    const device = await TestDevice.enrol(service.url)
    device.hello(await device.dial(), newKey())
    expect(await device.hears('error')).toMatchObject({ code: 'device.signature', retry: true })
    const older = await device.dial()
    await device.dial()
    device.hello(older)
    expect((await device.hears('error')).code).toBe('device.signature')
    device.hello(await device.dial(), device.key, { device: newId() })
    expect((await device.hears('error')).code).toBe('device.unknown')
    device.hello(await device.dial(), device.key, { versions: [99] })
    expect((await device.hears('error')).code).toBe('device.version')
  })

  it('drops who does not say hello in time', async () => {
    const device = await TestDevice.enrol(service.url)
    await device.dial()
    pass(15_000)
    await device.ends()
  })

  it('takes nothing before hello', async () => {
    const device = await TestDevice.enrol(service.url)
    await device.dial()
    device.say({ type: 'report', reports: [{ number: 1 }] })
    expect((await device.hears('error')).code).toBe('message.unexpected')
  })
})

describe('[ROM-1] silence', () => {
  it('calls a room disconnected when it is silent for too long, and back at its hello', async () => {
    const device = await TestDevice.enrol(service.url)
    await device.connect()
    await enrol(device)
    await device.acknowledged(device.report({ 'audio.speaker': 'healthy' }))
    device.drop()
    pass(disconnectAfterMs)
    await until('the room to be disconnected', async () => (await room(device))?.health === 'disconnected')
    expect(await incidents(device)).toMatchObject([{ signal: 'connectivity.agent', status: 'needAction' }])
    await device.connect()
    await until('the room to be back', async () => (await room(device))?.health === 'healthy')
    expect(await incidents(device)).toMatchObject([{ signal: 'connectivity.agent', status: 'resolved' }])
  })

  it('calls a room disconnected whose socket is open and says nothing', async () => {
    const device = await TestDevice.enrol(service.url)
    await device.connect()
    pass(disconnectAfterMs)
    await device.ends()
    await until('the room to be disconnected', async () => (await room(device))?.connected === false)
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

describe('a restart', () => {
  it('knows rooms, numbers and journals, and gives rooms the grace period to come back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roomkeeper-restart-'))
    const graceMs = 60_000
    let parts = await startParts({ folder, now, timing: { disconnectAfterMs } })
    try {
      const back = await TestDevice.enrol(parts.url)
      const gone = await TestDevice.enrol(parts.url)
      for (const device of [back, gone]) {
        await device.connect()
        await parts.deps.store.write(parts.tenant, system, (tx) => enrolRooms(parts.deps.rooms, tx, [device.enrolment.room]))
        await device.acknowledged(device.report({ 'audio.speaker': 'unhealthy' }))
      }
      await parts.close()
      parts = await startParts({ folder, now, timing: { disconnectAfterMs, graceMs } })
      const read = parts.deps.store.read(parts.tenant, 'wholeTenant')
      const again = new TestDevice(parts.url, back.key, back.enrolment)
      again.journal = back.journal
      expect((await again.connect()).acknowledged).toBe(1)
      expect((await read.get('room', gone.enrolment.room))?.connected).toBe(true)
      await again.acknowledged(again.report({ 'audio.speaker': 'healthy' }))
      await again.acknowledged(again.report({ 'audio.speaker': 'unhealthy' }))
      const found = await read.list('incident', { limit: 10, room: back.enrolment.room })
      expect(found).toMatchObject([{ signal: 'audio.speaker', number: 1, openings: 2 }])
      for (let passed = 0; passed < graceMs; passed += disconnectAfterMs / 2) {
        expect((await read.get('room', gone.enrolment.room))?.connected).toBe(true)
        pass(disconnectAfterMs / 2)
        await again.acknowledged(again.report({ 'audio.speaker': 'unhealthy' }))
      }
      await until('the other room to be disconnected', async () => (await read.get('room', gone.enrolment.room))?.health === 'disconnected')
      expect((await read.get('room', back.enrolment.room))?.connected).toBe(true)
    } finally {
      await parts.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
