import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createPlainServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { portOf, startProxy, startTextServer } from '../testing/proxy.ts'
import { testCertificate } from '../testing/tls.ts'
import { secured } from './certificates.ts'
import { wayTo } from './network.ts'
import { openTunnel, parseProxy } from './proxy.ts'
import { WayOut, type WayOutOptions } from './way-out.ts'

const { clock } = realSystem

const { cert: ca } = testCertificate
let stops: (() => unknown)[]
let target: Server
let port: number
let at: number
let notes: string[]

beforeEach(async () => {
  stops = []
  at = 0
  notes = []
  target = await listening(createTlsServer({ cert: testCertificate.cert, key: testCertificate.key }))
  port = portOf(target)
})
afterEach(async () => {
  for (const stop of stops.toReversed()) await stop()
})

async function listening(server: Server): Promise<Server> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)))
  server.on('secureConnection', (socket: Socket) => socket.on('error', () => undefined))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  stops.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return server
}

async function proxy(manners: Parameters<typeof startProxy>[0] = {}) {
  const started = await startProxy(manners)
  stops.push(() => started.stop())
  return started
}

/** Something that hangs up on everybody, and counts them. */
async function deadProxy(): Promise<{ port: number; tries: number }> {
  const dead = { port: 0, tries: 0 }
  const server = await listening(
    createPlainServer((socket) => {
      dead.tries += 1
      socket.destroy()
    }),
  )
  dead.port = portOf(server)
  return dead
}

async function pacFile(answer: string, how: Parameters<typeof startTextServer>[1] = {}) {
  const pac = await startTextServer(`function FindProxyForURL() { return ${JSON.stringify(answer)} }`, how)
  stops.push(() => pac.stop())
  return pac.url
}

const wayBy = (url: string | undefined, more: Partial<WayOutOptions> = {}): WayOut =>
  new WayOut({ proxy: parseProxy(url), ca, clock: { ...clock, steady: () => at }, note: (text) => notes.push(text), ...more })

async function goes(way: WayOut): Promise<string> {
  try {
    const socket = await way.open('https:', '127.0.0.1', port)
    const tls = await secured(socket, 'localhost', ca, clock)
    tls.destroy()
    return 'through'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

describe('[ENR-2] the ways of a PAC file', () => {
  it('are tried in turn, and what is dead is tried last until its time is over', async () => {
    const dead = await deadProxy()
    const live = await proxy()
    const way = wayBy(await pacFile(`PROXY 127.0.0.1:${dead.port}; SOCKS 127.0.0.1:1; PROXY 127.0.0.1:${live.port}; DIRECT`))
    for (let time = 0; time < 3; time += 1) expect(await goes(way)).toBe('through')
    expect(dead.tries).toBe(1)
    expect(live.targets).toHaveLength(3)
    at = limits.proxyDeadMs
    expect(await goes(way)).toBe('through')
    expect(dead.tries).toBe(2)
  })

  it('end with the direct one, also where a proxy refuses, and lead to a proxy where direct leads nowhere', async () => {
    const refusing = await proxy({ refuse: 403 })
    const way = wayBy(await pacFile(`PROXY 127.0.0.1:${refusing.port}; DIRECT`))
    expect(await goes(way)).toBe('through')
    expect(await goes(way)).toBe('through')
    // One that answers is not dead: it may let the next one through.
    expect(refusing.targets).toHaveLength(2)

    const live = await proxy()
    await new Promise((done) => target.close(done))
    const nowhere = await wayBy(await pacFile(`DIRECT; PROXY 127.0.0.1:${live.port}`))
      .open('https:', '127.0.0.1', port)
      .catch(String)
    expect(nowhere).toContain('ECONNREFUSED')
    expect(live.targets).toEqual([`127.0.0.1:${port}`])
  })

  it('lead through a proxy that is spoken to by https, where its certificate is trusted', async () => {
    const secure = await proxy({ secure: true })
    const url = await pacFile(`HTTPS localhost:${secure.port}`)
    expect(await goes(wayBy(url))).toBe('through')
    expect(await goes(wayBy(`https://localhost:${secure.port}`))).toBe('through')
    expect(secure.targets).toHaveLength(2)
    expect(await goes(wayBy(url, { ca: undefined }))).toContain('self-signed certificate')
  })

  it('are direct while it never could be had, as it was while it cannot be had, and its own again', async () => {
    const live = await proxy()
    const free = await listening(createPlainServer())
    const freePort = portOf(free)
    await new Promise((done) => free.close(done))
    const way = wayBy(`http://127.0.0.1:${freePort}/proxy.pac`)
    expect(await goes(way)).toBe('through')
    expect(await goes(way)).toBe('through')
    expect(notes).toEqual([expect.stringContaining('ECONNREFUSED')])
    expect(notes[0]).toContain('the way is direct')

    const pac = await startTextServer(`function FindProxyForURL() { return "PROXY 127.0.0.1:${live.port}" }`, { port: freePort })
    at += limits.pacAgainMs
    expect(await goes(way)).toBe('through')
    expect(live.targets).toHaveLength(1)
    expect(notes.at(-1)).toContain('is used again')

    await pac.stop()
    at += limits.pacFreshMs
    expect(await goes(way)).toBe('through')
    expect(live.targets).toHaveLength(2)
    expect(notes.at(-1)).toContain('it counts as it was')
  })

  it.each(['<html>Sign in</html>', 'function FindProxyForURL( {', 'function FindProxyForURL() { return process.env.HOME }'])(
    'are direct where what comes is of no use: %s',
    async (text) => {
      const pac = await startTextServer(text)
      stops.push(() => pac.stop())
      expect(await goes(wayBy(pac.url))).toBe('through')
      expect(notes).toEqual([expect.stringContaining('cannot be used')])
    },
  )

  it('are said to be none where it names only what is not spoken here', async () => {
    expect(await goes(wayBy(await pacFile('SOCKS 127.0.0.1:1')))).toContain('only DIRECT, PROXY and HTTPS')
  })

  it('come over https from a server with a certificate of the authority that is given', async () => {
    const live = await proxy()
    const url = await pacFile(`PROXY 127.0.0.1:${live.port}`, { secure: true })
    expect(await goes(wayBy(url))).toBe('through')
    expect(live.targets).toHaveLength(1)
  })
})

describe('[ENR-2] a proxy', () => {
  it.each([
    ['asks and nothing is shown', 'Basic realm="x"', undefined, 'asks who comes (407, by Basic)', '--proxy-credentials FILE'],
    ['asks and the wrong is shown', 'Basic realm="x"', 'ada:wrong', 'does not take the user and password', 'right ones'],
    ['asks for what is not spoken', 'Negotiate, NTLM', undefined, '407, by Negotiate, NTLM', 'Only Basic'],
  ])('that %s is named, with what helps, and no try can help', async (_what, challenge, shown, says, remedy) => {
    const asking = await proxy({ credentials: 'ada:löve:lace', challenge })
    const way = wayBy(`127.0.0.1:${asking.port}`, shown === undefined ? {} : { credentials: () => shown })
    const error: unknown = await way.open('https:', '127.0.0.1', port).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ message: expect.stringContaining(says), remedy: expect.stringContaining(remedy), lasting: true })
    expect(String(error)).not.toContain('wrong')
  })

  it('that asks lets through who shows the right ones', async () => {
    const asking = await proxy({ credentials: 'ada:löve:lace' })
    expect(await goes(wayBy(`127.0.0.1:${asking.port}`, { credentials: () => 'ada:löve:lace' }))).toBe('through')
  })

  it('that is silent is given up', async () => {
    const mute = await listening(createPlainServer())
    const silent = openTunnel({ protocol: 'http', host: '127.0.0.1', port: portOf(mute) }, '127.0.0.1', port, { timers: clock }, 20)
    await expect(silent).rejects.toMatchObject({ dead: true, message: expect.stringContaining('no answer within') })
  })
})

