import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { programs } from '../../contract/testing/programs.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { createLog } from '../log.ts'
import { TestBrowser } from '../session/testing/browser.ts'
import { directory, startIssuer, type TestIssuer } from '../session/testing/issuer.ts'
import { tempFolder } from '../testing/fakes.ts'
import { channel } from './electron/address.ts'
import { runElectron } from './electron/program.ts'
import { StandInElectron } from './electron/testing/standIn.ts'
import { takeWayOut } from './outgoing.ts'
import { runProcess, type Running, startBrowserHost, startProcess } from './testing/processes.ts'
import { startProxy } from './testing/proxy.ts'
import { screensFolder } from './testing/screens.ts'
import { pageOf, Watcher } from './testing/watcher.ts'

/**
 * Service and consoles where nothing leads out but a proxy that asks for a password, and where service and issuer have certificates of a
 * private authority. The names lead nowhere without that proxy.
 */

const file = (name: string): string => join(import.meta.dirname, 'testing', 'tls', name)
const tls = { cert: readFileSync(file('cert.pem'), 'utf8'), key: readFileSync(file('key.pem'), 'utf8') }
const credentials = 'operator:p@ss:word é'
const amelie = { login: 'amelie@contoso.test', password: 'any' }
const screens = screensFolder()

let shared: ReturnType<typeof tempFolder>
let folder: ReturnType<typeof tempFolder>
let issuer: TestIssuer
let service: Running<{ service: string }>
let address: string
let proxy: Awaited<ReturnType<typeof startProxy>>
let credentialsFile: string
let undo: (() => unknown)[] = []

beforeAll(async () => {
  shared = tempFolder()
  credentialsFile = join(shared.path, 'credentials')
  writeFileSync(credentialsFile, `\uFEFF${credentials}\r\n`, { mode: 0o600 })
  proxy = await startProxy(credentials)
  issuer = await startIssuer({ tls: { ...tls, name: 'login.roomkeeper.test' } })
  service = await startProcess(
    [
      ...[programs.service, 'serve', '--data', shared.path, '--port', '0', '--json', '--parent-pipe', '--log-level', 'warn'],
      ...[
        '--tls-cert',
        file('cert.pem'),
        '--tls-key',
        file('key.pem'),
        '--behind-proxy',
        '--ca',
        file('ca.pem'),
        '--proxy',
        proxy.address,
        '--proxy-credentials',
        credentialsFile,
      ],
      ...[
        '--issuer',
        issuer.url,
        '--client-id',
        'console',
        '--audience',
        'urn:roomkeeper:test',
        '--scope',
        'openid profile email offline_access',
      ],
      ...['--tenant-directory', directory, '--tenant-name', 'Contoso', '--administrator', 'email=amelie@contoso.test'],
    ],
    z.object({ service: z.url() }),
  )
  address = `https://rooms.roomkeeper.test:${new URL(service.ready.service).port}`
})
afterAll(async () => {
  await service.stop()
  await issuer.stop()
  await proxy.stop()
  shared.remove()
})
beforeEach(() => {
  undo = []
  folder = tempFolder()
  proxy.targets.length = 0
  proxy.refused = 0
})
afterEach(async () => {
  for (const back of undo.toReversed()) await back()
  folder.remove()
})

/** The person's browser goes the same way. */
async function signInAt(url: string): Promise<void> {
  const back = takeWayOut({ ca: file('ca.pem'), proxy: proxy.address, proxyCredentials: credentialsFile })
  try {
    await new TestBrowser().signIn(url, amelie)
  } finally {
    back()
  }
}

