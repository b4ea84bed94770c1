import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type SignedWord, signedWordProof, type ServiceToAgent, SessionKey, welcomeWord } from '../../contract/agent.ts'
import { BootId, DeviceId, JournalId, SessionId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { fakeRandom, fakeSystem } from '../../contract/testing/system.ts'
import { settle } from '../../contract/testing/wait.ts'
import { fakeDial, type FakeSocket, newestOf } from '../testing/fake-socket.ts'
import { Connection } from './connection.ts'
import { publicKeyOf } from './identity.ts'
import { JournalStore } from './journal-store.ts'
import type { Journal } from './journal.ts'

const device = DeviceId.parse(v7())
const nonce = 'n'.repeat(43)
const service = generateKeyPairSync('ed25519')
const deviceKey = publicKeyOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)

let clock: FakeClock
let store: JournalStore
let journal: Journal
let sockets: FakeSocket[]
let notes: string[]
let offboards: number
let sessions: string[]
let connection: Connection

/** `serviceKey`: what the device kept of its enrolment. */
function make(serviceKey: SessionKey | undefined): void {
  const fake = fakeDial()
  sockets = fake.sockets
  connection = new Connection({
    url: 'ws://test/v1/agent',
    device,
    service: 'test service',
    serviceKey,
    boot: BootId.parse('boot'),
    key: { protection: 'software', publicKey: deviceKey, sign: () => Promise.resolve('A'.repeat(86)) },
    journal,
    dial: fake.dial,
    now: clock.now,
    wall: clock.now,
    timers: clock,
    random: { ...fakeRandom('words'), number: () => 1 },
    onState: () => undefined,
    onNote: (_level, text) => notes.push(text),
    onWelcome: () => undefined,
    onOffboard: () => {
      offboards += 1
    },
    onSession: ({ session }) => sessions.push(session),
  })
}

beforeEach(() => {
  clock = new FakeClock()
  store = JournalStore.open({ file: ':memory:', system: fakeSystem(clock) })
  journal = store.journal('room')
  notes = []
  offboards = 0
  sessions = []
  make(SessionKey.parse(service.publicKey.export({ format: 'jwk' })))
})
afterEach(() => {
  store.close()
})

const newest = (): FakeSocket => newestOf(sockets)

/** As far as the agent's hello. */
async function greet(): Promise<FakeSocket> {
  connection.start()
  if (connection.state.state === 'waiting') clock.advance(limits.retryMaxMs)
  const socket = newest()
  socket.events.open()
  socket.say({ type: 'challenge', nonce, service: 'test service' })
  await settle()
  return socket
}

async function connect(): Promise<FakeSocket> {
  const socket = await greet()
  socket.say(welcome(socket, 0))
  return socket
}

/** What a word is signed over, where it is other than it should be. */
interface Over {
  nonce?: string
  service?: string
  device?: string
  key?: KeyObject
}
/** A word as the service signs it on this connection. */
function signedWord(socket: FakeSocket, word: SignedWord, over: Over = {}): string {
  const hello = socket.sent.find((message) => message.type === 'hello')
  const text = signedWordProof(word, over.nonce ?? hello?.nonce ?? '', over.service ?? 'test service', over.device ?? device)
  return sign(null, Buffer.from(text), over.key ?? service.privateKey).toString('base64url')
}

type Welcome = Extract<ServiceToAgent, { type: 'welcome' }>
const says = (acknowledged: number) => ({ version: 1, acknowledged, heartbeatMs: 1_000, lifecycle: 'enrolled' as const })
const welcome = (socket: FakeSocket, acknowledged: number, of = journal.id): Welcome => ({
  type: 'welcome',
  ...says(acknowledged),
  signature: signedWord(socket, welcomeWord(of, says(acknowledged))),
})

describe('[INC-2] a welcome that the service has not signed costs a try, and never a report', () => {
  const stranger = generateKeyPairSync('ed25519').privateKey
  const welcomeSigned = (socket: FakeSocket, over: Over): Welcome => {
    return { ...welcome(socket, 3), signature: signedWord(socket, welcomeWord(journal.id, says(3)), over) }
  }
  const forged: [string, (socket: FakeSocket) => Welcome][] = [
    ['without a signature', () => ({ type: 'welcome', ...says(3) })],
    ['of bytes', () => ({ type: 'welcome', ...says(3), signature: 'A'.repeat(86) })],
    ['with more acknowledged than was signed', (socket) => ({ ...welcome(socket, 0), acknowledged: 3 })],
    ['with more than was ever written', (socket) => ({ ...welcome(socket, 0), acknowledged: 99 })],
    ['with other beats', (socket) => ({ ...welcome(socket, 0), heartbeatMs: 1_000_000 })],
    ['with another lifecycle', (socket) => ({ ...welcome(socket, 0), lifecycle: 'unenrolled' })],
    ['of another journal', (socket) => welcome(socket, 3, JournalId.parse(v7()))],
    ['by another service', (socket) => welcomeSigned(socket, { key: stranger })],
    ['for another device', (socket) => welcomeSigned(socket, { device: v7() })],
    ['of another connection', (socket) => welcomeSigned(socket, { nonce })],
  ]

  it.each(forged)('%s', async (_, forge) => {
    const written = [1, 2, 3].map(() => journal.append({ observedAt: clock.now(), signals: {} }))
    store.flush()
    await Promise.all(written)
    const { id } = journal
    const socket = await greet()
    socket.say(forge(socket))
    socket.say({ type: 'ack', upTo: 3 })
    expect(connection.state.state).toBe('waiting')
    expect(socket.ended).toBe('drop')
    expect([journal.id, journal.waiting]).toEqual([id, 3])
    const next = await connect()
    expect(next.sent.filter(({ type }) => type === 'report')).toHaveLength(1)
  })

  it('nothing counts before it: neither acknowledgements nor sessions nor a welcome before the hello', async () => {
    connection.start()
    const socket = newest()
    socket.events.open()
    socket.say({ type: 'welcome', ...says(0), signature: 'A'.repeat(86) })
    socket.say({ type: 'ack', upTo: 1 })
    socket.say({ type: 'resend', from: 1 })
    socket.say({ type: 'lifecycle', lifecycle: 'unenrolled' })
    expect(connection.state.state).toBe('proving')
    expect(socket.sent).toEqual([])
  })

  it('a device that kept no key of its service takes it as it is', async () => {
    make(undefined)
    const socket = await greet()
    socket.say({ type: 'welcome', ...says(0) })
    expect(connection.state.state).toBe('connected')
  })
})

