import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { programs } from '../../contract/testing/programs.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { createLog } from '../log.ts'
import { TestBrowser } from '../session/testing/browser.ts'
import { tempFolder } from '../testing/fakes.ts'
import { channel, consoleAddress } from './electron/address.ts'
import { runElectron, type Surroundings } from './electron/program.ts'
import { StandInElectron } from './electron/testing/standIn.ts'
import { runProcess, type Running, startBrowserHost, startService } from './testing/processes.ts'
import { screensFolder } from './testing/screens.ts'
import type { TestPage } from './testing/transports.ts'
import { pageOf, Watcher } from './testing/watcher.ts'

/** Both hosts as a whole, with the real service and its embedded issuer as a process of their own. */

const main = programs.console
const screens = screensFolder()
const amelie = { email: 'amelie.laurent@contoso.example' }

let service: Running<{ service: string }>
let serviceFolder: ReturnType<typeof tempFolder>
let folder: ReturnType<typeof tempFolder>
let undo: (() => unknown)[] = []

beforeAll(async () => {
  serviceFolder = tempFolder()
  service = await startService(serviceFolder.path)
})
afterAll(async () => {
  await service.stop()
  serviceFolder.remove()
})
beforeEach(() => {
  undo = []
  folder = tempFolder()
})
afterEach(async () => {
  for (const back of undo.toReversed()) await back()
  folder.remove()
})

async function browserHost(...more: string[]): Promise<Running<{ console: string }>> {
  const running = await startBrowserHost(service.ready.service, folder.path, ...more)
  undo.push(() => running.child.kill('SIGKILL'))
  return running
}