describe('[ENR-2] a certificate that nobody here trusts', () => {
  it.each([
    ['of an authority that is not known', 'localhost', undefined, true, '--ca'],
    ['of another name', 'rooms.example.com', ca, false, 'Something else'],
  ])('%s is named: whose it is and who issued it', async (_what, host, trusted, lasting, remedy) => {
    const socket = await wayBy(undefined).open('https:', '127.0.0.1', port)
    const error: unknown = await secured(socket, host, trusted, clock).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      message: expect.stringContaining('for CN=Roomkeeper test, issued by CN=Roomkeeper test'),
      lasting,
      remedy: expect.stringContaining(remedy),
    })
    expect(socket.destroyed).toBe(true)
  })
})

describe('[ENR-2] the options of the way out', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'way-'))
    stops.push(() => rmSync(folder, { recursive: true }))
  })
  const file = (text: string, mode = 0o600): string => {
    const path = join(folder, 'file')
    writeFileSync(path, text)
    chmodSync(path, mode)
    return path
  }

  it.skipIf(process.platform === 'win32')('take credentials from a file that is for this account alone, anew for each tunnel', async () => {
    expect(() => wayTo({ proxyCredentials: file('ada:secret', 0o644) }, clock)).toThrow(/must belong to this account \(chmod 600\)/u)
    expect(() => wayTo({ proxyCredentials: file('ada:secret', 0o660) }, clock)).toThrow(/must belong to this account \(chmod 600\)/u)
    const asking = await proxy({ credentials: 'ada:new' })
    const { way } = wayTo({ proxy: `127.0.0.1:${asking.port}`, proxyCredentials: file('\uFEFFada:old\r\n') }, clock)
    expect(await goes(way)).toContain('does not take')
    file('ada:new\n', 0o400)
    expect(await goes(way)).toBe('through')
  })

  it.each([
    ['--ca', { caFile: 'none' }],
    ['--proxy-credentials', { proxyCredentials: 'none' }],
  ])('%s names what cannot be used', (option, given) => {
    expect(() => wayTo(given, clock)).toThrow(option)
    const text = file('nothing of the kind')
    expect(() => wayTo(Object.fromEntries(Object.keys(given).map((name) => [name, text])), clock)).toThrow(option)
  })
})
