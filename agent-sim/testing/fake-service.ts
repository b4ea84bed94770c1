import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { v7 } from 'uuid'
import { WebSocketServer, type WebSocket } from 'ws'
import {
  AgentToService,
  challengeProof,
  type DevicePublicKey,
  enrolmentProof,
  EnrolmentRequest,
  keyChangeProof,
  Report,
  type ServiceToAgent,
  SessionKey,
  type SignedWord,
  signedWordProof,
  welcomeWord,
} from '../../contract/agent.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { DeviceId, RoomId } from '../../contract/ids.ts'
import { sessionGrantType, type SessionGrant } from '../../contract/remote.ts'
import { someBytes } from '../../contract/testing/chance.ts'
import { TinyRelay } from './tiny-relay.ts'

/** A device as the fake service knows it, with all that it committed, per journal in the order of arrival. */
export interface FakeDevice {
  device: DeviceId
  room: RoomId
  name: string
  installation: string
  publicKey: DevicePublicKey
  journals: Map<string, Report[]>
  connections: number
  beats: number
  offboarded: boolean
  socket: WebSocket | undefined
  /** Of its newest hello. */
  nonce: string
  /** Boots that it has said hello with, in their order. */
  boots: string[]
  /** Whether each signature of the key before another one fitted. */
  formerProofs: boolean[]
  /** What it has said of remote sessions. */
  words: AgentToService[]
}

/** A chunk of a recording that was uploaded. */
export interface FakeUpload {
  path: string
  authorization: string
  body: Buffer
}

/** What happens to a message of reports that arrived in order. The default is `acknowledge`. */
export type Mood = 'acknowledge' | 'late' | 'twice' | 'dropBefore' | 'dropAfter' | 'dropMidBatch' | 'askAgain'

/**
 * The service's end of the agent protocol, kept in memory, as unfriendly as a test wants it: it acknowledges late or
 * twice, drops sockets in the middle of a batch, asks for what it has, forgets.
 */
export class FakeService {
  readonly name = 'fake service'
  readonly key = 'the-key'
  readonly devices = new Map<string, FakeDevice>()
  /** Everything the protocol forbids that an agent did. */
  readonly offences: string[] = []
  heartbeatMs = 60_000
  mood: () => Mood = () => 'acknowledge'
  /** What an enrolment is answered with, in the place of success. */
  enrolmentTrouble:
    | (() => { status: number; code?: 'rate.limited' | 'enrol.keyInvalid' | 'enrol.softwareKeyRefused'; retryAfter?: string } | undefined)
    | undefined
  enrolmentRequests = 0
  readonly uploads: FakeUpload[] = []
  /** What an upload is answered with. */
  uploadStatus: () => number = () => 200
  readonly relay = new TinyRelay()
  readonly #sessionKeys = generateKeyPairSync('ed25519')
  #server: Server | undefined
  #sockets: WebSocketServer | undefined
  #port = 0

  /** Listens; after `stop`, on the port that it had. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error))
      })
    })
    this.relay.attach(server)
    const sockets = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 })
    this.#sockets = sockets
    server.on('upgrade', (request, socket, head) => {
      if (request.url !== '/v1/agent') return
      sockets.handleUpgrade(request, socket, head, (opened) => {
        this.#converse(opened)
      })
    })
    await new Promise<void>((done) => server.listen(this.#port, '127.0.0.1', done))
    const address = server.address()
    this.#port = typeof address === 'object' && address ? address.port : 0
    this.#server = server
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets?.clients ?? []) socket.terminate()
    this.relay.forget()
    await new Promise((done) => {
      this.#server?.closeAllConnections()
      this.#server?.close(done)
    })
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get port(): number {
    return this.#port
  }

  /** The device that enrolled for a room of this name. */
  deviceOf(name: string): FakeDevice {
    const found = [...this.devices.values()].find((device) => device.name === name)
    if (!found) throw new Error(`${name} did not enrol`)
    return found
  }

  say(device: FakeDevice, message: ServiceToAgent): void {
    device.socket?.send(JSON.stringify(message))
  }

