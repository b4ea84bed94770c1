import { alone } from '../../../contract/byteStream.ts'
import { limits } from '../../../contract/limits.ts'
import type { Undo } from '../../../contract/system.ts'
import type { BridgeServer } from '../../core.ts'
import type { Log } from '../../log.ts'
import { channel, isOurs } from './address.ts'
import type { ContentsApi, ElectronApi, IpcEvent } from './api.ts'

interface Served {
  contents: ContentsApi
  listener: ((message: unknown) => void) | undefined
  undo: Undo
}

/**
 * The bridge over Electron's ipc. Each page of a window is served from its start to its end; a message counts only when
 * it comes from the main frame of a served window and that frame shows the console's own address.
 */
export class IpcBridge {
  readonly #bridge: BridgeServer
  readonly #log: Log
  readonly #served = new Map<number, Served>()

  constructor(ipcMain: ElectronApi['ipcMain'], bridge: BridgeServer, log: Log) {
    this.#bridge = bridge
    this.#log = log
    ipcMain.on(channel, (event, message) => this.#received(event, message))
  }

  /** Serves a new window from its first page on, each page anew. Returns its undo. */
  attach(contents: ContentsApi): Undo {
    contents.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
      if (!isMainFrame || isSameDocument) return
      this.#end(contents.id)
      this.#begin(contents)
    })
    contents.on('render-process-gone', () => this.#end(contents.id))
    return () => this.#end(contents.id)
  }

  stop(): void {
    for (const id of [...this.#served.keys()]) this.#end(id)
  }

  #begin(contents: ContentsApi): void {
    const served: Served = { contents, listener: undefined, undo: () => {} }
    this.#served.set(contents.id, served)
    served.undo = this.#bridge.serve({
      send: (message) => {
        if (this.#served.get(contents.id) === served && !contents.isDestroyed())
          contents.send(channel, message.type === 'bytes' ? { ...message, bytes: alone(message.bytes) } : message)
      },
      onMessage: (listener) => {
        served.listener = listener
        return () => (served.listener = undefined)
      },
    })
  }

  #end(id: number): void {
    const served = this.#served.get(id)
    this.#served.delete(id)
    served?.undo()
  }

  #received(event: IpcEvent, message: unknown): void {
    const served = this.#served.get(event.sender.id)
    const frame = event.senderFrame
    if (!served || served.contents !== event.sender || frame === null || frame !== event.sender.mainFrame || !isOurs(frame.url)) {
      this.#log.warn({ code: 'bridge.forbidden' }, 'a message of a page that is not the console was dropped')
      return
    }
    const plain = plainOf(message)
    if (plain === undefined) this.#log.warn({}, 'a message that is too large, or no plain data, was dropped')
    else served.listener?.(plain.value)
  }
}

/** The message as plain data within its limit, exactly as the browser host's socket would have brought it. */
function plainOf(message: unknown): { value: unknown } | undefined {
  try {
    const bytes = bytesOf(message)
    if (bytes !== undefined) return bytes.bytes.byteLength > limits.bridgeMessageBytes ? undefined : { value: bytes }
    const text = JSON.stringify(message)
    if (text === undefined || Buffer.byteLength(text) > limits.bridgeMessageBytes) return undefined
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

/** Bytes of a stream go as they are. */
function bytesOf(message: unknown): { type: 'bytes'; id: unknown; bytes: Uint8Array } | undefined {
  if (typeof message !== 'object' || message === null || !('type' in message) || message.type !== 'bytes') return undefined
  return 'bytes' in message && message.bytes instanceof Uint8Array && 'id' in message
    ? { type: 'bytes', id: message.id, bytes: message.bytes }
    : undefined
}
