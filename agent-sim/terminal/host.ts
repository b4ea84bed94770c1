import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import type { IPty } from '@lydell/node-pty'
import { TerminalSize } from '../../contract/remote.ts'
import type { Timers, Undo } from '../../contract/system.ts'
import { Input } from './input.ts'
import { Output } from './output.ts'
import { killSession, startOf, type ProcessStart } from './processes.ts'
import type { Terminal } from './terminal.ts'

export interface Shell {
  readonly program: string
  readonly arguments?: readonly string[] | undefined
}

export interface HostTerminalOptions {
  /** The machine's own where left out. As text: the program, and behind it its arguments, with spaces between them. */
  readonly shell?: Shell | string | undefined
  /** Where it starts; the home folder where left out. */
  readonly folder?: string | undefined
  readonly timers: Timers
}

/**
 * A real shell in a pseudo-terminal (REM-9), with nothing of the agent's environment but what it needs. When the terminal
 * ends, whatever was started in it is ended too, except what has left for a session of its own.
 */
export class HostTerminal implements Terminal {
  readonly #options: HostTerminalOptions
  readonly #output = new Output()
  #input: Input | undefined
  #pty: IPty | undefined
  #leader: ProcessStart | undefined
  #killed = false

  constructor(options: HostTerminalOptions) {
    this.#options = options
  }

  /** The shell's process, while it runs. */
  get pid(): number | undefined {
    return this.#output.ended ? undefined : this.#pty?.pid
  }

  async start(columns: number, rows: number): Promise<void> {
    // Only a machine on which somebody opens a terminal loads it.
    const { spawn } = await import('@lydell/node-pty')
    if (this.#killed) return
    const { program, arguments: given = [] } = shellOf(this.#options.shell)
    const pty = spawn(program, [...given], {
      name: 'xterm-256color',
      cols: columns,
      rows,
      cwd: this.#options.folder ?? homedir(),
      env: environment(),
      encoding: null,
    })
    this.#pty = pty
    this.#input = new Input(pty, this.#options.timers)
    this.#leader = startOf(pty.pid)
    takeErrors(pty)
    // Without an encoding it gives bytes, whatever its types say.
    pty.onData((data: unknown) => {
      this.#output.push(data instanceof Uint8Array ? data : Buffer.from(String(data)))
    })
    pty.onExit(() => {
      this.#input?.end()
      this.#killAll()
      this.#output.end()
    })
    if (this.#output.paused) pty.pause()
  }

  write(bytes: Uint8Array): void {
    if (!this.#output.ended && !this.#killed) this.#input?.write(bytes)
  }

  resize(columns: number, rows: number): void {
    if (!this.#pty || this.#output.ended || !TerminalSize.safeParse({ columns, rows }).success) return
    try {
      this.#pty.resize(columns, rows)
    } catch {
      // It has ended, and its end is on its way.
    }
  }

  onBytes(listener: (bytes: Uint8Array) => void): Undo {
    return this.#output.onBytes(listener)
  }

  onEnd(listener: () => void): Undo {
    return this.#output.onEnd(listener)
  }

  pause(): void {
    this.#output.pause()
    this.#pty?.pause()
  }

  resume(): void {
    this.#output.resume()
    if (!this.#output.paused) this.#pty?.resume()
  }

  kill(): void {
    if (this.#killed || this.#output.ended) return
    this.#killed = true
    this.#input?.end()
    this.#killAll()
    // The terminal closes when it is read to its end; its program is ended by the system too, should the list have failed.
    this.#pty?.resume()
    if (process.platform === 'win32') this.#pty?.kill()
    else this.#pty?.kill('SIGKILL')
    this.#output.end(true)
  }

  /** What was started in it and is left. */
  #killAll(): void {
    if (this.#pty && process.platform !== 'win32') killSession(this.#pty.pid, this.#leader)
  }
}

function shellOf(shell: Shell | string | undefined): Shell {
  if (typeof shell !== 'string') return shell ?? ownShell()
  if (existsSync(shell)) return { program: shell }
  const [program = '', ...given] = shell.trim().split(/\s+/u)
  return program ? { program, arguments: given } : ownShell()
}

function ownShell(): Shell {
  if (process.platform === 'win32') return { program: 'powershell.exe', arguments: ['-NoLogo'] }
  const program = [process.env.SHELL, '/bin/bash', '/bin/zsh'].find((path) => path?.startsWith('/') && existsSync(path))
  return { program: program ?? '/bin/sh' }
}

/** Nothing of the agent's own settings, keys or paths to them. */
function environment(): Record<string, string> {
  const { PATH = '/usr/local/bin:/usr/bin:/bin', LANG = '', SystemRoot } = process.env
  // The viewer writes and reads UTF-8, whatever the agent was started with.
  const lang = /utf-?8/iu.test(LANG) ? LANG : process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8'
  return { TERM: 'xterm-256color', HOME: homedir(), LANG: lang, PATH, ...(SystemRoot === undefined ? {} : { SystemRoot }) }
}

/** It throws errors that nobody takes, out of an event of its own; its end follows on them anyway. */
function takeErrors(pty: IPty): void {
  const on: unknown = Reflect.get(pty, 'on')
  if (typeof on !== 'function') return
  // It counts a listener of its own, and throws where there are fewer than two.
  for (let times = 0; times < 2; times += 1) Reflect.apply(on, pty, ['error', () => undefined])
}
