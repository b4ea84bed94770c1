import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { z } from 'zod'
import { RoomkeeperError } from '../../contract/errors.ts'
import { SessionId } from '../../contract/ids.ts'
import {
  ConsoleToDevice,
  controlChannel,
  type DeviceToConsole,
  type SessionAnswer,
  SessionGrant,
  SessionRequest,
} from '../../contract/remote.ts'
import type { SessionEnd } from '../../contract/remote.ts'
import { proofOf } from '../../contract/sealed/grant.ts'
import type { Link, LinkOptions, LinkState, SessionKeys } from '../../contract/sealed/interfaces.ts'
import { agree, makePair } from '../../contract/sealed/keys.ts'
import type { Ask } from '../sync/http.ts'
import { idOf } from './documents.ts'

/** What a device and a service say to a console that wants a remote session, for its tests. */

/** A link in a test's hand: what is sent is kept, what comes is said by the test. */
export class FakeLink implements Link {
  readonly options: LinkOptions
  state: LinkState = { state: 'connecting' }
  readonly sent: { channel: number; bytes: Buffer }[] = []
  /** `send` answers false. */
  full = false
  paused = false
  started = false

  constructor(options: LinkOptions) {
    this.options = options
  }

  start(): void {
    this.started = true
  }

  send(channel: number, bytes: Uint8Array): boolean {
    this.sent.push({ channel, bytes: Buffer.from(bytes) })
    return !this.full
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  end(reason: SessionEnd): void {
    if (this.state.state !== 'ended') this.be({ state: 'ended', reason })
  }

  be(state: LinkState): void {
    this.state = state
    this.options.onState(state)
  }

  /** The device says something. */
  say(message: DeviceToConsole | Record<string, unknown>): void {
    this.frame(controlChannel, JSON.stringify(message))
  }

  frame(channel: number, bytes: Uint8Array | string): void {
    this.options.onFrame(channel, typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
  }

  room(): void {
    this.full = false
    this.options.onRoom()
  }

  /** What was said to the device, in order. */
  get said(): ConsoleToDevice[] {
    return this.sent.flatMap(({ channel, bytes }) =>
      channel === controlChannel ? [ConsoleToDevice.parse(JSON.parse(bytes.toString()))] : [],
    )
  }
}

/** Answers of a service by method and path; what it throws is thrown, what it gives must fit the schema that is asked with. */
export class FakeClient {
  readonly asked: { method: string; path: string; body: unknown }[] = []
  answer: (asked: { method: string; path: string; body: unknown }) => unknown

  constructor(answer: (asked: { method: string; path: string; body: unknown }) => unknown) {
    this.answer = answer
  }

  async json<T extends z.ZodType>(schema: T, { method = 'GET', path, body }: Ask): Promise<z.output<T>> {
    const asked = { method, path, body }
    this.asked.push(asked)
    return schema.parse(await this.answer(asked))
  }
}

/** The device's key and its half of a session. */
export class FakeDevice {
  readonly #key: KeyObject
  readonly enrolledKey: SessionAnswer['device']['enrolledKey']

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
    this.#key = privateKey
    this.enrolledKey = { kty: 'EC', crv: 'P-256', x, y }
  }

  /** What the service answers to a request that this device agrees to, and the device's keys. `changes`: of the grant. */
  agree(body: unknown, ticket = 'ticket', changes: Partial<SessionGrant> = {}): { answer: SessionAnswer; keys: SessionKeys } {
    const { session, room, mode, key } = SessionRequest.parse(body)
    const claims = SessionGrant.parse({
      iss: 'roomkeeper',
      sid: session,
      tenant: idOf('tenant', 1),
      room,
      device: idOf('device', 1),
      operator: { id: idOf('person', 1), name: 'Amélie' },
      mode,
      displays: ['console'],
      terminal: mode === 'modify',
      record: false,
      key,
      iat: 1_800_000_000,
      exp: 1_800_000_900,
      ...changes,
    })
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const grant = `${part({ alg: 'EdDSA', typ: 'roomkeeper-grant+jwt' })}.${part(claims)}.${'A'.repeat(86)}`
    const pair = makePair()
    const signature = sign('sha256', Buffer.from(proofOf(grant, pair.publicKey)), { key: this.#key, dsaEncoding: 'ieee-p1363' }).toString(
      'base64url',
    )
    return {
      answer: { grant, device: { key: pair.publicKey, signature, enrolledKey: this.enrolledKey }, ticket },
      keys: agree({ side: 'device', privateKey: pair.privateKey, peerKey: claims.key, grant }),
    }
  }
}

/** A row of the session log. */
export const recordOf = (id: string, end: SessionEnd | null) => ({
  id: SessionId.parse(id),
  room: idOf('room', 1),
  roomName: 'Room 1',
  device: null,
  deviceName: '',
  operator: { id: idOf('person', 1), name: 'Amélie', email: '' },
  mode: 'view',
  startedAt: 1,
  endedAt: end === null ? null : 2,
  end,
  refusal: null,
  recording: null,
})

export const refuse = (code: ConstructorParameters<typeof RoomkeeperError>[0], params?: Record<string, string | number>): never => {
  throw new RoomkeeperError(code, params === undefined ? {} : { params })
}
