import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { limits } from '../../../contract/limits.ts'
import { bridgeProtocol, Entered, protocolsOf, secretIn, signedOutClose } from '../../../contract/tab.ts'
import { fakeSystem, realSystem } from '../../../contract/testing/system.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { createLog } from '../../log.ts'
import { tabFrom, testShell } from '../testing/transports.ts'
import { type BrowserServer, startBrowserServer } from './server.ts'
import { Visitors } from './visitors.ts'

const secret = 's'.repeat(43)
let server: BrowserServer
let shell: ReturnType<typeof testShell>
let now = 1_000
const heard: unknown[] = []
/** The windows that the server at hand serves; what an earlier one closes late is none of them. */
let serving = new Set<object>()

async function start(beatMs?: number): Promise<BrowserServer> {
  const made = await startBrowserServer(0, {
    shell: shell.shell,
    secret,
    log: createLog('silent'),
    system: { ...realSystem, clock: { ...realSystem.clock, now: () => now } },
    ...(beatMs === undefined ? {} : { beatMs }),
  })
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
async function ask(
  path: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
) {
  const sent = request(new URL(server.address), { path, method, headers: { host: host(), ...headers } })
  sent.end(body)
  const [response] = await once(sent, 'response')
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return { status: Number(response.statusCode), headers: response.headers, text }
}
const enter = (token: string, headers: Record<string, string> = {}) =>
  ask('/session', {
    method: 'POST',
    headers: { origin: origin(), 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ token }),
  })
const tokenOf = (link: string): string => new URLSearchParams(new URL(link).hash.slice(1)).get('token') ?? ''

/** The status that the upgrade was refused with, or the open socket. */
async function dial(secret: string | undefined, headers: Record<string, string> = { origin: origin() }, path = '/bridge') {
  const socket = new WebSocket(`ws://${host()}${path}`, secret === undefined ? [] : protocolsOf(secret), { headers })
  return new Promise<number | WebSocket>((resolve) => {
    socket.once('open', () => resolve(socket))
    socket.once('unexpected-response', (_request, response) => {
      resolve(Number(response.statusCode))
      socket.terminate()
    })
    socket.on('error', () => {})
  })
}
async function opened(secret?: string): Promise<WebSocket> {
  const socket = await dial(secret ?? (await tabFrom(server.link())))
  if (typeof socket === 'number') throw new Error(`Refused with ${socket}.`)
  return socket
}

describe('the shell', () => {
  it('is public, and behind a strict policy', async () => {
    const page = await ask('/')
    expect(page).toMatchObject({ status: 200, text: '<!doctype html><title>Roomkeeper</title>' })
    expect(page.headers).toMatchObject({
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    })
    expect((await ask('/assets/index.js')).headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    })
    expect((await ask('/', { method: 'HEAD' })).text).toBe('')
  })

  it.each([
    '/../../../etc/passwd',
    '/..%2f..%2fetc/passwd',
    '/assets/../../x',
    '/assets',
    '/notes.unknown',
    '/%00',
    '//etc/passwd',
    '/assets\\index.js',
  ])('has nothing at %s', async (path) => {
    expect([404, 200]).toContain((await ask(path)).status)
    expect((await ask(path)).text).not.toMatch(/root:|not served/u)
  })

  const scripts = ['/sw.js', '/', '/deep/any.js']
  it.each(scripts)('[decision 0029] answers the look for a service worker at %s with one that leaves', async (path) => {
    const { status, headers, text } = await ask(path, { headers: { 'service-worker': 'script' } })
    expect(status).toBe(200)
    expect(headers).toMatchObject({ 'content-type': 'text/javascript', 'service-worker-allowed': '/', 'cache-control': 'no-store' })
    expect(text).toContain('registration.unregister()')
  })

  it('takes no other method', async () => {
    expect(await ask('/', { method: 'PUT' })).toMatchObject({ status: 405 })
    expect(await ask('/', { method: 'POST' })).toMatchObject({ status: 405 })
  })

  it.each([
    ...['evil.example', 'evil.example:80', '127.0.0.1', '127.0.0.1:1', '[::1]:80', 'LOCAL'],
    ...['OWN@evil.example', 'evil.example@OWN', 'OWN:1', 'OWN,OWN'],
  ])('answers nothing to the name "%s" (DNS rebinding; on ::1 the port may be held by another account)', async (written) => {
    const name = written.replace('LOCAL', host().replace('127.0.0.1', 'localhost')).replaceAll('OWN', host())
    expect(await ask('/', { headers: { host: name } })).toMatchObject({ status: 421, text: '' })
    expect(
      await ask('/session', {
        method: 'POST',
        headers: { host: name, origin: `http://${name}`, 'content-type': 'application/json' },
        body: '{}',
      }),
    ).toMatchObject({ status: 421 })
  })
})

