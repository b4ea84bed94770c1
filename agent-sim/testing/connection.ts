import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { v7 } from 'uuid'
import { type SignedWord, signedWordProof, type ServiceToAgent, SessionKey, welcomeWord } from '../../contract/agent.ts'
import { BootId, DeviceId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { fakeRandom, fakeSystem } from '../../contract/testing/system.ts'
import { settle } from '../../contract/testing/wait.ts'
import type { ConnectionState } from '../agent/connection-state.ts'
import { Connection } from '../agent/connection.ts'
import { publicKeyOf } from '../agent/identity.ts'
import { JournalStore } from '../agent/journal-store.ts'
import { fakeDial, type FakeSocket, newestOf } from './fake-socket.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const publicKey = createPublicKey(privateKey)
export const device = DeviceId.parse(v7())
const serviceKeys = generateKeyPairSync('ed25519')
const serviceKey = SessionKey.parse(serviceKeys.publicKey.export({ format: 'jwk' }))
export const nonce = 'n'.repeat(43)
export const heartbeatMs = 1_000

export const ack = (upTo: number): ServiceToAgent => ({ type: 'ack', upTo })

/** An agent's connection to a service that the test plays, with all that is seen of it; one for each test. */
export class TestConnection {
  readonly clock = new FakeClock()
  readonly #store = JournalStore.open({ file: ':memory:', system: fakeSystem(this.clock) })
  readonly journal = this.#store.journal('room')
  readonly #fake = fakeDial()
  readonly sockets = this.#fake.sockets
  readonly states: ConnectionState[] = []
  readonly notes: string[] = []
  offboards = 0
  /** What was said of remote sessions. */
  readonly heard: string[] = []
  random = 0.5
  readonly connection = new Connection({
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
    journal: this.journal,
    dial: this.#fake.dial,
    now: this.clock.now,
    wall: () => this.clock.now() + 60_000,
    timers: this.clock,
    random: { ...fakeRandom('connection'), number: () => this.random },
    onState: (state) => this.states.push(state),
    onNote: (_level, text) => this.notes.push(text),
    onWelcome: () => undefined,
    onOffboard: () => {
      this.offboards += 1
    },
    onSession: ({ type, session }) => this.heard.push(`${type} ${session}`),
  })

  close(): void {
    this.#store.close()
  }

  newest(): FakeSocket {
    return newestOf(this.sockets)
  }

  sentReports(socket = this.newest()): number[] {
    return socket.sent.flatMap((message) => (message.type === 'report' ? message.reports.map(({ number }) => number) : []))
  }

  async write(count: number): Promise<void> {
    const written = Array.from({ length: count }, () => this.journal.append({ observedAt: this.clock.now(), signals: {} }))
    this.#store.flush()
    await Promise.all(written)
    this.connection.pump()
  }

  /** A final word as the service signs it on this connection. */
  signedWord(socket: FakeSocket, word: SignedWord): string {
    const hello = socket.sent.find((message) => message.type === 'hello')
    const proof = signedWordProof(word, hello?.nonce ?? '', 'test service', device)
    return sign(null, Buffer.from(proof), serviceKeys.privateKey).toString('base64url')
  }

  offboard(socket: FakeSocket): ServiceToAgent {
    return { type: 'offboard', signature: this.signedWord(socket, 'offboard') }
  }

  /** A welcome as the service signs it on this connection. */
  welcome(socket: FakeSocket, acknowledged = 0, version = 1): ServiceToAgent {
    const says = { version, acknowledged, heartbeatMs, lifecycle: 'enrolled' as const }
    return { type: 'welcome', ...says, signature: this.signedWord(socket, welcomeWord(this.journal.id, says)) }
  }

  /** As far as the agent's hello. */
  async greet(): Promise<FakeSocket> {
    const socket = this.newest()
    socket.events.open()
    socket.say({ type: 'challenge', nonce, service: 'test service' })
    await settle()
    return socket
  }

  async connect(acknowledged = this.journal.acknowledged): Promise<FakeSocket> {
    this.connection.start()
    if (this.connection.state.state === 'waiting') this.clock.advance(limits.retryMaxMs)
    const socket = await this.greet()
    socket.say(this.welcome(socket, acknowledged))
    return socket
  }
}
