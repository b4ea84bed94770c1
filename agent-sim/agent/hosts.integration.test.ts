import { createServer as createPlainServer, type Server } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { realSystem } from '../../contract/testing/system.ts'
import { portOf, startProxy, startTextServer } from '../testing/proxy.ts'
import { testCertificate } from '../testing/tls.ts'
import { microsoftAllowlist, type AllowedHost } from './allowlist.ts'
import { blocksEnrolment, checkHosts } from './hosts.ts'
import { parseProxy } from './proxy.ts'
import { WayOut } from './way-out.ts'

let server: Server
let port: number
let stops: (() => Promise<void>)[]

beforeEach(async () => {
  stops = []
  server = createTlsServer({ cert: testCertificate.cert, key: testCertificate.key }, (socket) => {
    socket.on('error', () => undefined)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  port = portOf(server)
})
afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()))
  await new Promise((done) => server.close(done))
})

const { cert: ca } = testCertificate
const by = (proxy?: string): WayOut => new WayOut({ proxy: parseProxy(proxy), ca, clock: realSystem.clock })
const hosts = (...names: string[]): AllowedHost[] => names.map((host) => ({ host, for: ['enrolment'] }))

describe('checkHosts', () => {
  it('passes a host that resolves, connects and has a valid certificate, by name and by address', async () => {
    const results = await checkHosts({ port, hosts: hosts('localhost', '127.0.0.1') }, { way: by(), ca })
    expect(results.map(({ host, step }) => [host, step])).toEqual([
      ['localhost', 'passed'],
      ['127.0.0.1', 'passed'],
    ])
    expect(results.some(blocksEnrolment)).toBe(false)
  })

  it('names the step that failed: resolve, tcp, tls', async () => {
    const closed = createPlainServer()
    await new Promise<void>((done) => closed.listen(0, '127.0.0.1', done))
    const closedPort = portOf(closed)
    await new Promise((done) => closed.close(done))
    const mute = createPlainServer((socket) => socket.destroy())
    await new Promise<void>((done) => mute.listen(0, '127.0.0.1', done))
    stops.push(
      () =>
        new Promise((done) =>
          mute.close(() => {
            done()
          }),
        ),
    )

    const step = async (host: string, at: number, trusted?: string) => {
      const [result] = await checkHosts({ port: at, hosts: hosts(host) }, { way: by(), ca: trusted })
      return result?.step
    }
    expect(await step('no-such-host.invalid', port, ca)).toBe('resolve')
    expect(await step('127.0.0.1', closedPort, ca)).toBe('tcp')
    expect(await step('127.0.0.1', portOf(mute), ca)).toBe('tls')
    // A certificate that nobody here trusts, as an inspecting firewall shows it.
    expect(await step('127.0.0.1', port)).toBe('tls')
  })

  it('goes through a proxy, which resolves the name', async () => {
    const proxy = await startProxy()
    stops.push(proxy.stop)
    const [result] = await checkHosts({ port, hosts: hosts('localhost') }, { way: by(`127.0.0.1:${proxy.port}`), ca })
    expect(result?.step).toBe('passed')
    expect(proxy.targets).toEqual([`localhost:${port}`])
  })

  it('blames the proxy that refuses', async () => {
    const proxy = await startProxy({ refuse: 403 })
    stops.push(proxy.stop)
    const [result] = await checkHosts({ port, hosts: hosts('localhost') }, { way: by(`127.0.0.1:${proxy.port}`), ca })
    expect(result).toMatchObject({ step: 'proxy' })
    expect(result?.detail).toContain('403')
  })

  it('does what a PAC file says, host by host, and tries the next way when one fails', async () => {
    const proxy = await startProxy()
    const pac = await startTextServer(`function FindProxyForURL(url, host) {
      if (shExpMatch(host, "127.*")) return "DIRECT";
      return "SOCKS 127.0.0.1:1; PROXY 127.0.0.1:1; PROXY 127.0.0.1:${proxy.port}";
    }`)
    stops.push(proxy.stop, pac.stop)
    const results = await checkHosts({ port, hosts: hosts('localhost', '127.0.0.1') }, { way: by(pac.url), ca, strictly: true })
    expect(results.map(({ step }) => step)).toEqual(['passed', 'passed'])
    expect(proxy.targets).toEqual([`localhost:${port}`])
  })

  it.each([
    'this is no JavaScript (',
    'function other() {}',
    'function FindProxyForURL() { return "SOCKS a:1" }',
    'function FindProxyForURL() { return process.env.HOME }',
    'function FindProxyForURL() { for (;;); }',
    'var x = []; for (;;) x.push(new Array(1000).join("x"))',
  ])('says that a PAC file cannot be used: %s', async (text) => {
    const pac = await startTextServer(text)
    stops.push(pac.stop)
    const [result] = await checkHosts({ port, hosts: hosts('localhost') }, { way: by(pac.url), ca, strictly: true })
    expect(result?.step).toBe('proxy')
    expect(result?.detail).toContain('PAC file')
  })

  it('lets no host of remote access alone fail an enrolment', () => {
    const failed = microsoftAllowlist.hosts.map((host) => ({ ...host, port: 443, step: 'tcp' as const }))
    expect(failed.filter(blocksEnrolment).map(({ host }) => host)).toEqual(
      microsoftAllowlist.hosts.filter((host) => !host.host.includes('pubsub')).map(({ host }) => host),
    )
  })
})