describe('a link', () => {
  it('[ACC-1] works once, and gives a secret for the tab instead of anything that a browser sends by itself', async () => {
    const token = tokenOf(server.link())
    const first = await enter(token)
    expect(first).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } })
    expect(Entered.parse(JSON.parse(first.text)).secret).not.toBe(token)
    expect(first.headers['set-cookie']).toBeUndefined()
    expect(await enter(token)).toMatchObject({ status: 401, text: '' })
    expect(await enter('guess')).toMatchObject({ status: 401, text: '' })
  })

  it('is taken from our own page only', async () => {
    const token = tokenOf(server.link())
    expect((await enter(token, { origin: 'http://evil.example' })).status).toBe(403)
    expect((await enter(token, { origin: 'null' })).status).toBe(403)
    // A form of another page could send this without asking first.
    expect((await enter(token, { 'content-type': 'text/plain' })).status).toBe(403)
    expect((await enter(token)).status).toBe(200)
  })

  it.each([
    ['', 400],
    ['nonsense', 400],
    ['{}', 400],
    ['{"token":1}', 400],
    ['{"token":"a","more":1}', 400],
    [`{"token":"${'x'.repeat(2_000)}"}`, 413],
  ] as const)('entrance with %.20j is refused', async (body, status) => {
    expect(
      await ask('/session', { method: 'POST', headers: { origin: origin(), 'content-type': 'application/json' }, body }),
    ).toMatchObject({ status })
  })

  it('is given to a second start by the same user, and to no page', async () => {
    const links = (headers: Record<string, string>) => ask('/links', { method: 'POST', headers })
    const given = await links({ authorization: `Bearer ${secret}` })
    expect(given.status).toBe(200)
    expect((await enter(tokenOf(JSON.parse(given.text).console))).status).toBe(200)
    expect((await links({})).status).toBe(403)
    expect((await links({ authorization: 'Bearer other' })).status).toBe(403)
    expect((await links({ authorization: `Bearer ${secret}`, origin: origin() })).status).toBe(403)
    expect((await links({ authorization: `Bearer ${secret}`, 'sec-fetch-site': 'same-origin' })).status).toBe(403)
  })
})

