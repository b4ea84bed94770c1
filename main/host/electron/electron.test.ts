import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { limits } from '../../../contract/limits.ts'
import { fakeRandom } from '../../../contract/testing/system.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import type { BridgeServer, WindowPipe } from '../../core.ts'
import { createLog } from '../../log.ts'
import { channel, consoleAddress, isOurs, mayOpen } from './address.ts'
import { guardProgram, guardSession } from './guards.ts'
import { readOptions } from './options.ts'
import { IpcBridge } from './pipe.ts'
import { readPlace, writePlace } from './place.ts'
import { keeperFor } from './program.ts'
import { StandInElectron } from './testing/standIn.ts'
import { menuTemplate, openWindow, pageRights, showWindow } from './window.ts'

const log = createLog('silent')
let folder: string
let electron: StandInElectron

/** A bridge that keeps what its windows say and which of them are served. */
class ListeningBridge implements BridgeServer {
  readonly heard: unknown[] = []
  readonly pipes: WindowPipe[] = []
  serving = 0
  serve(pipe: WindowPipe): () => void {
    this.serving += 1
    this.pipes.push(pipe)
    const undo = pipe.onMessage((message) => this.heard.push(message))
    return () => {
      this.serving -= 1
      undo()
    }
  }
}
let bridge: ListeningBridge
let ipc: IpcBridge
const open = () => openWindow({ api: electron.api, folder, preload: '/preload/index.cjs', bridge: ipc, log })

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rk-electron-'))
  electron = new StandInElectron()
  guardProgram(electron.api, log)
  bridge = new ListeningBridge()
  ipc = new IpcBridge(electron.api.ipcMain, bridge, log)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the window', () => {
  it('gives its page nothing that a web page has not, behind context isolation and a sandbox', async () => {
    await open()
    expect(electron.app.sandboxed).toBe(true)
    expect(electron.window.options.webPreferences).toEqual({ ...pageRights, devTools: true, preload: '/preload/index.cjs' })
    expect(pageRights).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
    })
    expect(electron.window.webContents.mainFrame.url).toBe(consoleAddress)
  })

  it('has no developer tools once packaged', async () => {
    electron.app.isPackaged = true
    await open()
    expect(electron.window.options.webPreferences?.devTools).toBe(false)
  })

  it('opens where it was, unless that is out of reach now', async () => {
    await open()
    electron.window.bounds = { x: 100, y: 50, width: 1_200, height: 800 }
    electron.window.maximised = true
    electron.window.close()
    expect(readPlace(folder, electron.displays)).toEqual({ bounds: { x: 100, y: 50, width: 1_200, height: 800 }, maximised: true })
    const far = [{ workArea: { x: 4_000, y: 0, width: 800, height: 600 } }]
    expect(readPlace(folder, far)).toEqual({ bounds: { width: 1_200, height: 800 }, maximised: true })
    writePlace(folder, { bounds: { x: 0, y: 0, width: 1, height: 1 }, maximised: false })
    expect(readPlace(folder, electron.displays).bounds).toMatchObject({ width: 1_200 })
    writeFileSync(join(folder, 'window.json'), '{"bounds":')
    expect(readPlace(folder, electron.displays)).toEqual({ bounds: { width: 1_440, height: 900 }, maximised: false })
  })

  it('loads its page again after a crash, three times', async () => {
    await open()
    for (let crash = 0; crash < 5; crash += 1) electron.window.webContents.emit('render-process-gone', {}, { reason: 'crashed' })
    await untilPasses(() => expect(bridge.pipes).toHaveLength(4))
    expect(bridge.serving).toBe(0)
  })

  it('comes to the front when asked', async () => {
    await open()
    electron.window.minimised = true
    showWindow(electron.window)
    expect(electron.window).toMatchObject({ minimised: false, shown: true, focused: 1 })
  })

  it('has a menu to edit and to zoom, and no developer tools in it', () => {
    expect(JSON.stringify(menuTemplate('darwin'))).toContain('appMenu')
    expect(JSON.stringify(menuTemplate('linux'))).not.toMatch(/appMenu|toggleDevTools|reload/u)
  })
})

