import type { BrowserWindowConstructorOptions, MenuItemConstructorOptions } from 'electron'
import type { Undo } from '../../../contract/system.ts'
import type { Log } from '../../log.ts'
import { consoleAddress } from './address.ts'
import type { ElectronApi, WindowApi } from './api.ts'
import type { IpcBridge } from './pipe.ts'
import { readPlace, writePlace } from './place.ts'

/** What the page of a window may do: nothing that a web page may not, and less. */
export const pageRights = {
  contextIsolation: true,
  sandbox: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  webSecurity: true,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  webviewTag: false,
  navigateOnDragDrop: false,
  // Chromium would fetch dictionaries from its maker.
  spellcheck: false,
} as const

/** A page that crashed is loaded again, but not for ever. */
const reloads = 3

export interface WindowOptions {
  api: ElectronApi
  folder: string
  preload: string
  bridge: IpcBridge
  log: Log
}

/** Opens the console's window where it was last. Errors: what Electron says of a page that does not load. */
export async function openWindow({ api, folder, preload, bridge, log }: WindowOptions): Promise<WindowApi> {
  const { bounds, maximised } = readPlace(folder, api.screen.getAllDisplays())
  const options: BrowserWindowConstructorOptions = {
    ...bounds,
    minWidth: 640,
    minHeight: 480,
    show: false,
    title: 'Roomkeeper',
    autoHideMenuBar: true,
    webPreferences: { ...pageRights, devTools: !api.app.isPackaged, preload },
  }
  const window = new api.BrowserWindow(options)
  const detach: Undo = bridge.attach(window.webContents)
  window.on('ready-to-show', () => {
    if (maximised) window.maximize()
    window.show()
  })
  window.on('close', () => writePlace(folder, { bounds: window.getNormalBounds(), maximised: window.isMaximized() }))
  window.on('closed', detach)
  let left = reloads
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason === 'clean-exit' || window.isDestroyed()) return
    log.error({ reason }, 'the page of the window ended')
    left -= 1
    if (left >= 0) void window.loadURL(consoleAddress).catch(() => log.error({}, 'the page could not be loaded again'))
  })
  await window.loadURL(consoleAddress)
  return window
}

/** Brings a window to the front. */
export function showWindow(window: WindowApi): void {
  if (window.isMinimized()) window.restore()
  window.show()
  window.focus()
}

/** The least menu with which text can be edited and the page made larger; on macOS also what every program has. */
export function menuTemplate(platform: NodeJS.Platform): MenuItemConstructorOptions[] {
  const view: MenuItemConstructorOptions = {
    label: 'View',
    submenu: [{ role: 'zoomIn' }, { role: 'zoomOut' }, { role: 'resetZoom' }, { type: 'separator' }, { role: 'togglefullscreen' }],
  }
  return [...(platform === 'darwin' ? ([{ role: 'appMenu' }] as const) : []), { role: 'editMenu' }, view, { role: 'windowMenu' }]
}