  /** Tells a device to remove its agent, as the service does. */
  offboard(device: FakeDevice): void {
    this.say(device, { type: 'offboard', signature: this.#signed(device, 'offboard') })
  }

  #signed(device: FakeDevice, word: SignedWord): string {
    const text = signedWordProof(word, device.nonce, this.name, device.device)
    return sign(null, Buffer.from(text), this.#sessionKeys.privateKey).toString('base64url')
  }

  get sessionKey(): SessionKey {
    return SessionKey.parse(this.#sessionKeys.publicKey.export({ format: 'jwk' }))
  }

  /** Signs a grant. */
  sign(grant: SessionGrant): string {
    const text = [{ alg: 'EdDSA', typ: sessionGrantType }, grant]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    return `${text}.${sign(null, Buffer.from(text), this.#sessionKeys.privateKey).toString('base64url')}`
  }

  /** As a service restored from a backup: the newest reports of every journal are gone. */
  forget(device: FakeDevice, count: number): void {
    for (const reports of device.journals.values()) reports.splice(Math.max(0, reports.length - count))
    device.socket?.terminate()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(Buffer.from(chunk))
    const body = Buffer.concat(chunks)
    const { url: path = '', headers } = request
    if (request.method === 'PUT' && path.startsWith('/v1/recordings/')) {
      const status = this.uploadStatus()
      if (status === 200) this.uploads.push({ path, authorization: headers.authorization ?? '', body })
      response.writeHead(status).end()
    } else this.#enrol(headers, body, response)
  }

  #enrol(headers: IncomingMessage['headers'], sent: Buffer, response: ServerResponse): void {
    this.enrolmentRequests += 1
    const trouble = this.enrolmentTrouble?.()
    if (trouble) {
      const body = trouble.code ? JSON.stringify(new RoomkeeperError(trouble.code).toProblem()) : 'not today'
      response.writeHead(trouble.status, trouble.retryAfter === undefined ? {} : { 'retry-after': trouble.retryAfter }).end(body)
      return
    }
    const own = headers.authorization?.startsWith('DeviceKey ') === true
    if (!own && headers.authorization !== `EnrolmentKey ${this.key}`) {
      response.writeHead(401).end(JSON.stringify(new RoomkeeperError('enrol.keyInvalid').toProblem()))
      return
    }
    const body = EnrolmentRequest.parse(JSON.parse(sent.toString('utf8')))
    if (!isSigned(body.publicKey, enrolmentProof(body.installation, body.publicKey), body.proof))
      this.offences.push('a proof that does not fit')
    const known = [...this.devices.values()]
    const hasKey = ({ publicKey }: FakeDevice) => publicKey.x === body.publicKey.x && publicKey.y === body.publicKey.y
    let device = known.find(hasKey) ?? known.find(({ installation }) => installation === body.installation)
    if (own && !(device && hasKey(device))) {
      response.writeHead(401).end(JSON.stringify(new RoomkeeperError('device.unknown').toProblem()))
      return
    }
    if (device && body.formerProof !== undefined) {
      device.formerProofs.push(
        isSigned(device.publicKey, keyChangeProof(body.installation, device.publicKey, body.publicKey), body.formerProof),
      )
    }
    if (!device) {
      device = {
        device: DeviceId.parse(v7()),
        room: RoomId.parse(v7()),
        name: body.room.name,
        installation: body.installation,
        publicKey: body.publicKey,
        journals: new Map(),
        connections: 0,
        beats: 0,
        offboarded: false,
        socket: undefined,
        nonce: '',
        boots: [],
        formerProofs: [],
        words: [],
      }
      this.devices.set(device.device, device)
    }
    device.publicKey = body.publicKey
    const { sessionKey } = this
    response.writeHead(200).end(JSON.stringify({ device: device.device, room: device.room, service: this.name, sessionKey }))
  }

  #converse(socket: WebSocket): void {
    const nonce = someBytes(32).toString('base64url')
    const say = (message: ServiceToAgent) => {
      socket.send(JSON.stringify(message))
    }
    let device: FakeDevice | undefined
    let committed: Report[] = []
    socket.on('error', () => undefined)
    socket.on('message', (data) => {
      const parsed = AgentToService.safeParse(JSON.parse(String(data)))
      if (!parsed.success) {
        this.offences.push(`not of the protocol: ${parsed.error.message}`)
        return
      }
      const message = parsed.data
      if (message.type === 'hello') {
        device = this.devices.get(message.device)
        if (!device) {
          say({ type: 'error', code: 'device.unknown', retry: false })
          return
        }
        if (!isSigned(device.publicKey, challengeProof(nonce, this.name, device.device), message.signature))
          this.offences.push('a hello that is not signed')
        device.connections += 1
        device.boots.push(message.boot)
        device.socket = socket
        device.nonce = message.nonce ?? ''
        committed = device.journals.get(message.journal) ?? []
        device.journals.set(message.journal, committed)
        const says = { version: 1, acknowledged: committed.length, heartbeatMs: this.heartbeatMs, lifecycle: 'onboarding' as const }
        say({ type: 'welcome', ...says, signature: this.#signed(device, welcomeWord(message.journal, says)) })
        return
      }
      if (!device) {
        this.offences.push(`${message.type} before hello`)
        return
      }
      if (message.type === 'beat') {
        device.beats += 1
        say({ type: 'beat' })
      }
      if (message.type.startsWith('session')) device.words.push(message)
      if (message.type === 'offboarded') device.offboarded = true
      if (message.type === 'report') this.#take(socket, committed, message.reports, say)
    })
    say({ type: 'challenge', nonce, service: this.name })
  }

  #take(socket: WebSocket, committed: Report[], numbered: { number: number }[], say: (message: ServiceToAgent) => void): void {
    const mood = this.mood()
    if (mood === 'dropBefore') {
      socket.terminate()
      return
    }
    const reports = mood === 'dropMidBatch' ? numbered.slice(0, Math.ceil(numbered.length / 2)) : numbered
    for (const one of reports) {
      if (one.number <= committed.length) continue
      if (one.number > committed.length + 1) {
        say({ type: 'resend', from: committed.length + 1 })
        return
      }
      const report = Report.safeParse(one)
      if (!report.success) this.offences.push(`a report that does not fit: ${report.error.message}`)
      else committed.push(report.data)
    }
    if (mood === 'dropMidBatch' || mood === 'dropAfter') {
      socket.terminate()
      return
    }
    const upTo = committed.length
    if (mood === 'askAgain') say({ type: 'resend', from: Math.max(1, upTo) })
    if (mood === 'late') {
      setImmediate(() => {
        setImmediate(() => {
          say({ type: 'ack', upTo })
        })
      })
      return
    }
    say({ type: 'ack', upTo })
    if (mood === 'twice') say({ type: 'ack', upTo })
  }
}

function isSigned(key: DevicePublicKey, text: string, signature: string): boolean {
  const publicKey = createPublicKey({ key: { ...key }, format: 'jwk' })
  return verify('sha256', Buffer.from(text), { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
}
