import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { v7 } from 'uuid'
import { afterEach, expect, it } from 'vitest'
import { realSystem } from '../../contract/testing/system.ts'
import { SimulatedDevice } from '../devices/simulated.ts'
import { enrol } from './enrol.ts'
import { publicKeyOf } from './identity.ts'

const server = createServer()
afterEach(() => {
  server.removeAllListeners('request')
  server.close()
})

const answer = JSON.stringify({ device: v7(), room: v7(), service: 'test' })

it.each<[string, number, Record<string, string>, string, string]>([
  [
    'a sign-in page of the network',
    200,
    { 'content-type': 'text/html; charset=utf-8' },
    '<html><title>Hotel\n Wi-Fi</title>',
    'text/html: "Hotel Wi-Fi"',
  ],
  ['a way to one', 302, { location: 'http://portal.example/login' }, '', 'to http://portal.example/login'],
  ['a proxy that refuses', 403, { 'content-type': 'text/html' }, '<h1>Access denied</h1>', 'a page (text/html)'],
  ['another program', 404, { 'content-type': 'application/json' }, '{"error":"no such route"}', 'a page (application/json)'],
  ['an answer of another kind', 200, { 'content-type': 'application/json' }, '{"device":7}', 'a page (application/json)'],
  ['nothing', 204, {}, '', 'a page (no type)'],
])('[ENR-2] %s in the place of the service costs a try, and is said', async (_, status, headers, text, said) => {
  let asked = 0
  server.on('request', (request, response) => {
    request.resume()
    if (asked++ < 2) response.writeHead(status, headers).end(text)
    else response.writeHead(200, { 'content-type': 'application/json' }).end(answer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  const notes: string[] = []
  const enrolled = await enrol({
    url: new URL(`http://127.0.0.1:${address.port}/v1/enrolments`),
    credential: { kind: 'key', secret: 'secret' },
    installation: v7(),
    key: {
      protection: 'software',
      publicKey: publicKeyOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey),
      sign: () => Promise.resolve('A'.repeat(86)),
    },
    device: new SimulatedDevice({
      roomName: 'Room',
      place: { country: '', city: '', building: '', floor: '', timeZone: 'UTC' },
      seed: 'enrol',
      boot: v7(),
    }),
    timers: realSystem.clock,
    pause: () => Promise.resolve(),
    random: () => 0,
    onRetry: (why) => notes.push(why),
  })
  expect(enrolled.service).toBe('test')
  expect(notes).toHaveLength(2)
  expect(notes[0]).toContain(said)
  expect(notes[0]).toContain('which is not the service')
})
