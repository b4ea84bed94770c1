import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 as newId } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { until } from '../../contract/testing/wait.ts'
import { enrolRooms } from '../enrolment/offboarding.ts'
import { system } from '../ground/store/transaction.ts'
import { AheadClock } from '../testing/agents/clock.ts'
import { newKey, TestDevice } from '../testing/agents/device.ts'
import { type Parts, startParts } from '../testing/agents/parts.ts'
import { roomsOf } from '../testing/agents/rooms.ts'

/** What enrolled devices and the service say to each other, or do not say. */

let service: Parts
/** Silence is a matter of this clock alone, so that no test has to be quick. */
let clock: AheadClock
const disconnectAfterMs = 20_000

beforeEach(async () => {
  clock = new AheadClock()
  service = await startParts({ clock, timing: { disconnectAfterMs, agentHelloMs: 15_000, heartbeatMs: 100 } })
})
afterEach(async () => {
  await service.close()
})

const { room, incidents, enrol } = roomsOf(() => service)
const alive = async () => {
  const other = await TestDevice.enrol(service.url)
  await other.connect()
  await other.acknowledged(other.report({ 'peripherals.camera': 'healthy' }))
  other.drop()
}

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
    const { items } = await service.deps.store.read(service.tenant, 'wholeTenant').transitions(device.enrolment.room, { limit: 100 })
    const events = items.toReversed()
    expect(events.filter(({ kind }) => kind === 'signal').map(({ value }) => value)).toEqual(['unhealthy', 'healthy'])
    expect((await room(device))?.signals['audio.speaker']?.value).toBe('healthy')
  })

  it('[ROM-2] tells of a restart in the history of its room', async () => {
    const device = await TestDevice.enrol(service.url)
    await device.connect()
    const history = async () =>
      (await service.deps.store.read(service.tenant, 'wholeTenant').transitions(device.enrolment.room, { limit: 100 })).items.map(
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

describe('[rule 8] bad days', () => {
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
    clock.pass(15_000)
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
    clock.pass(disconnectAfterMs)
    await until('the room to be disconnected', async () => (await room(device))?.health === 'disconnected')
    expect(await incidents(device)).toMatchObject([{ signal: 'connectivity.agent', status: 'needAction' }])
    await device.connect()
    await until('the room to be back', async () => (await room(device))?.health === 'healthy')
    expect(await incidents(device)).toMatchObject([{ signal: 'connectivity.agent', status: 'resolved' }])
  })

  it('calls a room disconnected whose socket is open and says nothing', async () => {
    const device = await TestDevice.enrol(service.url)
    await device.connect()
    clock.pass(disconnectAfterMs)
    await device.ends()
    await until('the room to be disconnected', async () => (await room(device))?.connected === false)
  })
})

describe('[rule 15] a restart', () => {
  it('knows rooms, numbers and journals, and gives rooms the grace period to come back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roomkeeper-restart-'))
    const graceMs = 60_000
    let parts = await startParts({ folder, clock, timing: { disconnectAfterMs } })
    try {
      const back = await TestDevice.enrol(parts.url)
      const gone = await TestDevice.enrol(parts.url)
      for (const device of [back, gone]) {
        await device.connect()
        await parts.deps.store.write(parts.tenant, system, (tx) => enrolRooms(parts.deps.rooms, tx, [device.enrolment.room]))
        await device.acknowledged(device.report({ 'audio.speaker': 'unhealthy' }))
      }
      await parts.close()
      parts = await startParts({ folder, clock, timing: { disconnectAfterMs, graceMs } })
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
        clock.pass(disconnectAfterMs / 2)
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
