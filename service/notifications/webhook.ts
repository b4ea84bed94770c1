import { lookup as resolveName } from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { Webhook } from 'standardwebhooks'
import { readBytes } from '../../contract/answer.ts'
import { AnswerTooLarge } from '../../contract/answer.ts'
import { limits } from '../../contract/limits.ts'
import type { NotifyEvent } from '../../contract/notifications.ts'
import { signals } from '../../contract/signals.ts'
import type { Clock, Ids } from '../../contract/system.ts'
import { within } from '../../contract/timing.ts'
import { retryAfterMs } from '../directory/graphRequests.ts'
import type { Channel, Outcome } from './channel.ts'
import type { Sending } from './pending.ts'
import { endpointOf } from './rules.ts'
import type { EndpointTable } from './tables.ts'

/**
 * What other programs are told (INC-6): one event in an envelope of CloudEvents, signed as Standard Webhooks says. An address is looked at
 * when it is connected to, so that no name can lead to a machine that only this one reaches; no redirect is followed.
 */

export interface WebhookOptions {
  readonly clock: Clock
  readonly ids: Ids
  /** The address of this service, which events say as their source. */
  readonly publicUrl: string
  /** Endpoints without TLS, and on addresses of this network, are taken. */
  readonly allowHttp: boolean
  readonly allowPrivate: boolean
  /** Resolves names; left out: the machine does. */
  readonly lookup?: typeof resolveName
  /** All goes by a proxy, which resolves names itself. */
  readonly proxied: boolean
}

/** Whether an address is one of the open network, and no machine's own, none of this network, none of a cloud's own services. */
export function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast'
}

class Forbidden extends Error {}

/** Resolves a name, and gives none of its addresses where one of them is forbidden. */
const guarded =
  (resolve: typeof resolveName): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const refused = error ?? (addresses.every(({ address }) => isPublicAddress(address)) ? null : new Forbidden())
      const [first] = addresses ?? []
      if (refused || first === undefined) callback(refused ?? new Forbidden(), [])
      else if (options.all) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }

const failed = (problem: (Outcome & { ok: false })['problem'], away = true): Outcome => ({ ok: false, problem, away })

/** Sends one body to an address. Never throws. */
export async function post(
  address: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  options: WebhookOptions,
  ending: AbortSignal,
): Promise<Outcome> {
  const url = new URL(address)
  if (url.protocol !== 'https:' && !options.allowHttp) return failed('notSecure')
  const host = url.hostname.replace(/^\[|\]$/gu, '')
  // A literal address is never looked up.
  const isForbidden = isIP(host) !== 0 ? !isPublicAddress(host) : host === 'localhost' || host.endsWith('.localhost')
  if (isForbidden && !options.allowPrivate) return failed('addressForbidden')
  try {
    return await within(options.clock, limits.endpointMs, (late) => exchange(url, headers, body, options, AbortSignal.any([late, ending])))
  } catch (error) {
    if (error instanceof Forbidden) return failed('addressForbidden')
    if (error instanceof AnswerTooLarge) return failed('answerTooLarge', false)
    return failed(error instanceof Error && error.name === 'AbortError' ? 'tooSlow' : 'unreached')
  }
}

async function exchange(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  { allowPrivate, proxied, clock, lookup = resolveName }: WebhookOptions,
  signal: AbortSignal,
): Promise<Outcome> {
  const { request } = url.protocol === 'https:' ? https : http
  const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const length = String(Buffer.byteLength(body))
    // A connection of its own: one that is kept may be of a name that leads elsewhere by now. A proxy looks names up itself.
    const way = proxied ? {} : { agent: false, ...(allowPrivate ? {} : { lookup: guarded(lookup) }) }
    const asked = request(url, { method: 'POST', headers: { ...headers, 'content-length': length }, signal, ...way }, resolve)
    asked.on('error', reject)
    asked.end(body)
  })
  await readBytes(answer, limits.endpointAnswerBytes)
  return outcomeOf(answer.statusCode ?? 0, answer.headers['retry-after'], clock.now())
}

