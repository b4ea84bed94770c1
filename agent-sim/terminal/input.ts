import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'
import type { IPty } from '@lydell/node-pty'
import { limits } from '../../contract/limits.ts'
import type { Timers, Undo } from '../../contract/system.ts'

/** After this time (ms) a program is offered again what it did not take. */
const againMs = 20

/** Pieces that wait, at most: of the smallest ones each takes far more memory than its bytes. */
const piecesAtMost = 4_096

/**
 * What was typed, on its way into a pseudo-terminal. The package's own way there stops the whole process while a program takes
 * nothing; this one tries again later. More than `limits.terminalWaitingBytes`, or 4,096 pieces, is dropped, as a full
 * terminal of the system does.
 */
export class Input {
  readonly #pty: IPty
  readonly #timers: Timers
  readonly #decoder = new StringDecoder('utf8')
  /** The terminal's own end, where the package lets it be found: not on Windows, where its way is a pipe. */
  readonly #end: { readonly socket: Socket; readonly descriptor: number } | undefined
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #again: Undo | undefined
  #ended = false

  constructor(pty: IPty, timers: Timers) {
    this.#pty = pty
    this.#timers = timers
    this.#end = endOf(pty)
  }

  write(bytes: Uint8Array): void {
    if (this.#ended || this.#waitingBytes + bytes.length > limits.terminalWaitingBytes || this.#waiting.length >= piecesAtMost) return
    if (!this.#end) {
      this.#pty.write(this.#decoder.write(Buffer.from(bytes)))
      return
    }
    this.#waiting.push(Buffer.from(bytes))
    this.#waitingBytes += bytes.length
    if (!this.#again) this.#give()
  }

  /** What waits is dropped, and nothing more is taken. */
  end(): void {
    this.#ended = true
    this.#again?.()
    this.#again = undefined
    this.#waiting = []
    this.#waitingBytes = 0
  }

  #give(): void {
    for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
      const written = this.#offer(first)
      if (written === undefined) return
      this.#waitingBytes -= written
      if (written === first.length) this.#waiting.shift()
      else this.#waiting[0] = first.subarray(written)
    }
  }

  /** How many bytes the terminal took; undefined: not now, or not any more. */
  #offer(bytes: Buffer): number | undefined {
    // Once the socket is destroyed, the number may be that of another file.
    if (!this.#end || this.#end.socket.destroyed) {
      this.end()
      return undefined
    }
    try {
      return writeSync(this.#end.descriptor, bytes)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) {
        this.end()
        return undefined
      }
      this.#again = this.#timers.after(againMs, () => {
        this.#again = undefined
        this.#give()
      })
      return undefined
    }
  }
}

function endOf(pty: IPty): { socket: Socket; descriptor: number } | undefined {
  if (process.platform === 'win32') return undefined
  // Its types do not show them.
  const socket: unknown = Reflect.get(pty, '_socket')
  const descriptor: unknown = Reflect.get(pty, 'fd')
  return socket instanceof Socket && typeof descriptor === 'number' ? { socket, descriptor } : undefined
}
