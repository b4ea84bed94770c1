import { join } from 'node:path'
import { app, BrowserWindow, dialog, ipcMain, Menu, Notification, protocol, safeStorage, screen, session, shell } from 'electron'
import { machine } from '../../../contract/machine.ts'
import type { ElectronApi } from './api.ts'
import { runElectron } from './program.ts'

// Built, this file is out/electron/main/index.js, and what it names lies beside it (electron.vite.config.ts).
const here = import.meta.dirname
const electron: ElectronApi = { app, BrowserWindow, dialog, ipcMain, Menu, Notification, protocol, safeStorage, session, screen, shell }

// What the console writes is for its own user only.
process.umask(0o077)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => app.quit())

void runElectron(electron, {
  system: machine({ keepsAlive: false }),
  // Unpacked, Electron is told the path of the program first.
  args: process.argv.slice(app.isPackaged ? 1 : 2),
  platform: process.platform,
  screens: join(here, '..', 'renderer'),
  preload: join(here, '..', 'preload', 'index.cjs'),
  cacheWorker: new URL('cache-worker.js', import.meta.url),
  defaultData: () => app.getPath('userData'),
  stdin: process.stdin,
  say: (line) => process.stdout.write(line),
  complain: (line) => process.stderr.write(`${line}\n`),
})
