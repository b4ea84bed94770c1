import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { v7 } from 'uuid'
import WebSocket from 'ws'
import {
  challengeProof,
  DevicePublicKey,
  EnrolmentAnswer,
  type EnrolmentRequest,
  enrolmentProof,
  ServiceToAgent,
} from '../contract/agent.ts'

/**
 * A device that only makes load: it speaks the agent protocol and keeps no journal on disk, so that what is measured is
 * the service.
 */
export interface Device {
  readonly id: string
  readonly room: string
  readonly key: KeyObject
  readonly journal: string
}

const signText = (key: KeyObject, text: string): string =>
  sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')

/** A UUID that is the same for the same text. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** Enrols the device number `index`. */
export async function enrol(service: string, enrolmentKey: string, index: number): Promise<Device> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = DevicePublicKey.parse(publicKey.export({ format: 'jwk' }))
  const installation = uuidOf(`bench ${index}`)
  const request: EnrolmentRequest = {
    installation,
    publicKey: jwk,
    proof: signText(privateKey, enrolmentProof(installation, jwk)),
    profile: 'windows-mtr',
    keyProtection: 'software',
    facts: {
      platform: 'windows',
      os: 'Windows 11 IoT Enterprise',
      manufacturer: 'Contoso',
      model: 'Bar 3',
      serial: `B${index}`,
      agentVersion: '1.0.0',
      appVersion: '5.2.115.0',
      address: `10.0.${index >> 8}.${index & 255}`,
      inCall: false,
    },
    room: {
      name: `Room ${index}`,
      place: { country: 'France', city: 'Lyon', building: `Building ${index % 20}`, floor: String(index % 7), timeZone: 'Europe/Paris' },
    },
  }
  const response = await fetch(new URL('/v1/enrolments', service), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `EnrolmentKey ${enrolmentKey}` },
    body: JSON.stringify(request),
  })
  if (!response.ok) throw new Error(`enrolment was answered with ${response.status}: ${await response.text()}`)
  const answer = EnrolmentAnswer.parse(await response.json())
  return { id: answer.device, room: answer.room, key: privateKey, journal: v7() }
}

export interface Connection {
  readonly socket: WebSocket
  /** The highest number that is committed. */
  acknowledged(): number
  /** Settles when everything up to this number is committed. */
  whenAcknowledged(number: number): Promise<void>
}

/** Connects and settles when the service has said welcome. */
export function connect(service: string, device: Device): Promise<Connection> {
  const socket = new WebSocket(new URL('/v1/agent', service.replace(/^http/, 'ws')), { perMessageDeflate: false })
  let acknowledged = 0
  let waiting: { number: number; resolve: () => void }[] = []
  const connection: Connection = {
    socket,
    acknowledged: () => acknowledged,
    whenAcknowledged: (number) =>
      number <= acknowledged ? Promise.resolve() : new Promise((resolve) => waiting.push({ number, resolve })),
  }
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('close', (code) => {
      reject(new Error(`the service closed an agent's socket (${code})`))
    })
    socket.on('message', (data: Buffer) => {
      const message = ServiceToAgent.parse(JSON.parse(data.toString('utf8')))
      switch (message.type) {
        case 'challenge':
          socket.send(
            JSON.stringify({
              type: 'hello',
              versions: [1],
              device: device.id,
              signature: signText(device.key, challengeProof(message.nonce, message.service, device.id)),
              journal: device.journal,
              boot: 'bench',
              sentAt: Date.now(),
            }),
          )
          break
        case 'welcome':
          acknowledged = message.acknowledged
          resolve(connection)
          break
        case 'ack': {
          acknowledged = Math.max(acknowledged, message.upTo)
          const done = waiting.filter((entry) => entry.number <= acknowledged)
          waiting = waiting.filter((entry) => entry.number > acknowledged)
          for (const entry of done) entry.resolve()
          break
        }
        case 'error':
          reject(new Error(`the service refused an agent: ${message.code}`))
          break
        default:
          break
      }
    })
  })
}

/** Runs `task` for each of `count` indices, at most `together` at a time. */
export async function inParallel<T>(count: number, together: number, task: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const work = async () => {
    while (next < count) {
      const index = next++
      results[index] = await task(index)
    }
  }
  await Promise.all(Array.from({ length: together }, work))
  return results
}