describe('[ENR-5] a final word that the service has not signed costs a try, and never the agent', () => {
  const stranger = generateKeyPairSync('ed25519').privateKey
  const forged: [string, (socket: FakeSocket, word: SignedWord) => string | undefined][] = [
    ['no signature', () => undefined],
    ['bytes', () => 'A'.repeat(86)],
    ['the key of another service', (socket, word) => signedWord(socket, word, { key: stranger })],
    ['the nonce of another connection', (socket, word) => signedWord(socket, word, { nonce: 'o'.repeat(43) })],
    ["the service's own nonce", (socket, word) => signedWord(socket, word, { nonce })],
    ['another device', (socket, word) => signedWord(socket, word, { device: v7() })],
    ['another service', (socket, word) => signedWord(socket, word, { service: 'another' })],
    ['another word', (socket, word) => signedWord(socket, word === 'offboard' ? 'error device.unknown' : 'offboard')],
  ]
  const words: [SignedWord, (signature: string | undefined) => ServiceToAgent][] = [
    ['offboard', (signature) => ({ type: 'offboard', signature })],
    ['error device.unknown', (signature) => ({ type: 'error', code: 'device.unknown', retry: false, signature })],
    ['error device.version', (signature) => ({ type: 'error', code: 'device.version', retry: false, signature })],
  ]
  const cases = forged.flatMap(([what, make]) => words.map(([word, message]) => ({ what, make, word, message })))

  it.each(cases)('$word with $what', async ({ make, word, message }) => {
    const socket = await connect()
    socket.say(message(make(socket, word)))
    expect(offboards).toBe(0)
    expect(socket.ended).toBe('drop')
    expect(connection.state.state).toBe('waiting')
    expect(notes.join()).toContain('is not signed by the service that this device enrolled with')
    await connect()
    expect(connection.state.state).toBe('connected')
  })

  it.each(words)('%s, said before the device has said anything', (_, message) => {
    connection.start()
    const socket = newest()
    socket.events.open()
    socket.say(message('A'.repeat(86)))
    expect(offboards).toBe(0)
    expect(connection.state.state).toBe('waiting')
  })

  it('again and again makes the pauses longer', () => {
    connection.start()
    const pauses = Array.from({ length: 4 }, () => {
      const socket = newest()
      socket.events.open()
      socket.say({ type: 'error', code: 'device.unknown', retry: false })
      const { state } = connection
      if (state.state !== 'waiting') throw new Error(state.state)
      expect(state.unwanted).toBe(true)
      const pause = state.until - clock.now()
      clock.advance(pause)
      return pause
    })
    expect(pauses).toEqual([1, 2, 4, 8].map((factor) => factor * limits.retryFirstMs))
  })

  it('of an earlier connection does not count on the next', async () => {
    const first = await connect()
    const word: ServiceToAgent = { type: 'offboard', signature: signedWord(first, 'offboard') }
    first.events.closed('gone')
    const second = await connect()
    second.say(word)
    expect(offboards).toBe(0)
    expect(connection.state.state).toBe('waiting')
  })

  it('does not count for a device that kept no key of its service', async () => {
    make(undefined)
    const socket = await connect()
    socket.say({ type: 'offboard', signature: signedWord(socket, 'offboard') })
    expect(offboards).toBe(0)
    expect(connection.state.state).toBe('waiting')
  })

  it('counts when it has: the agent goes', async () => {
    const socket = await connect()
    socket.say({ type: 'offboard', signature: signedWord(socket, 'offboard') })
    expect(offboards).toBe(1)
    expect(connection.state.state).toBe('offboarding')
  })
})

describe('[REM-7] an offer of a session', () => {
  const session = SessionId.parse(v7())
  const offer = (signature?: string): ServiceToAgent => ({
    type: 'session',
    session,
    grant: 'g',
    ticket: 't',
    ...(signature === undefined ? {} : { signature }),
  })

  it('counts with the signature of this connection, and without one, when a clock has to judge it', async () => {
    const socket = await connect()
    socket.say(offer(signedWord(socket, `session ${session}`)))
    socket.say(offer())
    expect(sessions).toEqual([session, session])
  })

  it.each<[string, (socket: FakeSocket) => string]>([
    ['of another connection', (socket) => signedWord(socket, `session ${session}`, { nonce: 'o'.repeat(43) })],
    ['of another session', (socket) => signedWord(socket, `session ${v7()}`)],
    ['of another service', (socket) => signedWord(socket, `session ${session}`, { key: generateKeyPairSync('ed25519').privateKey })],
  ])('does not count with one %s', async (_, make) => {
    const socket = await connect()
    socket.say(offer(make(socket)))
    expect(sessions).toEqual([])
    expect(connection.state.state).toBe('waiting')
  })
})
