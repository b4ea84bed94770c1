import { createServer as createPlain, type Server } from 'node:http'
import { createServer as createSecure } from 'node:https'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { LinkSocket } from '../../contract/sealed/interfaces.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { until } from '../../contract/testing/wait.ts'
import { parseProxy } from '../agent/proxy.ts'
import { WayOut } from '../agent/way-out.ts'
import { portOf, startProxy } from '../testing/proxy.ts'
import { testCertificate } from '../testing/tls.ts'
import { relayDial } from './dial.ts'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

interface Upgrade {
  authorization: string | undefined
  path: string | undefined
}

/** A server that echoes what it gets, and remembers who asked. */
async function startEcho(server: Server): Promise<{ port: number; upgrades: Upgrade[]; masks: number[] }> {
  const upgrades: Upgrade[] = []
  const masks: number[] = []
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket, request) => {
    upgrades.push({ authorization: request.headers.authorization, path: request.url })
    request.socket.on('data', (bytes: Buffer) => {
      // The first frame of a side that sends 5 bytes: two of head, four of mask.
      if (bytes[1] === 0x85) masks.push(bytes.readUInt32BE(2))
    })
    socket.on('message', (data, isBinary) => {
      socket.send(data, { binary: isBinary })
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  stops.push(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.close()
  })
  return { port: portOf(server), upgrades, masks }
}

function open(dial: ReturnType<typeof relayDial>, relay?: string) {
  const seen = {
    open: 0,
    bytes: Buffer.alloc(0),
    text: '',
    drained: 0,
    closed: undefined as { code?: number; status?: number; problem?: string } | undefined,
  }
  const socket: LinkSocket = dial(relay, 'Ticket secret', {
    open: () => (seen.open += 1),
    bytes: (bytes) => (seen.bytes = Buffer.concat([seen.bytes, bytes])),
    text: (text) => (seen.text += text),
    drained: () => (seen.drained += 1),
    closed: (why) => (seen.closed = why),
  })
  stops.push(() => {
    socket.drop()
  })
  return { socket, seen }
}

const direct = (url: URL, proxy?: string) => {
  const way = new WayOut({ proxy: parseProxy(proxy), ca: testCertificate.cert, clock: realSystem.clock })
  return relayDial(url, (to) => way.agentTo(to), realSystem.clock)
}

describe('the way to a relay', () => {
  it("is the service's own unless told, with the ticket in a header and a mask of zeros", async () => {
    const { port, upgrades, masks } = await startEcho(createPlain())
    const { socket, seen } = open(direct(new URL(`http://127.0.0.1:${port}`)))
    await until('open', () => seen.open === 1)
    socket.send(Buffer.from('hello'))
    socket.sendText('text!')
    await until('the echo', () => seen.bytes.toString() === 'hello' && seen.text === 'text!')
    expect(upgrades).toEqual([{ authorization: 'Ticket secret', path: '/v1/relay' }])
    expect(masks[0]).toBe(0)
    expect(seen.drained).toBeGreaterThan(0)
    expect(socket.waiting).toBe(0)
    socket.close(1000)
    await until('the close', () => seen.closed !== undefined)
    expect(seen.closed).toEqual({ code: 1000 })
  })

  it('leads through the proxy of the device, and to a secure relay that it trusts', async () => {
    const { port, upgrades } = await startEcho(createSecure(testCertificate))
    const proxy = await startProxy()
    stops.push(() => proxy.stop())
    const { seen } = open(direct(new URL('http://127.0.0.1:1'), `127.0.0.1:${proxy.port}`), `https://localhost:${port}`)
    await until('open', () => seen.open === 1)
    expect(proxy.targets).toEqual([`localhost:${port}`])
    expect(upgrades).toHaveLength(1)
  })

  it('says with which status and code a relay refuses', async () => {
    const server = createPlain((_request, response) => {
      response
        .writeHead(401, { 'content-type': 'application/problem+json' })
        .end(JSON.stringify(new RoomkeeperError('relay.ticketExpired').toProblem()))
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    stops.push(() => server.close())
    const { seen } = open(direct(new URL(`http://127.0.0.1:${portOf(server)}`)))
    await until('the refusal', () => seen.closed !== undefined)
    expect(seen.closed).toEqual({ status: 401, problem: 'relay.ticketExpired' })
    expect(seen.open).toBe(0)
  })

  it.each(['http://relay.example', 'ftp://127.0.0.1', 'https://user:secret@relay.example'])(
    'is not taken where the relay is %s',
    async (relay) => {
      const { seen } = open(direct(new URL('http://127.0.0.1:1')), relay)
      await until('the close', () => seen.closed !== undefined)
      expect(seen.closed).toEqual({})
    },
  )

  it('is closed where nobody answers', async () => {
    const { seen } = open(direct(new URL('http://127.0.0.1:1')))
    await until('the close', () => seen.closed !== undefined)
    expect(seen.open).toBe(0)
  })

  it('is cut where a relay says more than a word of control', async () => {
    const { port } = await startEcho(createPlain())
    const { socket, seen } = open(direct(new URL(`http://127.0.0.1:${port}`)))
    await until('open', () => seen.open === 1)
    socket.sendText('x'.repeat(limits.relayControlBytes))
    await until('what fits', () => seen.text.length === limits.relayControlBytes)
    socket.sendText('x'.repeat(limits.relayControlBytes + 1))
    await until('the close', () => seen.closed !== undefined)
    expect(seen.text.length).toBe(limits.relayControlBytes)
  })

  it('stops reading when told, and goes on', async () => {
    const { port } = await startEcho(createPlain())
    const { socket, seen } = open(direct(new URL(`http://127.0.0.1:${port}`)))
    await until('open', () => seen.open === 1)
    socket.pause()
    const much = Buffer.alloc(4 * 1024 * 1024, 1)
    socket.send(much)
    await until('all is sent', () => seen.drained > 0 || socket.waiting > 0)
    expect(seen.bytes.length).toBeLessThan(much.length)
    socket.resume()
    await until('all is back', () => seen.bytes.length === much.length)
  })
})