describe('the bridge', () => {
  it('[ACC-1] opens only with the secret of a tab, from our own page, under our own name', async () => {
    const tab = await tabFrom(server.link())
    expect(await dial(undefined)).toBe(401)
    expect(await dial('guess')).toBe(401)
    expect(await dial('')).toBe(401)
    expect(await dial(tab, {})).toBe(403)
    expect(await dial(tab, { origin: 'http://evil.example' })).toBe(403)
    expect(await dial(tab, { origin: 'http://evil.example', host: 'evil.example' })).toBe(421)
    expect(await dial(tab, { origin: origin() }, '/other')).toBe(404)
    expect(await dial(undefined, { origin: origin() }, `/bridge?secret=${tab}`)).toBe(404)
    // What a browser, or a program on another port of this name, adds by itself counts for nothing.
    const cookie = ['roomkeeper', `roomkeeper-${new URL(server.address).port}`, 'roomkeeper.tab'].map((name) => `${name}=${tab}`).join('; ')
    expect(await dial(undefined, { origin: origin(), cookie, authorization: `Bearer ${tab}` })).toBe(401)
    expect(serving.size).toBe(0)
    const socket = await dial(tab, { origin: origin(), cookie: cookie.replaceAll(tab, 'x') })
    expect(socket).toMatchObject({ protocol: bridgeProtocol })
    await untilPasses(() => expect(serving.size).toBe(1))
  })

  it('[ACC-1] ends with a sign-out, but for the tab it was done in, which goes on with another secret', async () => {
    const secrets = [await tabFrom(server.link()), await tabFrom(server.link()), await tabFrom(server.link())]
    const unused = tokenOf(server.link())
    const [mine, copy, other] = [await opened(secrets[0]), await opened(secrets[0]), await opened(secrets[1])]
    const closed = Promise.all([copy, other].map((socket) => once(socket, 'close')))
    const told = once(mine, 'message')
    mine.send(JSON.stringify({ type: 'call', id: 1, name: 'session.signOut', input: { unsent: 'ask' } }))
    await untilPasses(() => expect(heard).toHaveLength(1))
    server.signedOut()
    expect((await closed).map(([code]) => code)).toEqual([signedOutClose, signedOutClose])
    const { type, secret: next } = JSON.parse(String((await told)[0]))
    expect(type).toBe('tab')
    for (const secret of secrets) expect(await dial(secret)).toBe(401)
    expect(await dial(next)).toBeInstanceOf(WebSocket)
    expect((await enter(unused)).status).toBe(200)
    expect(mine.readyState).toBe(WebSocket.OPEN)
    // The next sign-out, of which no tab was the cause, ends this one too.
    const last = once(mine, 'close')
    server.signedOut()
    expect((await last)[0]).toBe(signedOutClose)
  })

  it('[ACC-1] opens, whatever other ports of the name make a browser send', async () => {
    const cookie = Array.from({ length: 180 }, (_, at) => `c${at}=${'x'.repeat(4_090)}`).join('; ')
    expect(await dial(await tabFrom(server.link()), { origin: origin(), cookie })).toBeInstanceOf(WebSocket)
    expect(await ask('/', { headers: { cookie } })).toMatchObject({ status: 200 })
  })

  it.each([
    ['no JSON', (socket: WebSocket) => socket.send('{'), 1007],
    ['binary', (socket: WebSocket) => socket.send(Buffer.from('{}')), 1007],
    [
      'more than a message may have',
      (socket: WebSocket) => socket.send(JSON.stringify({ text: 'x'.repeat(limits.bridgeMessageBytes) })),
      1009,
    ],
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
    const tab = await tabFrom(server.link())
    const sockets = await Promise.all(Array.from({ length: limits.bridgeWindows }, () => dial(tab)))
    expect(sockets.every((socket) => socket instanceof WebSocket)).toBe(true)
    expect(await dial(tab)).toBe(503)
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
    const system = fakeSystem()
    const visitors = new Visitors(system)
    const old = visitors.link()
    system.clock.advance(limits.consoleLinkMs)
    expect(visitors.enter(old)).toBeUndefined()
    const [first, ...others] = Array.from({ length: limits.consoleLinks + 1 }, () => visitors.link())
    expect(visitors.enter(first ?? '')).toBeUndefined()
    const tabs = others.map((token) => visitors.enter(token))
    expect(tabs.every((secret) => visitors.isIn(secret))).toBe(true)
    expect([visitors.isIn(undefined), visitors.isIn(''), visitors.isIn(others[0])]).toEqual([false, false, false])
  })

  it('lose their tab when too many newer ones were made, and all of them at once', () => {
    const visitors = new Visitors(fakeSystem())
    const [first, ...others] = Array.from({ length: limits.consoleTabs + 1 }, () => visitors.tab())
    expect([visitors.isIn(first), others.every((secret) => visitors.isIn(secret))]).toEqual([false, true])
    visitors.endTabs()
    expect(others.some((secret) => visitors.isIn(secret))).toBe(false)
  })

  it('show one secret, or none', () => {
    expect(secretIn(protocolsOf('x').join(', '))).toBe('x')
    expect(secretIn([...protocolsOf('x'), ...protocolsOf('y')].join(','))).toBeUndefined()
    expect(secretIn('roomkeeper.tab.x')).toBeUndefined()
    expect(secretIn('xroomkeeper.tab.y, roomkeeper.bridge')).toBeUndefined()
    expect(secretIn(undefined)).toBeUndefined()
  })
})
