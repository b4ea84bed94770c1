import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { RoomkeeperError } from '../../../contract/errors.ts'
import type { Clock, Random, System, Undo } from '../../../contract/system.ts'
import type { Outgoing } from '../../../contract/wayOut.ts'
import { createLog, lockDataFolder, type Log } from '../../core.ts'
import { type KeyKeeper, plainKeeper, systemKeeper } from '../../session/vault.ts'
import { readCredentials, takeWayOut } from '../outgoing.ts'
import { passphraseFrom } from '../passphrase.ts'
import { type Program, startProgram } from '../program.ts'
import { openShell } from '../shell.ts'
import { version } from '../version.ts'
import { consoleAddress } from './address.ts'
import type { ElectronApi, NotificationApi, SafeStorageApi, WindowApi } from './api.ts'
import { guardProgram, guardSession } from './guards.ts'
import { help, readOptions } from './options.ts'
import { IpcBridge } from './pipe.ts'
import { followSystemProxy, type ResolveProxy } from './systemProxy.ts'
import { menuTemplate, openWindow, showWindow } from './window.ts'

/** What surrounds the program: where its built parts are, and how it was started. */
export interface Surroundings {
  system: System
  /** Arguments behind the program's own path. */
  args: readonly string[]
  platform: NodeJS.Platform
  screens: string
  preload: string
  cacheWorker: URL | undefined
  /** Data folder where --data names none. */
  defaultData: () => string
  stdin: Readable
  say: (line: string) => void
  /** For the person who started it from a terminal. */
  complain: (line: string) => void
  log?: Log
}

/**
 * Keys are kept by the system's store where there is a real one: on Linux the backend `basic_text` is a fixed password
 * in Chromium's source and counts as none.
 */
export function keeperFor(store: SafeStorageApi, platform: NodeJS.Platform, passphraseFile: string | undefined, random: Random): KeyKeeper {
  const real = platform !== 'linux' || !['basic_text', 'unknown'].includes(store.getSelectedStorageBackend?.() ?? 'unknown')
  if (real && store.isEncryptionAvailable()) return systemKeeper(store)
  return passphraseFile === undefined ? plainKeeper : passphraseFrom(passphraseFile, random)
}

/** Runs the console in Electron. Settles when its window is open, or when it has ended because it could not. */
export async function runElectron(api: ElectronApi, around: Surroundings): Promise<void> {
  const { app } = api
  const { system } = around
  const options = readOptions(around.args, around.defaultData())
  if (options === 'help') {
    around.say(help)
    return app.exit(0)
  }
  if ('wrong' in options) {
    around.complain(`${options.wrong}\nSee --help.`)
    return app.exit(2)
  }
  const log = around.log ?? createLog(options.logLevel)
  guardProgram(api, log)
  app.setName('Roomkeeper')
  app.setPath('userData', join(options.data, 'console', 'electron'))
  // The lock lies in userData, so there is one console per data folder.
  if (!app.requestSingleInstanceLock()) return app.exit(0)

  let window: WindowApi | undefined
  app.on('second-instance', () => window && showWindow(window))
  app.on('window-all-closed', () => app.quit())
  const opened: { program?: Program; bridge?: IpcBridge; wayOut?: Undo } = {}
  let ending: Promise<void> | undefined
  const end = (code: number): void => {
    ending ??= (async () => {
      opened.bridge?.stop()
      await opened.program?.stop()
      opened.wayOut?.()
    })().finally(() => app.exit(code))
  }
  app.on('before-quit', (event) => {
    event.preventDefault()
    end(0)
  })
  if (options.parentPipe) around.stdin.resume().once('end', () => app.quit())

  await app.whenReady()
  try {
    const shell = openShell(around.screens)
    if (!shell) throw new Error('The screens are not built.')
    opened.wayOut = takeSystemWayOut(options.outgoing, (url) => api.session.defaultSession.resolveProxy(url), system.clock)
    const folder = lockDataFolder(options.data)
    const downloadFolder = options.downloads ?? app.getPath('downloads')
    mkdirSync(downloadFolder, { recursive: true })
    opened.program = await startProgram({
      folder,
      service: options.service,
      keeper: keeperFor(api.safeStorage, around.platform, options.passphraseFile, system.random),
      place: { kind: 'system', open: (url) => api.shell.openExternal(url) },
      host: {
        kind: 'electron',
        version,
        downloadFolder,
        notify: (notice, chosen) => showNotice(api.Notification, notice, () => (window && showWindow(window), chosen())),
        ...(around.cacheWorker ? { cacheWorker: around.cacheWorker } : {}),
      },
      system,
      log,
    })
    guardSession(api, api.session.defaultSession, shell)
    api.Menu.setApplicationMenu(api.Menu.buildFromTemplate(menuTemplate(around.platform)))
    opened.bridge = new IpcBridge(api.ipcMain, opened.program.bridge, log)
    window = await openWindow({ api, folder: folder.path, preload: around.preload, bridge: opened.bridge, log })
    if (options.json) around.say(`${JSON.stringify({ ready: true, console: consoleAddress })}\n`)
  } catch (error) {
    const why = reason(error)
    around.complain(why)
    if (!options.parentPipe) api.dialog.showErrorBox('Roomkeeper', why)
    end(1)
  }
}

/** Shows it by the system, where that has notifications at all. It is gone when the person, or the system, is done with it. */
function showNotice(of: NotificationApi, notice: { title: string; body: string }, chosen: () => void): void {
  if (!of.isSupported()) return
  const shown = new of(notice)
  shown.on('click', chosen)
  shown.show()
}

/** What the system trusts is trusted, and where it says that the way leads is gone, unless something else was named. */
function takeSystemWayOut(outgoing: Outgoing, resolve: ResolveProxy, clock: Clock): Undo {
  const distrust = takeWayOut(outgoing, 'system')
  if (outgoing.proxy !== undefined) return distrust
  const leave = followSystemProxy(resolve, clock, readCredentials(outgoing.proxyCredentials))
  return () => {
    leave()
    distrust()
  }
}

function reason(error: unknown): string {
  if (error instanceof RoomkeeperError && error.code === 'cache.locked') {
    return 'Another console uses this data folder. Close it, or choose another folder with --data.'
  }
  return error instanceof Error ? error.message : String(error)
}
