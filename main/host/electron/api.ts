import type { Rectangle, BrowserWindowConstructorOptions, MenuItemConstructorOptions } from 'electron'

/**
 * The part of Electron that this host uses. `index.ts` gives the real one; tests give a stand-in, so that all of this
 * runs where no Electron binary can be had. The real one fitting in here is checked by the compiler.
 */
export interface ElectronApi {
  readonly app: AppApi
  readonly BrowserWindow: new (options: BrowserWindowConstructorOptions) => WindowApi
  readonly ipcMain: { on(channel: string, listener: (event: IpcEvent, message: unknown) => void): unknown }
  readonly protocol: {
    registerSchemesAsPrivileged(schemes: { scheme: string; privileges: Record<string, boolean> }[]): void
    handle(scheme: string, handler: (request: Request) => Promise<Response>): void
  }
  readonly session: { readonly defaultSession: SessionApi }
  readonly safeStorage: SafeStorageApi
  readonly shell: { openExternal(url: string): Promise<void> }
  readonly screen: { getAllDisplays(): { workArea: Rectangle }[] }
  readonly Menu: { setApplicationMenu(menu: MenuApi | null): void; buildFromTemplate(template: MenuItemConstructorOptions[]): MenuApi }
  readonly Notification: NotificationApi
  readonly dialog: { showErrorBox(title: string, content: string): void }
}

export interface NotificationApi {
  new (options: { title: string; body: string }): { show(): void; on(name: 'click', listener: () => void): unknown }
  isSupported(): boolean
}

/** Opaque: it is only handed back. */
export interface MenuApi {
  popup: unknown
}

export interface PreventableEvent {
  preventDefault(): void
}

export interface AppApi {
  readonly isPackaged: boolean
  enableSandbox(): void
  setName(name: string): void
  setPath(name: 'userData' | 'sessionData', path: string): void
  getPath(name: 'userData' | 'downloads'): string
  requestSingleInstanceLock(): boolean
  whenReady(): Promise<void>
  exit(code: number): void
  quit(): void
  on(name: 'second-instance' | 'window-all-closed' | 'activate', listener: () => void): unknown
  on(name: 'before-quit', listener: (event: PreventableEvent) => void): unknown
  on(name: 'web-contents-created', listener: (event: unknown, contents: ContentsApi) => void): unknown
}

/** What is checked of the frame that sent a message. */
export interface FrameApi {
  readonly url: string
}

export interface IpcEvent {
  readonly sender: ContentsApi
  /** Null when the frame is gone already. */
  readonly senderFrame: FrameApi | null
}

export interface NavigationDetails {
  readonly isMainFrame: boolean
  readonly isSameDocument: boolean
}

export interface ContentsApi {
  readonly id: number
  readonly mainFrame: FrameApi
  send(channel: string, message: unknown): void
  isDestroyed(): boolean
  setWindowOpenHandler(handler: (details: { url: string }) => { action: 'deny' }): void
  on(name: 'will-navigate' | 'will-redirect', listener: (event: PreventableEvent & { readonly url: string }) => void): unknown
  on(name: 'will-attach-webview', listener: (event: PreventableEvent) => void): unknown
  on(name: 'did-start-navigation', listener: (details: NavigationDetails) => void): unknown
  on(name: 'render-process-gone', listener: (event: unknown, details: { reason: string }) => void): unknown
}

export interface WindowApi {
  readonly webContents: ContentsApi
  loadURL(url: string): Promise<void>
  show(): void
  focus(): void
  restore(): void
  isMinimized(): boolean
  isMaximized(): boolean
  maximize(): void
  getNormalBounds(): Rectangle
  isDestroyed(): boolean
  on(name: 'close' | 'closed' | 'ready-to-show', listener: () => void): unknown
}

export interface SessionApi {
  setPermissionRequestHandler(
    handler: (
      contents: unknown,
      permission: string,
      callback: (granted: boolean) => void,
      details: { readonly isMainFrame: boolean; readonly requestingUrl: string },
    ) => void,
  ): void
  setPermissionCheckHandler(handler: (contents: unknown, permission: string, requestingOrigin: string) => boolean): void
  setDevicePermissionHandler(handler: () => boolean): void
  /** What the system's proxy settings say of an address, as a PAC file would. */
  resolveProxy(url: string): Promise<string>
  readonly webRequest: {
    onBeforeRequest(listener: (details: { url: string }, callback: (response: { cancel: boolean }) => void) => void): void
  }
  on(name: 'will-download', listener: (event: PreventableEvent) => void): unknown
}

export interface SafeStorageApi {
  isEncryptionAvailable(): boolean
  /** Linux only. */
  getSelectedStorageBackend?(): string
  encryptString(plain: string): Buffer
  decryptString(wrapped: Buffer): string
}
