import { EventEmitter } from 'node:events'
import type { BrowserWindowConstructorOptions, MenuItemConstructorOptions } from 'electron'
import { consoleAddress } from '../address.ts'
import type {
  ContentsApi,
  ElectronApi,
  FrameApi,
  IpcEvent,
  MenuApi,
  NavigationDetails,
  PreventableEvent,
  WindowApi,
  SessionApi,
} from '../api.ts'

/**
 * For tests: the part of Electron that this host uses, without Electron. It keeps what it was told, behaves where
 * behaviour matters (events that can be prevented, messages that are copied), and a test plays the page and the person.
 */

class Prevented implements PreventableEvent {
  prevented = false
  preventDefault(): void {
    this.prevented = true
  }
}

export class StandInContents extends EventEmitter implements ContentsApi {
  readonly id: number
  mainFrame: FrameApi = { url: 'about:blank' }
  destroyed = false
  openHandler: (details: { url: string }) => { action: 'deny' } = () => ({ action: 'deny' })
  /** What the page was sent. */
  readonly toPage = new EventEmitter<{ message: [channel: string, message: unknown] }>()

  constructor(id: number) {
    super()
    this.id = id
  }
  send(channel: string, message: unknown): void {
    if (this.destroyed) throw new TypeError('Object has been destroyed')
    this.toPage.emit('message', channel, structuredClone(message))
  }
  isDestroyed(): boolean {
    return this.destroyed
  }
  setWindowOpenHandler(handler: (details: { url: string }) => { action: 'deny' }): void {
    this.openHandler = handler
  }
  /** The page goes to an address by itself. Answers whether it was let. */
  navigate(url: string, name: 'will-navigate' | 'will-redirect' = 'will-navigate'): boolean {
    const event = Object.assign(new Prevented(), { url })
    this.emit(name, event)
    if (!event.prevented) this.begin(url)
    return !event.prevented
  }
  /** A page begins; also a reload. */
  begin(url: string, details: Partial<NavigationDetails> = {}): void {
    const whole = { isMainFrame: true, isSameDocument: false, ...details }
    if (whole.isMainFrame) this.mainFrame = { url }
    this.emit('did-start-navigation', whole)
  }
}

export class StandInWindow extends EventEmitter implements WindowApi {
  readonly webContents: StandInContents
  readonly options: BrowserWindowConstructorOptions
  shown = false
  focused = 0
  minimised = false
  maximised = false
  bounds = { x: 10, y: 20, width: 1_000, height: 700 }

  constructor(options: BrowserWindowConstructorOptions, contents: StandInContents) {
    super()
    this.options = options
    this.webContents = contents
  }
  async loadURL(url: string): Promise<void> {
    this.webContents.begin(url)
    this.emit('ready-to-show')
  }
  show(): void {
    this.shown = true
  }
  focus(): void {
    this.focused += 1
  }
  restore(): void {
    this.minimised = false
  }
  isMinimized(): boolean {
    return this.minimised
  }
  isMaximized(): boolean {
    return this.maximised
  }
  maximize(): void {
    this.maximised = true
  }
  getNormalBounds() {
    return this.bounds
  }
  isDestroyed(): boolean {
    return this.webContents.destroyed
  }
  /** The person closes it. */
  close(): void {
    this.emit('close')
    this.webContents.destroyed = true
    this.emit('closed')
  }
}

class StandInApp extends EventEmitter {
  isPackaged = false
  sandboxed = false
  readonly paths: Record<string, string> = {}
  first = true
  exitCode: number | undefined
  enableSandbox(): void {
    this.sandboxed = true
  }
  setName(): void {}
  setPath(name: string, path: string): void {
    this.paths[name] = path
  }
  getPath(name: string): string {
    return this.paths[name] ?? `/nowhere/${name}`
  }
  requestSingleInstanceLock(): boolean {
    return this.first
  }
  async whenReady(): Promise<void> {}
  exit(code: number): void {
    this.exitCode ??= code
    this.emit('exited')
  }
  quit(): void {
    const event = new Prevented()
    this.emit('before-quit', event)
    if (!event.prevented) this.exit(0)
  }
}

