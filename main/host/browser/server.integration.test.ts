import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { limits } from '../../../contract/limits.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { createLog } from '../../log.ts'
import { cookieFrom, testShell } from '../testing/transports.ts'
import { type BrowserServer, startBrowserServer } from './server.ts'
import { cookieOf, Visitors } from './visitors.ts'

const secret = 's'.repeat(43)
let server: BrowserServer
let shell: ReturnType<typeof testShell>
let now = 1_000
const heard: unknown[] = []
/** The windows that the server at hand serves; what an earlier one closes late is none of them. */
let serving = new Set<object>()

async function start(beatMs?: number): Promise<BrowserServer> {
  const made = await startBrowserServer(0, { shell: shell.shell, secret, log: createLog('silent'), now: () => now, ...(beatMs === undefined ? {} : { beatMs }) })
  const windows = new Set<object>()
  serving = windows
  made.serve({
    serve: (pipe) => {
      windows.add(pipe)
      const undo = pipe.onMessage((message) => heard.push(message))
      return () => {
        windows.delete(pipe)
        undo()
      }
    },
  })
  return made
}

beforeEach(async () => {
  heard.length = 0
  now = 1_000
  shell = testShell()
  server = await start()
})
afterEach(async () => {
  await server.stop()
  shell.remove()
})

const origin = (): string => new URL(server.address).origin
const host = (): string => new URL(server.address).host