describe('the browser host', () => {
  it('signs in with the embedded issuer, follows the service, and is still signed in after a restart', async () => {
    const first = await browserHost()
    const page = new Watcher(await pageOf(first.ready.console, undo), 'app', 'session', 'sync')
    expect(await page.see('app', { host: 'browser' })).toMatchObject({ protection: 'none', service: service.ready.service })
    await page.see('session', { state: 'signedOut' })
    expect(await page.call('session.signIn', { method: 'browser' })).toMatchObject({ type: 'value' })
    const signingIn = await page.see('session', { state: 'signingIn', url: expect.any(String) })
    const browser = new TestBrowser()
    const end = await browser.signIn('url' in signingIn ? (signingIn.url ?? '') : '', amelie)
    expect(end.html).toContain(`content="0; url=${new URL(first.ready.console).origin}/"`)
    await page.see('session', { state: 'signedIn', account: amelie, me: { email: amelie.email } })
    await page.see('sync', { state: 'live' })
    expect(await first.stop()).toBe(0)
    expect(first.stderr()).not.toMatch(/"level":50|eyJ|Amélie|amelie/u)

    const second = await browserHost()
    const later = new Watcher(await pageOf(second.ready.console, undo), 'session', 'sync')
    await later.see('session', { state: 'signedIn', account: amelie })
    await later.see('sync', { state: 'live' })
    expect(await later.call('session.signOut', { unsent: 'ask' })).toMatchObject({ type: 'value' })
    await later.see('session', { state: 'signedOut' })
    expect(existsSync(join(folder.path, 'console', 'session.sealed'))).toBe(false)
    expect(await second.stop()).toBe(0)
  })

  it('signs in with a device code, with the keys under a passphrase', async () => {
    const phrase = join(folder.path, 'phrase')
    writeFileSync(phrase, 'correct horse battery staple\n')
    const host = await browserHost('--passphrase-file', phrase)
    const page = new Watcher(await pageOf(host.ready.console, undo), 'app', 'session')
    await page.see('app', { protection: 'passphrase' })
    await page.call('session.signIn', { method: 'deviceCode' })
    const signingIn = await page.see('session', { state: 'signingIn', code: expect.any(String) })
    if (signingIn.state !== 'signingIn') throw new Error('not signing in')
    await new TestBrowser().signIn(signingIn.url ?? '', { user_code: signingIn.code ?? '', ...amelie })
    await page.see('session', { state: 'signedIn', account: amelie })
    await host.stop()
    // Without the passphrase nothing opens, and nothing is harmed.
    const without = await runProcess(main, '--service', service.ready.service, '--data', folder.path, '--port', '0')
    expect(without).toMatchObject({ code: 1, stderr: expect.stringContaining('--passphrase-file') })
    const again = await browserHost('--passphrase-file', phrase)
    await new Watcher(await pageOf(again.ready.console, undo), 'session').see('session', { state: 'signedIn' })
  })

  it('gives a second start another link, and ends with its parent', async () => {
    const first = await browserHost()
    const runtime = join(folder.path, 'console', 'runtime.json')
    expect(statSync(runtime).mode & 0o777).toBe(0o600)
    const second = await runProcess(main, '--service', service.ready.service, '--data', folder.path, '--json')
    expect(second).toMatchObject({ code: 0, stderr: '' })
    const said: { console: string } = JSON.parse(second.stdout)
    expect(said).toMatchObject({ ready: true, running: true })
    expect(new URL(said.console).origin).toBe(new URL(first.ready.console).origin)
    await new Watcher(await pageOf(said.console, undo), 'app').see('app', { host: 'browser' })
    first.child.stdin?.end()
    await once(first.child, 'close')
    expect(first.child.exitCode).toBe(0)
    expect(existsSync(runtime)).toBe(false)
  })

  it('says what is wrong with its arguments, and that a port is in use', async () => {
    expect(await runProcess(main, '--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('--service URL') })
    for (const args of [
      [],
      ['--service', 'no'],
      ['--service', 'http://x', '--port', '70000'],
      ['--service', 'http://x', '--colour', 'red'],
    ]) {
      expect(await runProcess(main, ...args), args.join(' ')).toMatchObject({ code: 2, stderr: expect.stringContaining('--help') })
    }
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    undo.push(() => other.close())
    const address = other.address()
    const port = typeof address === 'object' && address ? String(address.port) : ''
    const refused = await runProcess(main, '--service', 'http://127.0.0.1:1', '--data', folder.path, '--port', port)
    expect(refused).toMatchObject({ code: 1, stderr: `Port ${port} is in use. Choose another with --port.\n` })
  })
})

describe('the Electron host, with a stand-in for Electron', () => {
  function start(electron: StandInElectron, ...more: string[]) {
    const said: string[] = []
    const complained: string[] = []
    const stdin = new PassThrough()
    const around: Surroundings = {
      args: ['--service', service.ready.service, '--data', folder.path, '--downloads', join(folder.path, 'downloads'), ...more],
      platform: 'linux',
      screens,
      preload: '/preload/index.cjs',
      system: realSystem,
      cacheWorker: undefined,
      defaultData: () => folder.path,
      stdin,
      say: (line) => said.push(line),
      complain: (line) => complained.push(line),
      log: createLog('silent'),
    }
    const ended = async (): Promise<number | undefined> => {
      if (electron.app.exitCode === undefined) await once(electron.app, 'exited')
      return electron.app.exitCode
    }
    undo.push(async () => {
      electron.app.quit()
      await ended()
    })
    return { run: runElectron(electron.api, around), said, complained, stdin, ended }
  }
  const pageIn = (electron: StandInElectron): TestPage => ({
    send: (message) => electron.post(electron.window.webContents, channel, message),
    onMessage: (listener) => void electron.window.webContents.toPage.on('message', (_channel, message) => listener(message)),
    close: async () => electron.window.close(),
  })

  it('signs in by the system browser, keeps its keys in the system store, and ends cleanly with its window', async () => {
    const electron = new StandInElectron()
    const program = start(electron, '--json')
    await program.run
    expect(program.said).toEqual([`{"ready":true,"console":"${consoleAddress}"}\n`])
    expect(electron.app.paths['userData']).toBe(join(folder.path, 'console', 'electron'))
    const page = new Watcher(pageIn(electron), 'app', 'session', 'sync')
    await page.see('app', { host: 'electron', protection: 'system' })
    await page.call('session.signIn', { method: 'browser' })
    expect(electron.opened).toHaveLength(1)
    await page.see('session', { state: 'signingIn' })
    await new TestBrowser().signIn(electron.opened[0] ?? '', amelie)
    await page.see('session', { state: 'signedIn', account: amelie })
    await page.see('sync', { state: 'live' })
    expect(readFileSync(join(folder.path, 'console', 'vault.json'), 'utf8')).toContain('"system"')
    electron.app.emit('second-instance')
    expect(electron.window.focused).toBe(1)
    electron.window.close()
    electron.app.emit('window-all-closed')
    expect(await program.ended()).toBe(0)

    // The browser host cannot open what the system's store keeps, says so, and harms nothing.
    const other = await runProcess(main, '--service', service.ready.service, '--data', folder.path, '--port', '0')
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('Electron console') })
    const again = new StandInElectron()
    await start(again).run
    await new Watcher(pageIn(again), 'session').see('session', { state: 'signedIn', account: amelie })
  })

  it('lets the first instance have the folder, and one console of any kind', async () => {
    const second = new StandInElectron()
    second.app.first = false
    await start(second).run
    expect([second.app.exitCode, second.windows]).toEqual([0, []])
    await browserHost()
    const electron = new StandInElectron()
    const program = start(electron)
    await program.run
    expect(await program.ended()).toBe(1)
    expect(electron.errors).toEqual(['Another console uses this data folder. Close it, or choose another folder with --data.'])
  })

  it('ends with its parent, and says what is wrong with its arguments', async () => {
    const electron = new StandInElectron()
    const program = start(electron, '--parent-pipe')
    await program.run
    program.stdin.end()
    expect(await program.ended()).toBe(0)
    const wrong = new StandInElectron()
    const refused = start(wrong, '--log-level', 'loud')
    await refused.run
    expect([wrong.app.exitCode, refused.complained[0]]).toEqual([2, expect.stringContaining('--log-level')])
  })
})