describe('[ACC-1] [ACC-3] behind a proxy, with a private authority, at an issuer that is not Entra', () => {
  it('a console in a browser signs in, follows the service, and its person is the first administrator', async () => {
    const way = ['--ca', file('ca.pem'), '--proxy', proxy.address, '--proxy-credentials', credentialsFile]
    const running = await startBrowserHost(address, folder.path, ...way)
    undo.push(() => running.child.kill('SIGKILL'))
    const page = new Watcher(await pageOf(running.ready.console, undo), 'session', 'sync')
    expect(await page.call('session.signIn', { method: 'browser' })).toMatchObject({ type: 'value' })
    const signingIn = await page.see('session', { state: 'signingIn', url: expect.any(String) })
    await signInAt('url' in signingIn ? (signingIn.url ?? '') : '')
    await page.see('session', { state: 'signedIn', me: { access: { globalAdministrator: true } } })
    await page.see('sync', { state: 'live' })
    expect(new Set(proxy.targets)).toEqual(new Set([new URL(address).host, new URL(issuer.url).host]))
    expect(proxy.refused).toBe(0)
    expect(await running.stop()).toBe(0)
  })

  it('the Electron console goes where the system says, whichever of its proxies is there', async () => {
    const electron = new StandInElectron()
    electron.proxies = `SOCKS5 127.0.0.1:1; PROXY 127.0.0.1:1; PROXY ${proxy.address}; DIRECT`
    writeFileSync(
      join(folder.path, 'console.json'),
      JSON.stringify({ service: address, ca: file('ca.pem'), 'proxy-credentials': credentialsFile }),
    )
    const complained: string[] = []
    undo.push(async () => {
      electron.app.quit()
      if (electron.app.exitCode === undefined) await once(electron.app, 'exited')
    })
    await runElectron(electron.api, {
      args: ['--data', folder.path, '--downloads', join(folder.path, 'downloads')],
      platform: 'linux',
      screens,
      preload: '/preload/index.cjs',
      system: realSystem,
      cacheWorker: undefined,
      defaultData: () => folder.path,
      stdin: new PassThrough(),
      say: () => undefined,
      complain: (line) => complained.push(line),
      log: createLog('silent'),
    })
    expect(complained).toEqual([])
    const { webContents } = electron.window
    const page = new Watcher(
      {
        send: (message) => electron.post(webContents, channel, message),
        onMessage: (listener) => void webContents.toPage.on('message', (_channel, message) => listener(message)),
        close: async () => electron.window.close(),
      },
      'session',
      'sync',
    )
    expect(await page.call('session.signIn', { method: 'browser' })).toMatchObject({ type: 'value' })
    await page.see('session', { state: 'signingIn' })
    // This process is console and browser at once, and goes the console's way.
    await new TestBrowser().signIn(electron.opened[0] ?? '', amelie)
    await page.see('session', { state: 'signedIn', me: { access: { globalAdministrator: true } } })
    await page.see('sync', { state: 'live' })
    expect(new Set(proxy.targets)).toEqual(new Set([new URL(address).host, new URL(issuer.url).host]))
  })

  it.each([
    ['without the authority', () => ['--proxy', proxy.address, '--proxy-credentials', credentialsFile], '--ca'],
    ['without the password', () => ['--ca', file('ca.pem'), '--proxy', proxy.address], '407, it asks who comes: --proxy-credentials'],
  ])('a console %s says what is missing', async (_what, way, says) => {
    const running = await startBrowserHost(address, folder.path, ...way())
    undo.push(() => running.child.kill('SIGKILL'))
    const page = new Watcher(await pageOf(running.ready.console, undo), 'session')
    await page.call('session.signIn', { method: 'browser' })
    await page.see('session', { state: 'signedOut', problem: { code: 'network.offline', detail: expect.stringContaining(says) } })
  })

  it.each([
    ['--ca', () => [credentialsFile]],
    ['--ca', () => [join(folder.path, 'nowhere')]],
    ['--proxy', () => ['proxy.example']],
    ['--proxy', () => ['http://a:b@proxy.example:1']],
    ['--proxy-credentials', () => [file('ca.pem'), '--proxy', proxy.address]],
  ])('%s that cannot be used is named, by console and service', async (option, values) => {
    const given = [option, ...values()]
    const of = { stderr: expect.stringContaining(`${option}`), stdout: '' }
    expect(await runProcess(programs.console, '--service', address, '--data', folder.path, '--port', '0', ...given)).toMatchObject({
      ...of,
      code: 1,
    })
    expect(await runProcess(programs.service, 'serve', '--data', folder.path, '--port', '0', ...given)).toMatchObject({ ...of, code: 2 })
  })
})
