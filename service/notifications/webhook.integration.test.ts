import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readText } from '../../contract/answer.ts'
import { EndpointId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { until } from '../../contract/testing/wait.ts'
import { sendingOf } from '../testing/notifications/sending.ts'
import type { Outcome } from './channel.ts'
import type { Rules } from './rules.ts'
import { isPublicAddress, webhookChannel, type WebhookOptions, webhookTester } from './webhook.ts'

/** Webhooks to a real server on this machine. */

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const endpoint = EndpointId.parse('00000000-0000-7000-8000-00000000e001')
let server: http.Server
let port: number
let asked: { headers: http.IncomingHttpHeaders; body: string }[]
let answer: (response: http.ServerResponse) => void

beforeEach(async () => {
  asked = []
  answer = (response) => response.writeHead(204).end()
  server = http.createServer((request, response) => {
    void readText(request, 1_000_000).then((body) => {
      asked.push({ headers: request.headers, body })
      answer(response)
    })
  })
  port = await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const options: WebhookOptions = { ...realSystem, publicUrl: 'https://rooms.example', allowHttp: true, allowPrivate: true, proxied: false }
const item = sendingOf({ detail: 'Logitech Rally Bar' })

function send(url = `http://127.0.0.1:${port}/hook?a=1`, change: Partial<WebhookOptions> = {}): Promise<Outcome> {
  const whole = { name: 'Hook', kind: 'webhook' as const, url, on: true, failingSince: null, switchedOffAt: null, last: null }
  const rules: Rules = {
    all: new Map(),
    readers: new Map(),
    endpoints: new Map([[endpoint, { ...whole, id: endpoint, secret, savedBy: null }]]),
    inGroup: () => false,
  }
  const parcel = { tenantName: 'Contoso', target: endpoint, items: [item], rules }
  return webhookChannel({ ...options, ...change }).send(parcel, new AbortController().signal)
}

describe('[INC-6] a webhook', () => {
  it('is one signed event, whose id is that of its delivery', async () => {
    expect(await send()).toEqual({ ok: true, status: 204 })
    const [{ headers, body } = { headers: {}, body: '' }] = asked
    expect(() => new Webhook(secret).verify(body, headers as Record<string, string>)).not.toThrow()
    expect(() => new Webhook(secret).verify(`${body} `, headers as Record<string, string>)).toThrow()
    expect(headers).toMatchObject({ 'webhook-id': item.row.id, 'content-type': 'application/cloudevents+json; charset=utf-8' })
    expect(JSON.parse(body)).toMatchObject({
      specversion: '1.0',
      id: item.row.id,
      source: 'https://rooms.example',
      type: 'com.roomkeeper.incident.opened',
      subject: item.incident.id,
      time: '2026-11-25T09:00:00.000Z',
      data: {
        tenant: { name: 'Contoso' },
        incident: { number: 12, episode: item.row.episode, signal: 'peripherals.camera', severity: 'important', status: 'needAction' },
        room: { name: 'Salle Bleue' },
      },
    })
    expect(body).not.toContain('whsec_')
  })

  it('is tried by a test that says that it is one', async () => {
    const body = JSON.stringify({ name: 'Hook', kind: 'webhook', url: `http://127.0.0.1:${port}/`, on: true })
    const rest = { savedBy: null, failingSince: null, switchedOffAt: null, last: null }
    const row = { tenant: item.row.tenant, id: endpoint, body, secret, ...rest }
    expect(await webhookTester(options)(row)).toEqual({ ok: true, status: 204 })
    expect(JSON.parse(asked[0]?.body ?? '')).toMatchObject({ type: 'com.roomkeeper.test', data: { test: true } })
  })

  it.each([
    [500, {}, { problem: 'answered', status: 500, away: true }],
    [404, {}, { problem: 'answered', status: 404, away: true }],
    [422, {}, { problem: 'answered', status: 422, away: false }],
    [410, {}, { problem: 'answered', status: 410, away: true, gone: true }],
    [429, { 'retry-after': '120' }, { problem: 'answered', status: 429, away: true, againMs: 120_000 }],
    [302, { location: 'http://127.0.0.1:1/' }, { problem: 'redirected', status: 302, away: true }],
  ])('that is answered with %i has failed', async (status, headers, outcome) => {
    answer = (response) => response.writeHead(status, headers).end('no')
    expect(await send()).toEqual({ ok: false, ...outcome })
    expect(asked).toHaveLength(1)
  })

  it('whose answer is too large, or does not come, has failed', async () => {
    answer = (response) => response.writeHead(200).end('x'.repeat(limits.endpointAnswerBytes + 1))
    expect(await send()).toEqual({ ok: false, problem: 'answerTooLarge', away: false })
    answer = () => undefined
    const clock = new FakeClock()
    const sent = send(undefined, { clock })
    await until('it has arrived', () => asked.length === 2)
    clock.advance(limits.endpointMs)
    expect(await sent).toEqual({ ok: false, problem: 'tooSlow', away: true })
  })

  it('needs TLS, and an address of the open network, unless the service allows others', async () => {
    expect(await send(undefined, { allowHttp: false })).toEqual({ ok: false, problem: 'notSecure', away: true })
    for (const host of ['127.0.0.1', '[::1]', 'localhost', 'a.localhost', '169.254.169.254', '[::ffff:10.0.0.1]', '0x7f.1'])
      expect(await send(`http://${host}:${port}/`, { allowPrivate: false }), host).toMatchObject({ ok: false, problem: 'addressForbidden' })
    expect(asked).toEqual([])
  })

  it('goes to no name that leads to such an address, also where it leads elsewhere, too', async () => {
    const addresses = [
      { address: '93.184.216.34', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ]
    const lookup = ((_name: string, _options: object, callback: (error: null, found: typeof addresses) => void) =>
      callback(null, addresses)) as WebhookOptions['lookup']
    const change = { allowPrivate: false, ...(lookup ? { lookup } : {}) }
    expect(await send(`http://hooks.example:${port}/`, change)).toMatchObject({ ok: false, problem: 'addressForbidden' })
    expect(asked).toEqual([])
  })
})

describe('[INC-6] an address of the open network', () => {
  it.each(['93.184.216.34', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'])('%s is one', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })
  it.each([
    ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255'],
    ...['::1', '::', 'fe80::1', 'fc00::1', 'fd00:ec2::254', '::ffff:127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::', 'hooks.example', ''],
  ])('%s is none', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })
})
