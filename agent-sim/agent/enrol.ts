import { createHash } from 'node:crypto'
import type { Agent as HttpAgent } from 'node:http'
import { EnrolmentAnswer, enrolmentProof, type EnrolmentRequest, keyChangeProof } from '../../contract/agent.ts'
import { Problem, RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Timers } from '../../contract/system.ts'
import type { Device } from '../devices/device.ts'
import { type Answer, request } from './http.ts'
import type { DeviceKey } from './identity.ts'
import { WayError } from './proxy.ts'
import { cutFacts } from './report.ts'

/**
 * What lets a device in: the self-enrolment key, or an access token of the room's own account (ENR-1). `own`: the thumbprint of the
 * device's key, which is no secret and gives back only what the service knows of it.
 */
export interface Credential {
  kind: 'key' | 'account' | 'own'
  secret: string
}

const schemes = { key: 'EnrolmentKey', account: 'Bearer', own: 'DeviceKey' } as const

export interface EnrolOptions {
  url: URL
  credential: Credential
  /** Made once per installation and kept, so that a repeated request makes nothing new. */
  installation: string
  key: DeviceKey
  /** The key before, if it can be used: it signs for the other, so that the room stays as it is. */
  former?: DeviceKey | undefined
  device: Device
  agent?: HttpAgent
  timers: Timers
  /** Waits before the next try. */
  pause: (ms: number) => Promise<void>
  random: () => number
  /** Is told why a try did not succeed, before the next one. */
  onRetry?: (why: string) => void
  /** Ends the tries. */
  signal?: AbortSignal
}

/**
 * Enrols a device (ENR-1, ENR-3). While the service cannot be reached, is starting or asks to slow down, it is asked
 * again, with growing pauses, until the signal ends it.
 * @throws RoomkeeperError with the code of a refusal; WayError where no try can help: a proxy or a certificate wants another option
 */
export async function enrol(options: EnrolOptions): Promise<EnrolmentAnswer> {
  const body = JSON.stringify(await enrolmentRequest(options))
  const headers = {
    'content-type': 'application/json',
    authorization: `${schemes[options.credential.kind]} ${options.credential.secret}`,
  }
  for (let tries = 0; ; tries += 1) {
    options.signal?.throwIfAborted()
    const outcome = await tryOnce(options, headers, body)
    if (outcome.answer) return outcome.answer
    const growing = Math.min(limits.retryMaxMs, limits.retryFirstMs * 2 ** Math.min(tries, 30))
    options.onRetry?.(outcome.why)
    await options.pause(outcome.waitMs ?? growing * (0.5 + options.random() / 2))
  }
}

/** What enrolling sends: facts of the device and the proof that it holds its key. Texts are cut to the protocol. */
export async function enrolmentRequest(
  options: Pick<EnrolOptions, 'installation' | 'key' | 'former' | 'device'>,
): Promise<EnrolmentRequest> {
  const { installation, key, former, device } = options
  const { facts } = await device.read()
  const name = (text: string) => text.slice(0, limits.nameChars * 16)
  const { country, city, building, floor, timeZone } = device.place
  return {
    installation,
    publicKey: key.publicKey,
    proof: await key.sign(enrolmentProof(installation, key.publicKey)),
    ...(former ? { formerProof: await former.sign(keyChangeProof(installation, former.publicKey, key.publicKey)) } : {}),
    profile: device.profile,
    keyProtection: key.protection,
    facts: cutFacts(facts, limits.deviceTextChars * 4),
    room: {
      name: name(device.roomName),
      place: {
        country: name(country),
        city: name(city),
        building: name(building),
        floor: name(floor),
        timeZone: timeZone.slice(0, 64 * 16),
      },
    },
  }
}

type Outcome = { answer: EnrolmentAnswer } | { answer?: undefined; why: string; waitMs?: number }

async function tryOnce(options: EnrolOptions, headers: Record<string, string>, body: string): Promise<Outcome> {
  const { url, agent, timers } = options
  let answer
  try {
    answer = await request(url, { timers, method: 'POST', headers, body, ...(agent ? { agent } : {}) })
  } catch (error) {
    if (error instanceof WayError && error.lasting) throw error
    return { why: `${url.origin} cannot be reached: ${error instanceof Error ? error.message : String(error)}` }
  }
  const enrolled = answer.status === 200 || answer.status === 201 ? EnrolmentAnswer.safeParse(jsonOf(answer.text)).data : undefined
  if (enrolled) return { answer: enrolled }
  const problem = Problem.safeParse(jsonOf(answer.text)).data
  // A sign-in page of the network, a proxy that refuses, another program: whoever it is, it is not the service, which comes back.
  if (!problem && answer.status < 500 && answer.status !== 429)
    return { why: `${url.origin} answers ${answer.status} with ${pageOf(answer)}, which is not the service` }
  const why = `${url.origin} answers ${answer.status}${problem ? ` ${problem.code}` : ''}`
  if (answer.status === 429 || answer.status >= 500) {
    const seconds = Number(answer.headers['retry-after'])
    return { why, ...(seconds > 0 ? { waitMs: Math.min(seconds, 600) * 1_000 } : {}) }
  }
  throw problem ? RoomkeeperError.fromProblem(problem) : new RoomkeeperError('service.failed', { detail: why })
}

/** Undefined where it is not JSON, which no schema here takes. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What came instead, in a few words for the person at the device: its title, or where it leads. */
function pageOf({ headers, text }: Answer): string {
  const type = String(headers['content-type'] ?? 'no type').split(';', 1)[0]
  const title = /<title[^>]*>([^<]{1,200})/iu.exec(text)?.[1]
  const leads = headers['location']
  const words = title ?? (leads === undefined ? undefined : `to ${String(leads)}`)
  return words === undefined ? `a page (${type})` : `a page (${type}: "${words.replace(/\s+/gu, ' ').trim().slice(0, 120)}")`
}

/** A short name for a credential in logs, which does not reveal it. */
export const credentialName = (credential: Credential): string =>
  `${credential.kind} ${createHash('sha256').update(credential.secret).digest('hex').slice(0, 8)}`
