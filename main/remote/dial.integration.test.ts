import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { limits } from '../../contract/limits.ts'
import type { LinkSocketEvents } from '../../contract/sealed/interfaces.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { until } from '../../contract/testing/wait.ts'
import { relayDial } from './dial.ts'

/** Dialling a relay that behaves badly. */
let server: Server
let url: string
let sockets: WebSocketServer
const peers: { socket: WebSocket; request: IncomingMessage }[] = []

beforeEach(async () => {
  peers.length = 0
  server = createServer()
  sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket, request) => peers.push({ socket, request }))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  url = typeof bound === 'object' && bound !== null ? `http://127.0.0.1:${bound.port}` : ''
})
afterEach(async () => {
  for (const client of sockets.clients) client.terminate()
  sockets.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

class Heard implements LinkSocketEvents {
  readonly got: unknown[] = []
  closedWith: { code?: number; status?: number; problem?: string }[] = []
  isDrained = false
  open(): void {
    this.got.push('open')
  }
  bytes(bytes: Uint8Array): void {
    this.got.push(Buffer.from(bytes).toString())
  }
  text(text: string): void {
    this.got.push({ text })
  }
  drained(): void {
    this.isDrained = true
  }
  closed(why: { code?: number; status?: number; problem?: string }): void {
    this.closedWith.push(why)
  }
}

describe('dialling a relay', () => {
  it('shows the ticket in the header and nothing in the address, and carries bytes and text', async () => {
    const heard = new Heard()
    const socket = relayDial(url, realSystem.clock)(undefined, 'Ticket abc', heard)
    const { socket: peer, request } = await until('the relay', () => peers[0])
    expect([request.url, request.headers.authorization, request.headers['sec-websocket-extensions']]).toEqual([
      '/v1/relay',
      'Ticket abc',
      undefined,
    ])
    const got: unknown[] = []
    peer.on('message', (data: Buffer, binary: boolean) => got.push(binary ? data.toString() : { text: data.toString() }))
    await until('open', () => heard.got.length === 1)
    socket.send(Buffer.from('payload'))
    socket.sendText('{"type":"end"}')
    peer.send(Buffer.from('back'))
    peer.send('{"type":"joined"}')
    await until('both', () => got.length === 2 && heard.got.length === 3)
    expect([got, heard.got]).toEqual([
      ['payload', { text: '{"type":"end"}' }],
      ['open', 'back', { text: '{"type":"joined"}' }],
    ])
    await until('drained', () => heard.isDrained && socket.waiting === 0)
    peer.close(1012)
    await until('the close', () => heard.closedWith.length > 0)
    expect(heard.closedWith).toEqual([{ code: 1012 }])
  })

  it('tells the status and the code of a refusal, once', async () => {
    server.removeAllListeners('upgrade')
    server.on('upgrade', (_request, wire) => {
      const body = JSON.stringify({ type: 'x', title: 'x', status: 410, code: 'relay.resumeRefused' })
      wire.end(
        `HTTP/1.1 410 Gone\r\nContent-Type: application/problem+json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      )
    })
    const heard = new Heard()
    relayDial('http://127.0.0.1:1', realSystem.clock)(url, 'Resume x', heard)
    await until('the refusal', () => heard.closedWith.length > 0)
    expect(heard.closedWith).toEqual([{ status: 410, problem: 'relay.resumeRefused' }])
  })

  it('drops a relay whose control is too large', async () => {
    const heard = new Heard()
    relayDial(url, realSystem.clock)(undefined, 'Ticket abc', heard)
    const { socket: peer } = await until('the relay', () => peers[0])
    peer.send('x'.repeat(limits.relayControlBytes + 1))
    await until('the close', () => heard.closedWith.length > 0)
    expect(heard.got).toEqual(['open'])
  })

  it.each([
    ['nothing'],
    ['ftp://127.0.0.1/'],
    ['http://relay.example'],
    ['ws://10.0.0.1:80'],
    ['https://user:word@relay.example'],
    ['http://127.0.0.1:1'],
  ])('reaches nobody at %s, and says so', async (relay) => {
    const heard = new Heard()
    const socket = relayDial(url, realSystem.clock)(relay, 'Ticket abc', heard)
    socket.send(Buffer.from('x'))
    await until('the close', () => heard.closedWith.length > 0)
    expect([heard.got, peers]).toEqual([[], []])
    socket.close(1000)
    socket.drop()
  })
})