/** Answers that are about what was sent, and not about whoever answers. */
const ofContent: ReadonlySet<number> = new Set([400, 409, 413, 415, 422])

function outcomeOf(status: number, retryAfter: string | undefined, now: number): Outcome {
  if (status >= 200 && status < 300) return { ok: true, status }
  const againMs = retryAfterMs(retryAfter ?? null, now)
  return {
    ok: false,
    problem: status >= 300 && status < 400 ? 'redirected' : 'answered',
    status,
    away: !ofContent.has(status),
    ...(status === 410 ? { gone: true } : {}),
    // Not for longer than it would be left alone anyhow at the most.
    ...(againMs === undefined ? {} : { againMs: Math.min(againMs, Math.max(...limits.deliveryRetriesMs)) }),
  }
}

interface Event {
  readonly id: string
  readonly type: string
  readonly subject: string
  readonly at: number
  readonly data: object
}

function signedOff({ id, type, subject, at, data }: Event, secret: string, { clock, publicUrl }: WebhookOptions) {
  const body = JSON.stringify({
    specversion: '1.0',
    id,
    source: publicUrl,
    type: `com.roomkeeper.${type}`,
    subject,
    time: new Date(at).toISOString(),
    datacontenttype: 'application/json',
    data,
  })
  const now = new Date(clock.now())
  const headers = {
    'content-type': 'application/cloudevents+json; charset=utf-8',
    'user-agent': 'Roomkeeper',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign(id, now, body),
  }
  return { headers, body }
}

/** What a program is told of an incident: by its id and the opening it knows it again, by the event's id what came twice. */
function dataOf({ row, incident, entry, room, happening }: Sending, tenantName: string): object {
  const { id, number, signal, status, since, openedAt, resolvedAt, detail, owner } = incident
  return {
    tenant: { id: row.tenant, name: tenantName },
    incident: {
      id,
      number,
      episode: row.episode,
      signal,
      category: signals[signal].category,
      severity: happening.severity,
      status: isOver(row.event) ? 'resolved' : status,
      since,
      ...(openedAt === undefined ? {} : { openedAt }),
      ...(!isOver(row.event) || resolvedAt === undefined ? {} : { resolvedAt }),
      ...(detail === undefined ? {} : { detail }),
      ...(owner === undefined ? {} : { owner: owner.name }),
    },
    room: { id: room.id, name: room.name, place: room.place },
    ...(entry.actor.kind === 'person' ? { by: entry.actor.name } : {}),
    ...((row.event === 'mentioned' || entry.kind === 'closed') && entry.text !== undefined ? { text: entry.text } : {}),
  }
}

const isOver = (event: NotifyEvent): boolean => event === 'resolved' || event === 'closed'

export const webhookChannel = (options: WebhookOptions): Channel => ({
  parcels: (items) => items.map((item) => [item]),
  async send({ tenantName, target, items, rules }, signal) {
    const [item] = items
    const endpoint = rules.endpoints.get(target)
    if (item === undefined || endpoint === undefined) return failed('notConfigured')
    const { row, entry } = item
    const event = { id: row.id, type: `incident.${row.event}`, subject: row.incident, at: entry.at, data: dataOf(item, tenantName) }
    const { headers, body } = signedOff(event, endpoint.secret, options)
    return post(endpoint.url, headers, body, options, signal)
  },
})

/** Sends an endpoint something that says that it is a test. */
export type Tester = (row: EndpointTable) => Promise<Outcome>

export const webhookTester =
  (options: WebhookOptions): Tester =>
  async (row) => {
    const { url } = endpointOf(row)
    const event = { id: options.ids(), type: 'test', subject: row.id, at: options.clock.now(), data: { test: true } }
    const { headers, body } = signedOff(event, row.secret, options)
    return post(url, headers, body, options, new AbortController().signal)
  }
