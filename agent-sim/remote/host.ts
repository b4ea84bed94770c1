import { spawn } from 'node:child_process'
import type { ErrorCode } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { DisplayId, RemoteFacts } from '../../contract/remoteFacts.ts'
import type { Timers } from '../../contract/system.ts'
import type { LogLevel } from '../agent/log.ts'
import { type HostRemote, otherAccount } from '../devices/host-remote.ts'
import { readVncPassword } from '../rfb/client.ts'
import { bridgeScreen } from '../rfb/filter.ts'
import { connectStream } from '../rfb/socket.ts'
import { viewPicture } from '../rfb/viewer.ts'
import { ShellClient } from '../terminal/shell-client.ts'
import type { Terminal } from '../terminal/terminal.ts'
import type { Look, Reached, RemoteParts } from './parts.ts'

export interface HostPartsOptions {
  readonly remote: HostRemote
  readonly facts: RemoteFacts
  readonly timers: Timers
  readonly onNote: (level: LogLevel, text: string) => void
}

/** What this machine has for remote sessions (REM-9): VNC servers as its displays, a shell, a command that restarts it. */
export class HostParts implements RemoteParts {
  readonly facts: RemoteFacts
  readonly #options: HostPartsOptions

  constructor(options: HostPartsOptions) {
    this.#options = options
    this.facts = options.facts
  }

  async reach(display: DisplayId): Promise<Reached> {
    const { timers, onNote } = this.#options
    const password = await this.#password()
    const server = await this.#connect(display)
    return {
      serve: (options) =>
        bridgeScreen({
          ...options,
          server,
          password,
          timers,
          log: (text) => {
            onNote('warn', `${display}: ${text}`)
          },
        }),
      close: () => {
        server.close()
      },
    }
  }

  async look(display: DisplayId): Promise<Look> {
    const listeners = new Set<(code: ErrorCode) => void>()
    const password = await this.#password()
    const picture = await viewPicture({
      server: await this.#connect(display),
      password,
      timers: this.#options.timers,
      onLost: (why, code) => {
        this.#options.onNote('warn', `The recorder has lost ${display}: ${why}`)
        for (const listener of listeners) listener(code)
      },
    })
    return {
      picture,
      onLost: (listener) => {
        listeners.add(listener)
        return () => {
          listeners.delete(listener)
        }
      },
      close: () => {
        picture.close()
      },
    }
  }

  async terminal(): Promise<Terminal> {
    const { shell } = this.#options.remote
    if (shell?.startsWith(otherAccount)) return new ShellClient(shell.slice(otherAccount.length))
    const { HostTerminal } = await import('../terminal/host.ts')
    return new HostTerminal({ shell, timers: this.#options.timers })
  }

  ring(session: Parameters<RemoteParts['ring']>[0]): void {
    // Nothing can be drawn over somebody else's screen; who is there stands in the device's log.
    if (session) this.#options.onNote('info', `${session.who} is on this machine (${session.mode}).`)
  }

  restarting(): void {
    this.#options.onNote('info', 'This machine is asked to restart.')
  }

  restart(): void {
    const { remote, onNote } = this.#options
    if (remote.restartCommand === undefined) return
    const failed = (why: string) => {
      onNote('error', `The restart command failed: ${why}`)
    }
    onNote('info', 'Restarting: the restart command is run.')
    const running = spawn(remote.restartCommand, { shell: true, stdio: 'ignore', detached: true, windowsHide: true })
    running.once('error', (error) => {
      failed(error.message)
    })
    running.once('exit', (code) => {
      if (code !== 0 && code !== null) failed(`it ended with ${code}`)
    })
    running.unref()
  }

  close(): void {
    // Connections were closed with their channels.
  }

  #connect(display: DisplayId) {
    const place = this.#options.remote.screens.find((screen) => screen.display === display)
    if (!place) throw new RangeError(`There is no VNC server for ${display}.`)
    return connectStream(place.host, place.port, limits.agentRequestMs, this.#options.timers)
  }

  /** Read anew for each session, so that it may be changed. @throws Error where it cannot be read. */
  async #password(): Promise<string | undefined> {
    const { passwordFile } = this.#options.remote
    return passwordFile === undefined ? undefined : readVncPassword(passwordFile)
  }
}