/** A request with any head at all; fetch would not send some of these. */
async function ask(path: string, { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
  const sent = request(new URL(server.address), { path, method, headers: { host: host(), ...headers } })
  sent.end(body)
  const [response] = await once(sent, 'response')
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return { status: Number(response.statusCode), headers: response.headers, text }
}
const enter = (token: string, headers: Record<string, string> = {}) =>
  ask('/session', { method: 'POST', headers: { origin: origin(), 'content-type': 'application/json', ...headers }, body: JSON.stringify({ token }) })
const tokenOf = (link: string): string => new URLSearchParams(new URL(link).hash.slice(1)).get('token') ?? ''

/** The status that the upgrade was refused with, or `open`. */
async function dial(headers: Record<string, string>, path = '/bridge'): Promise<number | WebSocket> {
  const socket = new WebSocket(`ws://${host()}${path}`, { headers })
  return new Promise((resolve) => {
    socket.once('open', () => resolve(socket))
    socket.once('unexpected-response', (_request, response) => {
      resolve(Number(response.statusCode))
      socket.terminate()
    })
    socket.on('error', () => {})
  })
}
async function opened(): Promise<WebSocket> {
  const socket = await dial({ origin: origin(), cookie: await cookieFrom(server.link()) })
  if (typeof socket === 'number') throw new Error(`Refused with ${socket}.`)
  return socket
}

describe('the shell', () => {
  it('is public, and behind a strict policy', async () => {
    const page = await ask('/')
    expect(page).toMatchObject({ status: 200, text: '<!doctype html><title>Roomkeeper</title>' })
    expect(page.headers).toMatchObject({
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    })
    expect((await ask('/assets/index.js')).headers).toMatchObject({ 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'public, max-age=31536000, immutable' })
    expect((await ask('/', { method: 'HEAD' })).text).toBe('')
  })

  it.each(['/../../../etc/passwd', '/..%2f..%2fetc/passwd', '/assets/../../x', '/assets', '/notes.unknown', '/%00', '//etc/passwd', '/assets\\index.js'])('has nothing at %s', async (path) => {
    expect([404, 200]).toContain((await ask(path)).status)
    expect((await ask(path)).text).not.toMatch(/root:|not served/u)
  })

  it('takes no other method', async () => {
    expect(await ask('/', { method: 'PUT' })).toMatchObject({ status: 405 })
    expect(await ask('/', { method: 'POST' })).toMatchObject({ status: 405 })
  })

  it.each(['evil.example', 'evil.example:80', '127.0.0.1', '127.0.0.1:1', '[::1]:80'])('answers nothing to the name %s (DNS rebinding)', async (name) => {
    expect(await ask('/', { headers: { host: name } })).toMatchObject({ status: 421, text: '' })
    expect(await ask('/session', { method: 'POST', headers: { host: name, origin: `http://${name}`, 'content-type': 'application/json' }, body: '{}' })).toMatchObject({ status: 421 })
  })
})

describe('a link', () => {
  it('works once, and gives a cookie that no script and no other site can use', async () => {
    const token = tokenOf(server.link())
    const first = await enter(token)
    expect(first.status).toBe(204)
    const port = new URL(server.address).port
    expect(first.headers['set-cookie']?.[0]).toMatch(new RegExp(`^roomkeeper-${port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`, 'u'))
    expect((await enter(token)).status).toBe(401)
    expect((await enter('guess')).headers['set-cookie']).toBeUndefined()
  })

  it('is taken from our own page only', async () => {
    const token = tokenOf(server.link())
    expect((await enter(token, { origin: 'http://evil.example' })).status).toBe(403)
    expect((await enter(token, { origin: 'null' })).status).toBe(403)
    // A form of another page could send this without asking first.
    expect((await enter(token, { 'content-type': 'text/plain' })).status).toBe(403)
    expect((await enter(token)).status).toBe(204)
  })

  it.each([['', 400], ['nonsense', 400], ['{}', 400], ['{"token":1}', 400], ['{"token":"a","more":1}', 400], [`{"token":"${'x'.repeat(2_000)}"}`, 413]] as const)(
    'entrance with %.20j is refused',
    async (body, status) => {
      expect(await ask('/session', { method: 'POST', headers: { origin: origin(), 'content-type': 'application/json' }, body })).toMatchObject({ status })
    },
  )

  it('is given to a second start by the same user, and to no page', async () => {
    const links = (headers: Record<string, string>) => ask('/links', { method: 'POST', headers })
    const given = await links({ authorization: `Bearer ${secret}` })
    expect(given.status).toBe(200)
    expect((await enter(tokenOf(JSON.parse(given.text).console))).status).toBe(204)
    expect((await links({})).status).toBe(403)
    expect((await links({ authorization: 'Bearer other' })).status).toBe(403)
    expect((await links({ authorization: `Bearer ${secret}`, origin: origin() })).status).toBe(403)
    expect((await links({ authorization: `Bearer ${secret}`, 'sec-fetch-site': 'same-origin' })).status).toBe(403)
  })
})

describe('the bridge', () => {
  it('opens only with the cookie, from our own page, under our own name', async () => {
    const cookie = await cookieFrom(server.link())
    expect(await dial({ origin: origin() })).toBe(401)
    expect(await dial({ origin: origin(), cookie: cookie.replace(/=.*/u, '=guess') })).toBe(401)
    // Given twice, nobody can tell which of them is ours.
    expect(await dial({ origin: origin(), cookie: `${cookie}; ${cookie.replace(/=.*/u, '=x')}` })).toBe(401)
    expect(await dial({ cookie })).toBe(403)
    expect(await dial({ origin: 'http://evil.example', cookie })).toBe(403)
    expect(await dial({ origin: 'http://evil.example', cookie, host: 'evil.example' })).toBe(421)
    expect(await dial({ origin: origin(), cookie }, '/other')).toBe(404)
    expect(serving.size).toBe(0)
    const socket = await dial({ origin: origin(), cookie })
    expect(socket).toBeInstanceOf(WebSocket)
    await untilPasses(() => expect(serving.size).toBe(1))
  })

  it.each([
    ['no JSON', (socket: WebSocket) => socket.send('{'), 1007],
    ['binary', (socket: WebSocket) => socket.send(Buffer.from('{}')), 1007],
    ['more than a message may have', (socket: WebSocket) => socket.send(JSON.stringify({ text: 'x'.repeat(limits.bridgeMessageBytes) })), 1009],
  ])('closes on %s, and goes on serving others', async (_what, send, code) => {
    const [bad, good] = [await opened(), await opened()]
    send(bad)
    const [closed] = await once(bad, 'close')
    expect(closed).toBe(code)
    good.send('{"type":"end","id":1}')
    await untilPasses(() => expect(heard).toEqual([{ type: 'end', id: 1 }]))
    await untilPasses(() => expect(serving.size).toBe(1))
  })

  it('ends with a window that does not answer any more', async () => {
    await server.stop()
    server = await start(50)
    const socket = await opened()
    // It is there, but nothing that it gets is read: no sign of life goes back.
    socket.pause()
    await untilPasses(() => expect(serving.size).toBe(0))
    socket.terminate()
  })

  it('has room for many windows, and no more than that', async () => {
    const cookie = await cookieFrom(server.link())
    const sockets = await Promise.all(Array.from({ length: limits.bridgeWindows }, () => dial({ origin: origin(), cookie })))
    expect(sockets.every((socket) => socket instanceof WebSocket)).toBe(true)
    expect(await dial({ origin: origin(), cookie })).toBe(503)
  })

  it('survives a client that breaks off in the middle of its request', async () => {
    const socket = connect(Number(new URL(server.address).port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write(`GET /bridge HTTP/1.1\r\nHost: ${host()}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`)
    socket.resetAndDestroy()
    expect((await ask('/')).status).toBe(200)
  })
})

describe('visitors', () => {
  it('lose their link when it is old or when too many newer ones were made', () => {
    let time = 0
    const visitors = new Visitors(() => time)
    const old = visitors.link()
    time = limits.consoleLinkMs
    expect(visitors.enter(old)).toBeUndefined()
    const [first, ...others] = Array.from({ length: limits.consoleLinks + 1 }, () => visitors.link())
    expect(visitors.enter(first ?? '')).toBeUndefined()
    const cookies = others.map((token) => visitors.enter(token))
    expect(cookies.every((cookie) => visitors.isIn(cookie))).toBe(true)
    expect([visitors.isIn(undefined), visitors.isIn(''), visitors.isIn(others[0])]).toEqual([false, false, false])
  })

  it('have one cookie of a name, or none', () => {
    expect(cookieOf('a=1; roomkeeper-1=x; b=2', 'roomkeeper-1')).toBe('x')
    expect(cookieOf('roomkeeper-10=x', 'roomkeeper-1')).toBeUndefined()
    expect(cookieOf('roomkeeper-1=x; roomkeeper-1=y', 'roomkeeper-1')).toBeUndefined()
    expect(cookieOf(undefined, 'roomkeeper-1')).toBeUndefined()
  })
})
