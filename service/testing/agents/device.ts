import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { v7 } from 'uuid'
import { WebSocket } from 'ws'
import {
  challengeProof,
  DevicePublicKey,
  EnrolmentAnswer,
  enrolmentProof,
  type EnrolmentRequest,
  ServiceToAgent,
} from '../../../contract/agent.ts'
import { Problem } from '../../../contract/errors.ts'
import type { SignalId, SignalValue } from '../../../contract/signals.ts'
import { until } from '../../../contract/testing/wait.ts'
import { enrolmentKey } from './parts.ts'

/** For tests: a device that says what it is told to, right or wrong. It is not the agent, and knows none of its rules. */

export interface TestKey {
  readonly publicKey: DevicePublicKey
  readonly privateKey: KeyObject
}

export function newKey(): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' })
  return {
    publicKey: DevicePublicKey.parse({ kty, crv, x, y }),
    privateKey: createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' })),
  }
}

export const signed = (key: TestKey, text: string): string =>
  sign('sha256', Buffer.from(text), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')

export const facts = {
  platform: 'simulated',
  os: 'Test OS 1',
  manufacturer: 'Contoso',
  model: 'Console 1',
  serial: 'S-1',
  agentVersion: '1.0.0',
  appVersion: '5.2',
  address: '10.0.0.1',
  inCall: false,
}

export function enrolmentOf(key: TestKey, changes: Partial<EnrolmentRequest> = {}): EnrolmentRequest {
  const installation = changes.installation ?? v7()
  return {
    installation,
    publicKey: key.publicKey,
    proof: signed(key, enrolmentProof(installation, key.publicKey)),
    profile: 'generic',
    keyProtection: 'software',
    facts,
    room: { name: 'Room 1', place: { country: 'France', city: 'Lyon', building: 'Confluence', floor: '1', timeZone: 'Europe/Paris' } },
    ...changes,
  }
}

export async function enrolRaw(
  url: string,
  body: unknown,
  authorization = `EnrolmentKey ${enrolmentKey}`,
): Promise<{ status: number; answer: unknown }> {
  const response = await fetch(`${url}/v1/enrolments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify(body),
  })
  return { status: response.status, answer: await response.json() }
}

/** Of every hello of a test device: what final words to it are signed over. */
export const helloNonce = 'h'.repeat(43)

export class TestDevice {
  readonly url: string
  readonly key: TestKey
  readonly enrolment: EnrolmentAnswer
  journal: string = v7()
  heard: ServiceToAgent[] = []
  closed: { code: number } | undefined
  socket: WebSocket | undefined
  #sent = 0

  constructor(url: string, key: TestKey, enrolment: EnrolmentAnswer) {
    this.url = url
    this.key = key
    this.enrolment = enrolment
  }

  static async enrol(url: string, changes: Partial<EnrolmentRequest> = {}, tenantKey = enrolmentKey): Promise<TestDevice> {
    const key = newKey()
    const { status, answer } = await enrolRaw(url, enrolmentOf(key, changes), `EnrolmentKey ${tenantKey}`)
    if (status !== 200) throw new Error(Problem.parse(answer).code)
    return new TestDevice(url, key, EnrolmentAnswer.parse(answer))
  }

  /** Opens a socket and waits for the challenge. */
  async dial(): Promise<string> {
    this.heard = []
    this.closed = undefined
    const socket = new WebSocket(`${this.url.replace('http', 'ws')}/v1/agent`, { perMessageDeflate: false })
    this.socket = socket
    socket.on('message', (data) => this.heard.push(ServiceToAgent.parse(JSON.parse(String(data)))))
    socket.on('error', () => undefined)
    socket.on('close', (code) => {
      if (this.socket === socket) this.closed = { code }
    })
    return (await this.hears('challenge')).nonce
  }

  hello(nonce: string, key: TestKey = this.key, changes: object = {}): void {
    const { device, service } = this.enrolment
    const signature = signed(key, challengeProof(nonce, service, device))
    this.say({
      type: 'hello',
      versions: [1],
      device,
      signature,
      nonce: helloNonce,
      journal: this.journal,
      boot: 'boot-1',
      sentAt: Date.now(),
      ...changes,
    })
  }

  async connect(): Promise<Extract<ServiceToAgent, { type: 'welcome' }>> {
    this.hello(await this.dial())
    const welcome = await this.hears('welcome')
    this.#sent = welcome.acknowledged
    return welcome
  }

  say(message: unknown): void {
    this.socket?.send(JSON.stringify(message))
  }

  /** Sends one more report. */
  report(values: Partial<Record<SignalId, SignalValue>>, more: object = {}): number {
    const signals = Object.fromEntries(Object.entries(values).map(([signal, value]) => [signal, { value }]))
    this.#sent++
    this.say({ type: 'report', reports: [{ number: this.#sent, observedAt: Date.now(), signals, ...more }] })
    return this.#sent
  }

  async hears<T extends ServiceToAgent['type']>(type: T): Promise<Extract<ServiceToAgent, { type: T }>> {
    const is = (message: ServiceToAgent): message is Extract<ServiceToAgent, { type: T }> => message.type === type
    return until(
      () => `${type} from the service; heard ${JSON.stringify(this.heard)}`,
      () => this.heard.find(is),
    )
  }

  async acknowledged(number: number): Promise<void> {
    await until(`the acknowledgement of ${number}`, () => this.heard.some((message) => message.type === 'ack' && message.upTo >= number))
  }

  async ends(): Promise<{ code: number }> {
    return until('the socket to close', () => this.closed)
  }

  drop(): void {
    this.socket?.terminate()
  }
}
