import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ChunkHead, chunkPath, RecordingEvent } from '../../contract/recording.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { until } from '../../contract/testing/wait.ts'
import { enrolmentIn } from '../agent/installation.ts'
import { startFleet, type Fleet } from '../fleet.ts'
import type { AgentRoom } from '../room.ts'
import { FakeService, type FakeDevice } from '../testing/fake-service.ts'
import { Operator, type OfferChanges } from './testing/operator.ts'
import { handshake } from './testing/running.ts'

let folder: string
let service: FakeService
let fleet: Fleet
let room: AgentRoom
let device: FakeDevice
let operators: Operator[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'remote-'))
  service = new FakeService()
  operators = []
  await service.start()
})
afterEach(async () => {
  for (const operator of operators) operator.leave()
  await fleet.stop()
  await service.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function startRoom(): Promise<void> {
  fleet = await startFleet({
    system: realSystem,
    service: service.url,
    credential: { kind: 'key', secret: service.key },
    rooms: 1,
    folder,
    control: false,
    restartMs: 50,
  })
  const [first] = fleet.devices
  if (!first) throw new Error('no room')
  room = first
  device = service.deviceOf(room.name)
}

async function connect(changes: OfferChanges = {}): Promise<Operator> {
  const operator = new Operator(service, device)
  operators.push(operator)
  return operator.start(changes)
}

const ended = (operator: Operator) =>
  device.words.flatMap((word) => (word.type === 'sessionEnded' && word.session === operator.session ? [word.reason] : []))

/** Opens a display and asks for its picture, as 32-bit pixels without packing. */
async function openScreen(operator: Operator, channel: number, display: 'console' | 'frontOfRoom1' = 'console'): Promise<void> {
  operator.say({ type: 'openScreen', channel, display })
  await operator.hears('opened', channel)
  operator.send(channel, handshake)
  operator.send(channel, Buffer.from([2, 0, 0, 1, 0, 0, 0, 0]))
  operator.send(channel, Buffer.from([3, 0, 0, 0, 0, 0, 0, 64, 0, 64]))
  await until('a picture', () => operator.on(channel).length > 64 * 64 * 4)
}

const pointer = (x: number, y: number, buttons: number) => Buffer.from([5, buttons, x >> 8, x & 255, y >> 8, y & 255])

describe('a session with a simulated room', () => {
  it('shows its console and a display, opens its terminal, and says what there is', async () => {
    await startRoom()
    const operator = await connect()
    expect(operator.heard[0]).toMatchObject({ type: 'ready', terminal: true, restart: true, restartAtEnd: true, recording: false })
    expect((await room.status()).session).toBe('Ada Lovelace')
    await openScreen(operator, 1)
    await openScreen(operator, 2, 'frontOfRoom1')
    operator.say({ type: 'openTerminal', channel: 3, columns: 80, rows: 24 })
    await operator.hears('opened', 3)
    operator.send(3, 'help\r')
    await until('the help', () => operator.on(3).includes('restarts the device'))
    operator.say({ type: 'restartAtEnd', on: false })
    operator.say({ type: 'end' })
    expect(await operator.hears('ending')).toEqual({ type: 'ending', reason: 'operatorEnded' })
    await until('the end', () => ended(operator).length > 0)
    expect(ended(operator)).toEqual(['operatorEnded'])
    await until('both ends', () => operator.state.state === 'ended')
    expect(await room.status()).not.toHaveProperty('session')
    // No restart: it is still the same boot.
    expect(device.boots).toHaveLength(1)
  })

  it('lets nothing of it be read on the way', async () => {
    await startRoom()
    const operator = await connect()
    operator.say({ type: 'openTerminal', channel: 1, columns: 80, rows: 24 })
    await operator.hears('opened', 1)
    operator.send(1, 'help\r')
    await until('the help', () => operator.on(1).includes('restarts the device'))
    const passed = Buffer.concat(service.relay.passed)
    expect(passed.length).toBeGreaterThan(500)
    for (const word of ['help', 'restarts', 'openTerminal', 'ready', 'RFB']) expect(passed.includes(word)).toBe(false)
  })

  it('survives a drop of either side, and a relay that forgets, without a lost or doubled byte', async () => {
    await startRoom()
    const operator = await connect()
    operator.say({ type: 'openTerminal', channel: 1, columns: 80, rows: 24 })
    await operator.hears('opened', 1)
    const typed = async (word: string) => {
      operator.send(1, `${word}\r`)
      await until(`the answer to ${word}, after ${operator.on(1).toString().slice(-200)}`, () =>
        new RegExp(`${word}[\\s\\S]*${word}`).test(operator.on(1).toString()),
      )
    }
    await typed('first')
    service.relay.drop(operator.session, 'device')
    await typed('second')
    service.relay.drop(operator.session, 'operator')
    await typed('third')
    service.relay.forget()
    await until('a ticket is wanted', () => device.words.some(({ type }) => type === 'sessionTicketWanted'))
    service.say(device, { type: 'sessionTicket', session: operator.session, ticket: `${operator.session}.device` })
    await typed('fourth')
    const text = operator.on(1).toString()
    for (const word of ['first', 'second', 'third', 'fourth']) expect(text.match(new RegExp(word, 'g'))).toHaveLength(2)
    expect(ended(operator)).toEqual([])
  })

  it('goes on when the network of the device was away', async () => {
    await startRoom()
    const operator = await connect({ mode: 'view' })
    const dials = service.relay.dials
    await room.act({ do: 'network', room: room.name, up: false })
    await until('the operator sees it', () => operator.state.state === 'lost')
    expect(fleet.connected()).toBe(0)
    await room.act({ do: 'network', room: room.name, up: true })
    await until('it is back', () => operator.state.state === 'live' && fleet.connected() === 1)
    expect(service.relay.dials).toBeGreaterThan(dials)
    await openScreen(operator, 1)
  })

  it('lets a viewer look and nothing else', async () => {
    await startRoom()
    const operator = await connect({ mode: 'view' })
    await openScreen(operator, 1)
    operator.say({ type: 'openTerminal', channel: 2, columns: 80, rows: 24 })
    expect(await operator.hears('closed', 2)).toEqual({ type: 'closed', channel: 2, code: 'remote.viewOnly' })
    operator.send(2, 'restart\r')
    // All over the console: something there would react.
    for (let y = 40; y < 1_080; y += 80) {
      for (let x = 40; x < 1_920; x += 160) {
        operator.send(1, pointer(x, y, 1))
        operator.send(1, pointer(x, y, 0))
      }
    }
    operator.say({ type: 'restart' })
    operator.say({ type: 'restartAtEnd', on: true })
    expect(await operator.hears('restartAtEnd')).toEqual({ type: 'restartAtEnd', on: false })
    expect(room.agent?.facts.inCall).toBe(false)
    expect(operator.heard.some(({ type }) => type === 'ending')).toBe(false)
    operator.say({ type: 'end' })
    await until('the end', () => ended(operator).length > 0)
    expect(device.boots).toHaveLength(1)
    await fleet.stop()
    expect(readFileSync(join(room.folder, 'events.log'), 'utf8')).toMatch(/Input: 0; refused: [1-9]/)
  })

  it('ends when a call begins, which is not cut off by a restart', async () => {
    await startRoom()
    const operator = await connect()
    await room.act({ do: 'facts', room: room.name, facts: { inCall: true } })
    expect(await operator.hears('ending')).toEqual({ type: 'ending', reason: 'callStarted' })
    await until('the service knows', () => ended(operator).length > 0)
    expect(ended(operator)).toEqual(['callStarted'])
    expect((await connect()).refused).toBe('remote.inCall')
    expect(device.boots).toHaveLength(1)
  })

  it('ends on the word of the service, with its reason', async () => {
    await startRoom()
    const operator = await connect({ mode: 'view' })
    service.say(device, { type: 'sessionEnd', session: operator.session, reason: 'accessWithdrawn' })
    expect(await operator.hears('ending')).toEqual({ type: 'ending', reason: 'accessWithdrawn' })
    await until('the end', () => operator.state.state === 'ended')
    expect(ended(operator)).toEqual([])
  })

  it('ends when the relay says so', async () => {
    await startRoom()
    const operator = await connect({ mode: 'view' })
    service.relay.end(operator.session)
    await until('the service knows', () => ended(operator).length > 0)
    expect(ended(operator)).toEqual(['accessWithdrawn'])
  })

  it('ends with the process, and with the agent that is removed', async () => {
    await startRoom()
    const operator = await connect({ mode: 'view' })
    await room.offboard()
    expect(await operator.hears('ending')).toEqual({ type: 'ending', reason: 'unenrolled' })
    await fleet.stop()
    await startRoomAgain()
    const second = await connect()
    await fleet.stop()
    expect(await second.hears('ending')).toEqual({ type: 'ending', reason: 'deviceEnded' })
  })

  it('refuses a second one, and grants that are not for it', async () => {
    await startRoom()
    await connect({ mode: 'view' })
    expect((await connect()).refused).toBe('remote.occupied')
    expect((await connect({ iss: 'another service' })).refused).toBe('remote.refused')
  })
})

async function startRoomAgain(): Promise<void> {
  fleet = await startFleet({
    system: realSystem,
    service: service.url,
    credential: { kind: 'key', secret: service.key },
    rooms: 1,
    folder,
    control: false,
    bringBack: true,
  })
  const [first] = fleet.devices
  if (!first) throw new Error('no room')
  room = first
  device = service.deviceOf(room.name)
}

describe('a restart', () => {
  it.each([
    [
      'that the operator wants',
      (operator: Operator) => {
        operator.say({ type: 'restart' })
      },
      'restarted',
    ],
    [
      'typed into the terminal',
      (operator: Operator) => {
        operator.send(1, 'restart\r')
      },
      'restarted',
    ],
    [
      'at the end, by default',
      (operator: Operator) => {
        operator.say({ type: 'end' })
      },
      'operatorEnded',
    ],
  ])('%s ends the session, and the device is back as another boot with the same journal', async (_name, does, reason) => {
    await startRoom()
    await room.act({ do: 'signal', room: room.name, signal: 'peripherals.camera', value: 'unhealthy', detail: 'unplugged' })
    const journals = device.journals.size
    const operator = await connect()
    operator.say({ type: 'openTerminal', channel: 1, columns: 80, rows: 24 })
    await operator.hears('opened', 1)
    does(operator)
    expect(await operator.hears('ending')).toEqual({ type: 'ending', reason })
    await until('it is back', () => device.boots.length === 2 && fleet.connected() === 1)
    expect(device.boots[1]).not.toBe(device.boots[0])
    expect(device.journals.size).toBe(journals)
    await until('the service knows', () => ended(operator).length > 0)
    expect(ended(operator)).toEqual([reason])
    expect((await room.status()).signals['peripherals.camera']?.value).toBe('unhealthy')
    // What changes afterwards arrives, and the next session works.
    await room.act({ do: 'mend', room: room.name, signal: 'peripherals.camera' })
    await until('the mended camera', () => [...device.journals.values()].flat().at(-1)?.signals['peripherals.camera']?.value === 'healthy')
    await openScreen(await connect({ mode: 'view' }), 1)
    expect(service.offences).toEqual([])
  })
})

describe('the session key', () => {
  it('comes with the enrolment, and no other counts', async () => {
    await startRoom()
    expect(enrolmentIn(room.folder)?.sessionKey).toEqual(service.sessionKey)
    await connect({ mode: 'view' })
  })
})

describe('a recorded session', () => {
  const read = (body: Buffer) => {
    const [head = '', ...lines] = gunzipSync(body).toString('utf8').trimEnd().split('\n')
    return { head: ChunkHead.parse(JSON.parse(head)), events: lines.map((line) => RecordingEvent.parse(JSON.parse(line))) }
  }

  it('is uploaded with pictures and what the terminal wrote, the last of it after the end', async () => {
    await startRoom()
    const operator = await connect({ record: true, upload: 'upload-ticket' })
    expect(operator.heard[0]).toMatchObject({ recording: true })
    await openScreen(operator, 1)
    operator.say({ type: 'openTerminal', channel: 2, columns: 80, rows: 24 })
    await operator.hears('opened', 2)
    operator.send(2, 'help\r')
    await until('the help', () => operator.on(2).includes('restarts the device'))
    operator.say({ type: 'restartAtEnd', on: false })
    operator.say({ type: 'end' })
    await operator.hears('ending')
    await until('the upload', () => service.uploads.length > 0)
    const [upload] = service.uploads
    if (!upload) throw new Error('nothing was uploaded')
    expect(upload).toMatchObject({ path: chunkPath(operator.session, 1), authorization: 'Recording upload-ticket' })
    const { head, events } = read(upload.body)
    expect(head).toMatchObject({ session: operator.session, number: 1 })
    expect(events[0]).toMatchObject({ type: 'picture', display: 'console', key: true })
    expect(events.flatMap((event) => (event.type === 'terminal' ? [event.text] : [])).join('')).toContain('restarts the device')
    expect(events.map(({ type }) => type)).toContain('dark')
  })

  it('ends when the service refuses the recording', async () => {
    service.uploadStatus = () => 413
    await startRoom()
    const operator = await connect({ record: true, upload: 'upload-ticket' })
    operator.say({ type: 'openTerminal', channel: 1, columns: 80, rows: 24 })
    await operator.hears('opened', 1)
    operator.send(1, 'stress 3000\r')
    expect(await operator.hears('ending')).toEqual({ type: 'ending', reason: 'recordingFailed' })
    await until('the service knows', () => ended(operator).length > 0)
    expect(ended(operator)).toEqual(['recordingFailed'])
  })
})
