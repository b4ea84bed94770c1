import { connect, type Socket } from 'node:net'
import { limits } from '../../contract/limits.ts'
import { TerminalSize } from '../../contract/remote.ts'
import type { Undo } from '../../contract/system.ts'
import { Intake } from '../rfb/bytes.ts'
import { Output } from './output.ts'
import { type FrameKind, frames, readFrames } from './shell-frames.ts'
import type { Terminal } from './terminal.ts'

/** A shell that runs in another account than the agent and its keys, reached through a socket that only the agent may open (REM-9). */
export class ShellClient implements Terminal {
  readonly #path: string
  readonly #output = new Output()
  #socket: Socket | undefined
  #killed = false

  constructor(path: string) {
    this.#path = path
  }

  start(columns: number, rows: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#killed) {
        resolve()
        return
      }
      const socket = connect(this.#path)
      this.#socket = socket
      const failed = (why: string) => {
        if (this.#killed) resolve()
        else reject(new Error(`The shell at ${this.#path} cannot be used: ${why}`))
        socket.destroy()
      }
      const intake = new Intake(
        readFrames((kind, bytes) => {
          if (kind === 'output') this.#output.push(bytes)
          else if (kind === 'started') resolve()
          else if (kind === 'failed') failed(Buffer.from(bytes).toString('utf8'))
          else socket.destroy()
        }),
        (error) => {
          failed(error.message)
        },
      )
      socket.on('connect', () => {
        this.#send('start', sized(columns, rows))
      })
      socket.on('data', (bytes: Buffer) => {
        intake.push(bytes)
      })
      socket.on('error', (error) => {
        failed(error.message)
      })
      socket.on('close', () => {
        failed('it closed the connection.')
        this.#output.end()
      })
      if (this.#output.paused) socket.pause()
    })
  }

  write(bytes: Uint8Array): void {
    // What a shell does not take is dropped, as a full terminal of the system does.
    if ((this.#socket?.writableLength ?? 0) + bytes.length <= limits.terminalWaitingBytes) this.#send('input', bytes)
  }

  resize(columns: number, rows: number): void {
    if (TerminalSize.safeParse({ columns, rows }).success) this.#send('resize', sized(columns, rows))
  }

  onBytes(listener: (bytes: Uint8Array) => void): Undo {
    return this.#output.onBytes(listener)
  }

  onEnd(listener: () => void): Undo {
    return this.#output.onEnd(listener)
  }

  pause(): void {
    this.#output.pause()
    this.#socket?.pause()
  }

  resume(): void {
    this.#output.resume()
    if (!this.#output.paused) this.#socket?.resume()
  }

  kill(): void {
    if (this.#killed) return
    this.#killed = true
    this.#socket?.destroy()
    this.#output.end(true)
  }

  #send(kind: FrameKind, bytes: Uint8Array): void {
    if (this.#socket?.writable && !this.#output.ended) this.#socket.write(frames(kind, bytes))
  }
}

const sized = (columns: number, rows: number): Uint8Array => Buffer.from(JSON.stringify({ columns, rows }))
