import type { Socket } from 'node:net'
import { TerminalSize } from '../../contract/remote.ts'
import { Intake, Malformed } from '../rfb/bytes.ts'
import { type FrameKind, frames, readFrames } from './shell-frames.ts'
import type { Terminal } from './terminal.ts'

/**
 * Gives one connection of the agent a terminal. It ends with the connection, and the connection with it; while the agent reads
 * nothing, the shell waits. `log`: what the agent said wrong, or why there is no shell.
 */
export function serveShell(socket: Socket, terminal: Terminal, log: (text: string) => void): void {
  let starting = false
  const size = (bytes: Uint8Array) => {
    const parsed = TerminalSize.safeParse(jsonOf(bytes))
    if (!parsed.success) throw new Malformed('no size of a terminal')
    return parsed.data
  }
  const send = (kind: FrameKind, bytes: Uint8Array = new Uint8Array(0)) => {
    if (socket.writable && !socket.write(frames(kind, bytes))) terminal.pause()
  }
  const take = (kind: FrameKind, bytes: Uint8Array): void => {
    if (starting === (kind === 'start')) throw new Malformed(`"${kind}" out of turn`)
    if (kind === 'input') terminal.write(bytes)
    else if (kind === 'resize' || kind === 'start') {
      const { columns, rows } = size(bytes)
      if (kind === 'resize') terminal.resize(columns, rows)
      else {
        starting = true
        terminal.start(columns, rows).then(
          () => {
            send('started')
          },
          (error: unknown) => {
            log(`No shell: ${String(error)}`)
            send('failed', Buffer.from(error instanceof Error ? error.message : String(error)))
            socket.end()
          },
        )
      }
    } else throw new Malformed(`"${kind}" is for the agent`)
  }
  const intake = new Intake(readFrames(take), (error) => {
    log(`The agent is not understood: ${error.message}`)
    socket.destroy()
  })
  terminal.onBytes((bytes) => {
    send('output', bytes)
  })
  terminal.onEnd(() => {
    socket.end()
  })
  socket.on('drain', () => {
    terminal.resume()
  })
  socket.on('data', (bytes: Buffer) => {
    intake.push(bytes)
  })
  socket.on('error', (error) => {
    log(`The connection of a terminal is lost: ${error.message}`)
  })
  socket.on('close', () => {
    terminal.kill()
  })
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
}
