import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { challengeProof, type SignedWord, signedWordProof, type ServiceToAgent, SessionKey, welcomeWord } from '../../contract/agent.ts'
import { BootId, DeviceId, SessionId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { settle } from '../../contract/testing/wait.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { fakeDial, type FakeSocket, newestOf } from '../testing/fake-socket.ts'
import { Connection } from './connection.ts'
import type { ConnectionState } from './connection-state.ts'
import { publicKeyOf } from './identity.ts'
import { JournalStore } from './journal-store.ts'
import type { Journal } from './journal.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const publicKey = createPublicKey(privateKey)
const device = DeviceId.parse(v7())
const serviceKeys = generateKeyPairSync('ed25519')
const serviceKey = SessionKey.parse(serviceKeys.publicKey.export({ format: 'jwk' }))
const nonce = 'n'.repeat(43)
const heartbeatMs = 1_000

let clock: FakeClock
let store: JournalStore
let journal: Journal
let sockets: FakeSocket[]
let states: ConnectionState[]
let notes: string[]
let offboards: number
let heard: string[]
let connection: Connection
let random: number

beforeEach(() => {
  clock = new FakeClock()
  store = JournalStore.open({ file: ':memory:', newId: v7, now: clock.now, timers: clock })
  journal = store.journal('room')
  const fake = fakeDial()
  sockets = fake.sockets
  states = []
  notes = []
  offboards = 0
  heard = []
  random = 0.5
  connection = new Connection({
    url: 'ws://test/v1/agent',
    device,
    service: 'test service',
    serviceKey,
    boot: BootId.parse('boot'),
    key: {
      protection: 'software',
      publicKey: publicKeyOf(publicKey),
      sign: (text) =>
        Promise.resolve(sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')),
    },
    journal,
    dial: fake.dial,
    now: clock.now,
    wall: () => clock.now() + 60_000,
    timers: clock,
    random: () => random,
    onState: (state) => states.push(state),
    onNote: (_level, text) => notes.push(text),
    onWelcome: () => undefined,
    onOffboard: () => {
      offboards += 1
    },
    onSession: ({ type, session }) => heard.push(`${type} ${session}`),
  })
})
afterEach(() => {
  store.close()
})

const newest = (): FakeSocket => newestOf(sockets)
const sentReports = (socket = newest()) =>
  socket.sent.flatMap((message) => (message.type === 'report' ? message.reports.map(({ number }) => number) : []))
const ack = (upTo: number): ServiceToAgent => ({ type: 'ack', upTo })

async function write(count: number): Promise<void> {
  const written = Array.from({ length: count }, () => journal.append({ observedAt: clock.now(), signals: {} }))
  store.flush()
  await Promise.all(written)
  connection.pump()
}

/** A final word as the service signs it on this connection. */
function signedWord(socket: FakeSocket, word: SignedWord): string {
  const hello = socket.sent.find((message) => message.type === 'hello')
  const proof = signedWordProof(word, hello?.nonce ?? '', 'test service', device)
  return sign(null, Buffer.from(proof), serviceKeys.privateKey).toString('base64url')
}
const offboard = (socket: FakeSocket): ServiceToAgent => ({ type: 'offboard', signature: signedWord(socket, 'offboard') })

/** A welcome as the service signs it on this connection. */
function welcome(socket: FakeSocket, acknowledged = 0, version = 1): ServiceToAgent {
  const says = { version, acknowledged, heartbeatMs, lifecycle: 'enrolled' as const }
  return { type: 'welcome', ...says, signature: signedWord(socket, welcomeWord(journal.id, says)) }
}

/** As far as the agent's hello. */
async function greet(): Promise<FakeSocket> {
  const socket = newest()
  socket.events.open()
  socket.say({ type: 'challenge', nonce, service: 'test service' })
  await settle()
  return socket
}

async function connect(acknowledged = journal.acknowledged): Promise<FakeSocket> {
  connection.start()
  if (connection.state.state === 'waiting') clock.advance(limits.retryMaxMs)
  const socket = await greet()
  socket.say(welcome(socket, acknowledged))
  return socket
}

describe('proving', () => {
  it('signs the challenge for its service and device, and says hello with its journal', async () => {
    connection.start()
    const [hello] = (await greet()).sent
    if (hello?.type !== 'hello') throw new Error('no hello')
    const text = Buffer.from(challengeProof(nonce, 'test service', device))
    const signature = Buffer.from(hello.signature, 'base64url')
    expect(verify('sha256', text, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
    expect(hello).toMatchObject({ device, journal: journal.id, versions: [1], sentAt: clock.now(), clock: clock.now() + 60_000 })
  })

  it('signs nothing for a service of another name', async () => {
    connection.start()
    newest().events.open()
    newest().say({ type: 'challenge', nonce, service: 'another' })
    await settle()
    expect(newest().sent).toEqual([])
    expect(newest().ended).toBe('drop')
    expect(connection.state.state).toBe('waiting')
  })

  it('hangs up on a service that does not greet in time', () => {
    connection.start()
    newest().events.open()
    clock.advance(limits.agentHelloMs)
    expect(connection.state).toMatchObject({ state: 'waiting', why: 'the service did not greet in time' })
  })

  it.each(['', '[]', '{"type":"welcome"}', '{"type":"ack","upTo":-1}', 'x'.repeat(70_000)])(
    'drops a socket that says %.20j',
    async (text) => {
      const socket = await connect()
      socket.events.message(text)
      expect(socket.ended).toBe('drop')
      expect(connection.state.state).toBe('waiting')
    },
  )
})

describe('reports', () => {
  it('go up in order, within a bounded window, and on with each acknowledgement', async () => {
    await write(1_000)
    const socket = await connect()
    expect(sentReports()).toEqual(Array.from({ length: limits.agentWindowReports }, (_, index) => index + 1))
    expect(Math.max(...socket.sent.map((message) => (message.type === 'report' ? message.reports.length : 0)))).toBe(
      limits.reportsPerMessage,
    )
    for (let upTo = 50; upTo <= 1_000; upTo += 50) socket.say(ack(upTo))
    expect(sentReports()).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1))
    expect(journal.waiting).toBe(0)
  })

  it('acknowledged twice, late or beyond what was sent change nothing', async () => {
    const socket = await connect()
    await write(3)
    socket.say(ack(2))
    socket.say(ack(2))
    socket.say(ack(1))
    expect(journal.acknowledged).toBe(2)
    socket.say(ack(99))
    expect(journal.acknowledged).toBe(3)
    await write(1)
    expect(sentReports()).toEqual([1, 2, 3, 4])
  })

  it('are sent once more from where the service asks', async () => {
    const socket = await connect()
    await write(5)
    socket.say(ack(2))
    socket.say({ type: 'resend', from: 3 })
    expect(sentReports()).toEqual([1, 2, 3, 4, 5, 3, 4, 5])
  })

  it('are not sent in a circle for ever', async () => {
    const socket = await connect()
    await write(2)
    for (let asked = 0; asked < 50 && socket.ended === undefined; asked += 1) socket.say({ type: 'resend', from: 1 })
    expect(socket.ended).toBe('drop')
  })

  it('that were refused are noted and need not be kept', async () => {
    const socket = await connect()
    await write(2)
    socket.say({ type: 'ack', upTo: 2, rejected: [{ number: 1, code: 'report.invalid' }] })
    expect(journal.waiting).toBe(0)
    expect(notes.join()).toContain('Report 1 was refused: report.invalid')
  })

  it('go on after a lost socket where the service says it is', async () => {
    const first = await connect()
    await write(4)
    first.say(ack(1))
    first.events.closed('gone')
    await write(1)
    expect(sentReports(first)).toEqual([1, 2, 3, 4])
    // It had taken 2 and 3 as well, and died before it said so.
    await connect(3)
    expect(sentReports()).toEqual([4, 5])
  })

  it('begin a new journal when the service remembers less than it acknowledged', async () => {
    const first = await connect()
    await write(4)
    first.say(ack(3))
    first.events.closed('gone')
    const before = journal.id
    await connect(1)
    expect(journal.id).not.toBe(before)
    await connect(0)
    expect(newest().sent[0]).toMatchObject({ type: 'hello', journal: journal.id })
    expect(sentReports()).toEqual([1])
  })

  it('begin a new journal when the service remembers more than was ever written', async () => {
    await write(2)
    const before = journal.id
    await connect(17)
    expect(journal.id).not.toBe(before)
    expect(journal.waiting).toBe(0)
  })

  it('not acknowledged in time end the socket', async () => {
    const socket = await connect()
    await write(1)
    for (let ms = 0; ms < limits.agentAckMs + 2 * heartbeatMs && socket.ended === undefined; ms += heartbeatMs) {
      socket.say({ type: 'beat' })
      clock.advance(heartbeatMs)
    }
    expect(socket.ended).toBe('drop')
    expect(states).toContainEqual(expect.objectContaining({ state: 'waiting', why: 'reports were not acknowledged in time' }))
  })
})

describe('staying connected', () => {
  it('beats at the interval that the service names', async () => {
    const socket = await connect()
    for (let beat = 0; beat < 10; beat += 1) {
      clock.advance(heartbeatMs)
      socket.say({ type: 'beat' })
    }
    expect(socket.sent.filter(({ type }) => type === 'beat')).toHaveLength(10)
  })

  it('asks a silent service for a sign of life, and hangs up when there is none', async () => {
    const socket = await connect()
    clock.advance(2.6 * heartbeatMs)
    expect(socket.pings).toBeGreaterThan(0)
    expect(socket.ended).toBeUndefined()
    clock.advance(2 * heartbeatMs)
    expect(socket.ended).toBe('drop')
    expect(states).toContainEqual(expect.objectContaining({ state: 'waiting', why: 'the service fell silent' }))
  })

  it('an answered ping is a sign of life', async () => {
    const socket = await connect()
    for (let beat = 0; beat < 10; beat += 1) {
      clock.advance(heartbeatMs)
      socket.events.alive()
    }
    expect(connection.state.state).toBe('connected')
  })

  it('[ENR-3] says the same start of the agent at each connection, and waits long where another machine is connected as it', async () => {
    const runs = []
    for (let i = 0; i < 2; i++) {
      const socket = await connect()
      runs.push(socket.sent.find((message) => message.type === 'hello')?.run)
      socket.say({ type: 'error', code: 'device.twice', retry: true })
      socket.events.closed('closed')
      expect(connection.state).toMatchObject({ state: 'waiting', unwanted: true, until: clock.now() + limits.twinRetryMs * 0.75 })
      clock.advance(limits.twinRetryMs)
    }
    expect(runs).toEqual([expect.stringMatching(/^.{20,64}$/u), runs[0]])
  })

  it('dials again with pauses that grow, with chance in them, up to a limit', () => {
    const pauses: number[] = []
    random = 1
    connection.start()
    for (let tries = 0; tries < 12; tries += 1) {
      newest().events.closed('refused')
      const { state } = connection
      if (state.state !== 'waiting') throw new Error(state.state)
      pauses.push(state.until - clock.now())
      clock.advance(state.until - clock.now())
    }
    expect(pauses.slice(0, 4)).toEqual([1, 2, 4, 8].map((factor) => factor * limits.retryFirstMs))
    expect(Math.max(...pauses)).toBe(limits.retryMaxMs)
    random = 0
    newest().events.closed('refused')
    expect(connection.state).toMatchObject({ until: clock.now() + limits.retryMaxMs / 2 })
  })

  it('hears nothing of a socket that it gave up', async () => {
    const first = await connect()
    first.events.closed('gone')
    await connect()
    first.say({ type: 'error', code: 'device.unknown', retry: false })
    first.events.closed('again')
    expect(connection.state.state).toBe('connected')
  })

  it('with its network cut drops the socket, tries nothing, and goes on when told', async () => {
    const socket = await connect()
    connection.cut()
    expect(socket.ended).toBe('drop')
    clock.advance(3_600_000)
    expect(sockets).toHaveLength(1)
    expect(clock.waiting).toBe(0)
    await write(2)
    await connect()
    expect(sentReports()).toEqual([1, 2])
  })
})

describe('what the service decides', () => {
  it('a refusal that trying again cannot mend stops the agent and says why', async () => {
    connection.start()
    const socket = await greet()
    socket.say({ type: 'error', code: 'device.unknown', retry: false, signature: signedWord(socket, 'error device.unknown') })
    expect(connection.state).toMatchObject({ state: 'stopped', code: 'device.unknown' })
    clock.advance(3_600_000)
    expect(sockets).toHaveLength(1)
  })

  it('another refusal is tried again', async () => {
    const socket = await connect()
    socket.say({ type: 'error', code: 'service.unavailable', retry: true })
    socket.events.closed('bye')
    expect(connection.state).toMatchObject({ state: 'waiting', why: 'service.unavailable' })
  })

  it('a change of the lifecycle is shown', async () => {
    const socket = await connect()
    socket.say({ type: 'lifecycle', lifecycle: 'unenrolled' })
    expect(states.at(-1)).toMatchObject({ state: 'connected', lifecycle: 'unenrolled' })
  })

  it('off-boarding ends the reports, and the farewell is the last word', async () => {
    const socket = await connect()
    socket.say(offboard(socket))
    socket.say(offboard(socket))
    expect(offboards).toBe(1)
    await write(1)
    clock.advance(60_000)
    await connection.farewell()
    expect(socket.sent.at(-1)).toEqual({ type: 'offboarded' })
    expect(sentReports(socket)).toEqual([])
    expect(connection.state).toMatchObject({ state: 'stopped', why: 'off-boarded' })
  })

  it('a version that this agent does not speak is not used', async () => {
    connection.start()
    const socket = await greet()
    socket.say(welcome(socket, 0, 7))
    expect(connection.state).toMatchObject({ state: 'waiting', why: 'the service speaks version 7' })
  })
})

describe('remote sessions', () => {
  const session = SessionId.parse(v7())

  it('what the service says of them is passed on, and answers go back', async () => {
    const socket = await connect()
    socket.say({ type: 'session', session, grant: 'grant', ticket: 'ticket' })
    socket.say({ type: 'sessionTicket', session, ticket: 'another' })
    socket.say({ type: 'sessionEnd', session, reason: 'switchedOff' })
    expect(heard).toEqual([`session ${session}`, `sessionTicket ${session}`, `sessionEnd ${session}`])
    expect(connection.say({ type: 'sessionRefused', session, code: 'remote.inCall' })).toBe(true)
    expect(socket.sent.at(-1)).toEqual({ type: 'sessionRefused', session, code: 'remote.inCall' })
  })

  it('nobody hears of them, or is told, before the service has welcomed the device, or while it is off-boarded', async () => {
    connection.start()
    const socket = await greet()
    socket.say({ type: 'session', session, grant: 'grant', ticket: 'ticket' })
    expect(connection.say({ type: 'sessionEnded', session, reason: 'deviceEnded' })).toBe(false)
    socket.say(welcome(socket))
    socket.say(offboard(socket))
    socket.say({ type: 'session', session, grant: 'grant', ticket: 'ticket' })
    expect(connection.say({ type: 'sessionEnded', session, reason: 'deviceEnded' })).toBe(false)
    expect(heard).toEqual([])
  })
})