type Handler = (request: Request) => Promise<Response>
type BeforeRequest = (details: { url: string }, callback: (response: { cancel: boolean }) => void) => void

/** What was shown, the newest last. */
export class StandInNotification extends EventEmitter {
  static readonly shown: StandInNotification[] = []
  static readonly isSupported = (): boolean => true
  readonly options: { title: string; body: string }

  constructor(options: { title: string; body: string }) {
    super()
    this.options = options
  }
  show(): void {
    StandInNotification.shown.push(this)
  }
}

export class StandInElectron {
  /** The system's proxy settings, as a PAC file answers. */
  proxies = 'DIRECT'
  readonly app = new StandInApp()
  readonly windows: StandInWindow[] = []
  readonly privileged: { scheme: string; privileges: Record<string, boolean> }[] = []
  readonly handlers = new Map<string, Handler>()
  readonly opened: string[] = []
  readonly errors: string[] = []
  readonly menus: MenuItemConstructorOptions[][] = []
  displays = [{ workArea: { x: 0, y: 0, width: 1_920, height: 1_080 } }]
  /** Of the system's store; `undefined`: there is no encryption. */
  backend: string | undefined = 'gnome_libsecret'
  permissionRequest: Parameters<SessionApi['setPermissionRequestHandler']>[0] | undefined
  permissionCheck: Parameters<SessionApi['setPermissionCheckHandler']>[0] | undefined
  devicePermission: (() => boolean) | undefined
  beforeRequest: BeforeRequest | undefined
  readonly downloads = new EventEmitter()
  readonly #ipc = new EventEmitter()
  #contents = 0

  readonly api: ElectronApi

  constructor() {
    const { app, handlers, privileged, opened, errors, menus } = this
    const newContents = (): StandInContents => {
      this.#contents += 1
      const contents = new StandInContents(this.#contents)
      app.emit('web-contents-created', {}, contents)
      return contents
    }
    const windows = this.windows
    class BrowserWindow extends StandInWindow {
      constructor(options: BrowserWindowConstructorOptions) {
        super(options, newContents())
        windows.push(this)
      }
    }
    this.api = {
      app,
      BrowserWindow,
      ipcMain: this.#ipc,
      protocol: {
        registerSchemesAsPrivileged: (schemes) => void privileged.push(...schemes),
        handle: (scheme, handler) => void handlers.set(scheme, handler),
      },
      session: {
        defaultSession: {
          setPermissionRequestHandler: (handler) => void (this.permissionRequest = handler),
          setPermissionCheckHandler: (handler) => void (this.permissionCheck = handler),
          setDevicePermissionHandler: (handler) => void (this.devicePermission = handler),
          resolveProxy: async () => this.proxies,
          webRequest: { onBeforeRequest: (listener) => void (this.beforeRequest = listener) },
          on: (name, listener) => this.downloads.on(name, listener),
        },
      },
      safeStorage: {
        isEncryptionAvailable: () => this.backend !== undefined,
        getSelectedStorageBackend: () => this.backend ?? 'unknown',
        encryptString: (plain) => Buffer.from(Buffer.from(plain, 'utf8').map((byte) => byte ^ 0x5a)),
        decryptString: (wrapped) => Buffer.from(wrapped.map((byte) => byte ^ 0x5a)).toString('utf8'),
      },
      shell: { openExternal: async (url) => void opened.push(url) },
      screen: { getAllDisplays: () => this.displays },
      Menu: {
        setApplicationMenu: () => {},
        buildFromTemplate: (template): MenuApi => {
          menus.push(template)
          return { popup: undefined }
        },
      },
      Notification: StandInNotification,
      dialog: { showErrorBox: (_title, content) => void errors.push(content) },
    }
  }

  /** A message of a page arrives, as from this frame (else from the page's own). */
  post(contents: StandInContents, channel: string, message: unknown, frame: FrameApi | null = contents.mainFrame): void {
    const event: IpcEvent = { sender: contents, senderFrame: frame }
    this.#ipc.emit(channel, event, structuredClone(message))
  }

  /** A window that shows the console. */
  get window(): StandInWindow {
    const [window] = this.windows
    if (!window) throw new Error(`No window was opened on ${consoleAddress}.`)
    return window
  }
}