describe('a page', () => {
  it.each([
    'https://evil.example/',
    'file:///etc/passwd',
    'app://other/',
    'app://roomkeeper.evil.example/',
    'app://roomkeeper@evil/',
    'javascript:alert(1)',
    'data:text/html,x',
  ])('cannot go to %s', async (url) => {
    await open()
    expect(electron.window.webContents.navigate(url)).toBe(false)
    expect(electron.window.webContents.navigate(url, 'will-redirect')).toBe(false)
    expect(electron.window.webContents.mainFrame.url).toBe(consoleAddress)
  })

  it('can move within the console', async () => {
    await open()
    expect(electron.window.webContents.navigate(`${consoleAddress}#/rooms`)).toBe(true)
  })

  it('opens no window; only listed links go to the system browser', async () => {
    await open()
    const { openHandler } = electron.window.webContents
    for (const url of [
      'https://evil.example/',
      'http://learn.microsoft.com/',
      'https://learn.microsoft.com:8443/',
      'https://user@learn.microsoft.com/',
      'https://learn.microsoft.com.evil.example/',
      'file:///etc/passwd',
      'ms-msdt:/id',
      consoleAddress,
    ]) {
      expect(openHandler({ url })).toEqual({ action: 'deny' })
      expect(mayOpen(url)).toBe(false)
    }
    expect(openHandler({ url: 'https://learn.microsoft.com/en-us/microsoftteams/rooms/' })).toEqual({ action: 'deny' })
    expect(electron.opened).toEqual(['https://learn.microsoft.com/en-us/microsoftteams/rooms/'])
  })

  it('attaches no webview, gets no permission but those of remote sessions, no device, no download and no network', async () => {
    await open()
    const event = { preventDefault: vi.fn() }
    electron.window.webContents.emit('will-attach-webview', event)
    guardSession(electron.api, electron.api.session.defaultSession, { file: async () => undefined })
    electron.downloads.emit('will-download', event)
    expect(event.preventDefault).toHaveBeenCalledTimes(2)
    const granted = vi.fn()
    const ours = { isMainFrame: true, requestingUrl: consoleAddress }
    for (const permission of ['media', 'geolocation', 'notifications', 'clipboard-read', 'openExternal'])
      electron.permissionRequest?.({}, permission, granted, ours)
    // What a remote session needs, for the console's own page and no other.
    electron.permissionRequest?.({}, 'fullscreen', granted, { ...ours, requestingUrl: 'https://evil.example/' })
    electron.permissionRequest?.({}, 'fullscreen', granted, { ...ours, isMainFrame: false })
    expect(granted.mock.calls.flat()).toEqual([false, false, false, false, false, false, false])
    electron.permissionRequest?.({}, 'fullscreen', granted, ours)
    expect(granted).toHaveBeenLastCalledWith(true)
    expect([
      electron.permissionCheck?.({}, 'media', consoleAddress),
      electron.permissionCheck?.({}, 'clipboard-sanitized-write', consoleAddress),
      electron.devicePermission?.(),
    ]).toEqual([false, true, false])
    const cancelled = (url: string): boolean | undefined => {
      let answer: boolean | undefined
      electron.beforeRequest?.({ url }, ({ cancel }) => (answer = cancel))
      return answer
    }
    expect(['https://evil.example/', 'http://127.0.0.1:4721/v1/me', 'file:///etc/passwd', 'ws://127.0.0.1/'].map(cancelled)).toEqual([
      true,
      true,
      true,
      true,
    ])
    expect(['app://roomkeeper/index.html', 'data:image/png;base64,AA'].map(cancelled)).toEqual([false, false])
  })

  it('is served from its own protocol only, with the strict policy', async () => {
    expect(electron.privileged).toEqual([
      { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
    ])
    const asked: string[] = []
    guardSession(electron.api, electron.api.session.defaultSession, {
      file: async (path) => {
        asked.push(path)
        return path === '/'
          ? { body: Buffer.from('<!doctype html>'), headers: { 'content-security-policy': "default-src 'none'" } }
          : undefined
      },
    })
    const get = (url: string, init?: RequestInit) => electron.handlers.get('app')?.(new Request(url, init))
    const page = await get(consoleAddress)
    expect([page?.status, page?.headers.get('content-security-policy'), await page?.text()]).toEqual([
      200,
      "default-src 'none'",
      '<!doctype html>',
    ])
    expect((await get('app://other/'))?.status).toBe(404)
    expect((await get(`${consoleAddress}../../etc/passwd`))?.status).toBe(404)
    expect((await get(consoleAddress, { method: 'POST' }))?.status).toBe(404)
    expect(asked).toEqual(['/', '/etc/passwd'])
  })
})

describe('a message', () => {
  it('reaches the core only from the main frame of a window that shows the console', async () => {
    await open()
    const { webContents } = electron.window
    electron.post(webContents, channel, { id: 1 })
    electron.post(webContents, channel, { id: 2 }, { url: consoleAddress })
    electron.post(webContents, channel, { id: 3 }, null)
    electron.post(webContents, 'another', { id: 4 })
    webContents.mainFrame = { url: 'https://evil.example/' }
    electron.post(webContents, channel, { id: 5 })
    expect(bridge.heard).toEqual([{ id: 1 }])
  })

  it('of a window that was never attached is dropped', async () => {
    await open()
    const stranger = new electron.api.BrowserWindow({}).webContents
    const [, window] = electron.windows
    if (!window) throw new Error('no second window')
    window.webContents.begin(consoleAddress)
    expect(stranger).toBe(window.webContents)
    electron.post(window.webContents, channel, { id: 1 })
    expect(bridge.heard).toEqual([])
  })

  it('is plain data of a bounded size, or dropped', async () => {
    await open()
    const { webContents } = electron.window
    const round: Record<string, unknown> = {}
    round['round'] = round
    for (const message of [round, { big: 1n }, undefined, { text: 'x'.repeat(limits.bridgeMessageBytes) }])
      electron.post(webContents, channel, message)
    electron.post(webContents, channel, { when: new Date(0), map: new Map([[1, 2]]) })
    expect(bridge.heard).toEqual([{ when: '1970-01-01T00:00:00.000Z', map: {} }])
  })

  it('of bytes goes as it is in both directions, without what lies around it', async () => {
    await open()
    const { webContents } = electron.window
    const got: unknown[] = []
    webContents.toPage.on('message', (_name, message) => got.push(message))
    const around = Uint8Array.of(1, 2, 3, 4)
    electron.post(webContents, channel, { type: 'bytes', id: 7, bytes: around, more: 1 })
    electron.post(webContents, channel, { type: 'bytes', id: 8, bytes: new Uint8Array(limits.bridgeMessageBytes + 1) })
    expect(bridge.heard).toEqual([{ type: 'bytes', id: 7, bytes: around }])
    bridge.pipes[0]?.send({ type: 'bytes', id: 7, bytes: around.subarray(1, 3) })
    bridge.pipes[0]?.send({ type: 'bytes', id: 7, bytes: Buffer.from('ab') })
    expect(got).toEqual([
      { type: 'bytes', id: 7, bytes: Uint8Array.of(2, 3) },
      { type: 'bytes', id: 7, bytes: Uint8Array.of(97, 98) },
    ])
    expect(got.map((message) => (message as { bytes: Uint8Array }).bytes.buffer.byteLength)).toEqual([2, 2])
  })

  it('from the core goes to the page that asked, and to no later page of that window', async () => {
    await open()
    const { webContents } = electron.window
    const got: unknown[] = []
    webContents.toPage.on('message', (name, message) => got.push([name, message]))
    bridge.pipes[0]?.send({ type: 'value', id: 1, value: 'a' })
    webContents.begin(consoleAddress)
    expect(bridge.serving).toBe(1)
    bridge.pipes[0]?.send({ type: 'value', id: 1, value: 'late' })
    bridge.pipes[1]?.send({ type: 'value', id: 1, value: 'b' })
    expect(got).toEqual([
      [channel, { type: 'value', id: 1, value: 'a' }],
      [channel, { type: 'value', id: 1, value: 'b' }],
    ])
    webContents.begin(`${consoleAddress}#/rooms`, { isSameDocument: true })
    webContents.begin('about:blank', { isMainFrame: false })
    expect(bridge.pipes).toHaveLength(2)
    electron.window.close()
    expect(bridge.serving).toBe(0)
    bridge.pipes[1]?.send({ type: 'value', id: 1, value: 'gone' })
  })
})

describe('keys', () => {
  it.each([
    ['gnome_libsecret', 'linux', 'system'],
    ['kwallet6', 'linux', 'system'],
    ['basic_text', 'linux', 'none'],
    ['unknown', 'linux', 'none'],
    [undefined, 'darwin', 'none'],
    ['', 'darwin', 'system'],
    ['', 'win32', 'system'],
  ] as const)('with the backend %s on %s are protected by: %s', (backend, platform, protection) => {
    electron.backend = backend
    expect(keeperFor(electron.api.safeStorage, platform, undefined, fakeRandom('keys')).protection).toBe(protection)
  })

  it('are protected by a passphrase where the system has no store', () => {
    electron.backend = 'basic_text'
    writeFileSync(join(folder, 'phrase'), 'correct horse\n')
    expect(keeperFor(electron.api.safeStorage, 'linux', join(folder, 'phrase'), fakeRandom('keys')).protection).toBe('passphrase')
    writeFileSync(join(folder, 'phrase'), '\n')
    expect(() => keeperFor(electron.api.safeStorage, 'linux', join(folder, 'phrase'), fakeRandom('keys'))).toThrow('first line')
  })
})

describe('arguments', () => {
  it("are ours or Chromium's", () => {
    const read = readOptions(
      ['--no-sandbox', '--remote-debugging-port=0', '--service', 'http://127.0.0.1:4721/', '--data', folder, '--json'],
      '/default',
    )
    expect(read).toMatchObject({ service: 'http://127.0.0.1:4721', data: folder, json: true, logLevel: 'warn' })
  })

  it('may leave the service to a file of the data folder', () => {
    expect(readOptions([], folder)).toMatchObject({ wrong: expect.stringContaining('--service') })
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'console.json'), '{"service":"https://rooms.example.com"}')
    expect(readOptions([], folder)).toMatchObject({ service: 'https://rooms.example.com' })
  })

  it.each([
    [['--service', 'ftp://x'], 'address'],
    [['--service'], '--service'],
    [['--service', 'http://x', '--log-level', 'loud'], '--log-level'],
  ])('%j is told as wrong', (args, word) => {
    expect(readOptions(args, folder)).toMatchObject({ wrong: expect.stringContaining(word) })
  })
})

it('knows its own address', () => {
  expect([consoleAddress, 'app://roomkeeper/assets/x.js#/a'].map(isOurs)).toEqual([true, true])
  expect(['app://roomkeeper:80/', 'https://roomkeeper/', 'app:roomkeeper', ''].map(isOurs)).toEqual([false, false, false, false])
})
