import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { BridgeRequest } from '../../../contract/bridge.ts'
import { packBytes, unpackBytes } from '../../../contract/byteStream.ts'
import { Entered, protocolsOf } from '../../../contract/tab.ts'
import { realSystem } from '../../../contract/testing/system.ts'
import type { BridgeServer } from '../../core.ts'
import { createLog } from '../../log.ts'
import { startBrowserServer } from '../browser/server.ts'
import { channel } from '../electron/address.ts'
import { IpcBridge } from '../electron/pipe.ts'
import { StandInElectron } from '../electron/testing/standIn.ts'
import { openWindow } from '../electron/window.ts'
import { openShell, type Shell } from '../shell.ts'

/** For tests: one page at the other end of a transport. Nothing checks what it sends. */
export interface TestPage {
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
  /** The page is gone: closed, or reloaded. */
  close(): Promise<void>
}

export interface TestTransport {
  /** A new page of a console that has let it in. */
  page(): Promise<TestPage>
  stop(): Promise<void>
}

export function testShell(): { shell: Shell; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'rk-shell-'))
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Roomkeeper</title>')
  writeFileSync(join(folder, 'assets', 'index.js'), 'export {}')
  writeFileSync(join(folder, 'notes.unknown'), 'not served')
  const shell = openShell(folder)
  if (!shell) throw new Error('The shell was not found.')
  return { shell, remove: () => rmSync(folder, { recursive: true }) }
}

const log = createLog('silent')

/** The secret of a new tab of a running browser host, for one of its links. */
export async function tabFrom(link: string): Promise<string> {
  const { origin, hash } = new URL(link)
  const response = await fetch(`${origin}/session`, {
    method: 'POST',
    headers: { origin, 'content-type': 'application/json' },
    body: JSON.stringify({ token: new URLSearchParams(hash.slice(1)).get('token') }),
  })
  return Entered.parse(await response.json()).secret
}

function bytesIn(message: unknown): Uint8Array | undefined {
  const parsed = BridgeRequest.safeParse(message)
  return parsed.success && parsed.data.type === 'bytes' ? packBytes(parsed.data.id, parsed.data.bytes) : undefined
}

async function browserTransport(bridge: BridgeServer): Promise<TestTransport> {
  const { shell, remove } = testShell()
  const server = await startBrowserServer(0, { shell, secret: 's'.repeat(43), system: realSystem, log })
  server.serve(bridge)
  const secret = await tabFrom(server.link())
  return {
    page: async () => {
      const { origin, host } = new URL(server.address)
      const socket = new WebSocket(`ws://${host}/bridge`, protocolsOf(secret), { origin })
      await once(socket, 'open')
      return {
        send: (message) => socket.send(bytesIn(message) ?? JSON.stringify(message)),
        onMessage: (listener) =>
          void socket.on('message', (data: Buffer, binary: boolean) => listener(binary ? unpackBytes(data) : JSON.parse(String(data)))),
        close: async () => {
          socket.close()
          await once(socket, 'close')
        },
      }
    },
    stop: async () => {
      await server.stop()
      remove()
    },
  }
}

async function electronTransport(bridge: BridgeServer): Promise<TestTransport> {
  const electron = new StandInElectron()
  const folder = mkdtempSync(join(tmpdir(), 'rk-electron-'))
  const ipc = new IpcBridge(electron.api.ipcMain, bridge, log)
  return {
    page: async () => {
      await openWindow({ api: electron.api, folder, preload: '/preload/index.cjs', bridge: ipc, log })
      const window = electron.windows.at(-1)
      if (!window) throw new Error('No window was opened.')
      return {
        send: (message) => electron.post(window.webContents, channel, message),
        onMessage: (listener) => void window.webContents.toPage.on('message', (_channel, message) => listener(message)),
        close: async () => window.close(),
      }
    },
    stop: async () => {
      ipc.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

export const transports: readonly [name: string, open: (bridge: BridgeServer) => Promise<TestTransport>][] = [
  ['the browser host, over a WebSocket', browserTransport],
  ['the Electron host, over its ipc (stand-in)', electronTransport],
]
