import { limits } from '../../contract/limits.ts'
import { TerminalSize } from '../../contract/remote.ts'
import type { Timers, Undo } from '../../contract/system.ts'
import { cleanText } from '../../contract/text.ts'
import type { Change } from '../devices/device.ts'
import type { SimulatedDevice } from '../devices/simulated.ts'
import { commands, type Command } from './commands.ts'
import { LineEditor } from './line-editor.ts'
import { Output } from './output.ts'
import type { Terminal } from './terminal.ts'

export interface SimulatedTerminalOptions {
  readonly device: SimulatedDevice
  readonly now: () => number
  readonly timers: Timers
  /** Somebody restarts the device; the terminal has ended by then. */
  readonly onRestart: () => void
  /** Lines of the device's log from before the terminal was opened, oldest first. */
  readonly log?: () => readonly string[]
}

/** How much `stress` writes at a time, how often in one turn, and at most in KB. */
const stressPieceBytes = 16 * 1024
const stressPieces = 16
const stressKbAtMost = 1024 * 1024
/** Lines of what happened since the terminal was opened that are kept. */
const logLinesKept = 200

const own: readonly Omit<Command, 'run'>[] = [
  { name: 'clear', help: 'an empty screen' },
  { name: 'exit', help: 'ends this terminal' },
  { name: 'help', help: 'this list' },
  { name: 'restart', help: 'restarts the device' },
  { name: 'stress', help: 'writes so many KB: stress 100' },
]
const known = [...commands, ...own].sort((one, other) => one.name.localeCompare(other.name, 'en'))

/** The shell of a simulated device: a few commands that tell the truth about it. It never runs anything on this machine. */
export class SimulatedTerminal implements Terminal {
  readonly #options: SimulatedTerminalOptions
  readonly #output = new Output()
  readonly #editor: LineEditor
  readonly #happened: string[] = []
  #unwatch: Undo | undefined
  #size = { columns: 80, rows: 24 }
  /** Pieces that a command still has to write, one at a time. */
  #pieces: Iterator<string> | undefined
  #next: Undo | undefined

  constructor(options: SimulatedTerminalOptions) {
    this.#options = options
    const name = cleanText(options.device.roomName, limits.nameChars)
    this.#editor = new LineEditor({
      prompt: `\u001b[1;36m${name}\u001b[0m> `,
      write: (text) => {
        this.#say(text)
      },
      onLine: (line) => {
        this.#run(line).catch((error: unknown) => {
          this.#say(`${String(error)}\r\n`)
          this.#editor.begin()
        })
      },
      onInterrupt: () => {
        this.#interrupt()
      },
      onEnd: () => {
        this.#say('exit\r\n')
        this.#finish()
      },
      complete: (line) => known.map((command) => command.name).filter((one) => one.startsWith(line)),
    })
  }

  start(columns: number, rows: number): Promise<void> {
    if (this.#output.ended || this.#unwatch) return Promise.resolve()
    this.resize(columns, rows)
    this.#unwatch = this.#options.device.watch((change) => {
      this.#note(change)
      return Promise.resolve()
    })
    this.#say('A simulated room device. Its commands are listed by \u001b[1mhelp\u001b[0m.\r\n\r\n')
    this.#editor.begin()
    return Promise.resolve()
  }

  write(bytes: Uint8Array): void {
    // What nobody reads is not answered either: a full terminal takes nothing more.
    if (this.#output.ended || this.#output.waiting > limits.terminalWaitingBytes) return
    this.#editor.take(bytes)
  }

  resize(columns: number, rows: number): void {
    if (TerminalSize.safeParse({ columns, rows }).success) this.#size = { columns, rows }
  }

  onBytes(listener: (bytes: Uint8Array) => void): Undo {
    return this.#output.onBytes(listener)
  }

  onEnd(listener: () => void): Undo {
    return this.#output.onEnd(listener)
  }

  pause(): void {
    this.#output.pause()
  }

  resume(): void {
    this.#output.resume()
    this.#goOn()
  }

  kill(): void {
    this.#finish(true)
  }

  async #run(line: string): Promise<void> {
    const [name = '', ...rest] = line.trim().split(/\s+/u)
    const command = commands.find((one) => one.name === name)
    const { device, now, onRestart } = this.#options
    if (command) {
      this.#lines(await command.run({ device, now, log: () => [...(this.#options.log?.() ?? []), ...this.#happened] }, rest))
    } else if (name === 'help') {
      this.#lines(known.map((one) => `  \u001b[1m${one.name.padEnd(10)}\u001b[0m ${one.help}`))
    } else if (name === 'clear') {
      this.#say('\u001b[2J\u001b[3J\u001b[H')
    } else if (name === 'exit') {
      this.#finish()
      return
    } else if (name === 'restart') {
      this.#say('Restarting…\r\n')
      this.#finish()
      onRestart()
      return
    } else if (name === 'stress') {
      const kb = Number(rest[0] ?? '100')
      if (Number.isInteger(kb) && kb > 0 && kb <= stressKbAtMost) {
        this.#pieces = pieces(kb * 1024, this.#size.columns)
        this.#goOn()
        return
      }
      this.#lines([`stress: from 1 to ${stressKbAtMost} KB`])
    } else if (name) {
      this.#lines([`${cleanText(name, limits.nameChars)}: there is no such command; see help`])
    }
    if (!this.#output.ended) this.#editor.begin()
  }

  /** Writes the next pieces, and the others after a while; stands still while paused. */
  #goOn(): void {
    if (this.#next) return
    for (let count = 0; count < stressPieces; count += 1) {
      if (!this.#pieces || this.#output.paused || this.#output.ended) return
      const { done, value } = this.#pieces.next()
      if (done === true) {
        this.#pieces = undefined
        this.#editor.begin()
        return
      }
      this.#say(value)
    }
    // Others have their turn, and Ctrl-C is heard.
    this.#next = this.#options.timers.after(1, () => {
      this.#next = undefined
      this.#goOn()
    })
  }

  #interrupt(): void {
    if (this.#pieces) this.#say('\r\n^C\r\n')
    this.#pieces = undefined
    this.#next?.()
    this.#next = undefined
    if (!this.#output.ended) this.#editor.begin()
  }

  #finish(now = false): void {
    this.#pieces = undefined
    this.#next?.()
    this.#next = undefined
    this.#unwatch?.()
    this.#output.end(now)
  }

  #note({ signals, facts }: Change): void {
    const at = new Date(this.#options.now()).toISOString()
    for (const [id, { value, detail }] of Object.entries(signals ?? {})) {
      this.#happened.push(`${at}  ${id} is ${value}${detail === undefined ? '' : `: ${cleanText(detail, limits.deviceTextChars)}`}`)
    }
    if (facts?.inCall !== undefined) this.#happened.push(`${at}  ${facts.inCall ? 'A call has begun' : 'The call is over'}`)
    this.#happened.splice(0, this.#happened.length - logLinesKept)
  }

  #lines(lines: readonly string[]): void {
    this.#say(lines.map((line) => `${line}\r\n`).join(''))
  }

  #say(text: string): void {
    this.#output.push(Buffer.from(text))
  }
}

/** Numbered lines of so many bytes together, each as wide as the terminal. */
function* pieces(bytes: number, columns: number): Generator<string, void> {
  let left = bytes
  let number = 0
  while (left > 0) {
    let piece = ''
    while (piece.length < Math.min(left, stressPieceBytes)) {
      number += 1
      piece += `${String(number).padStart(8, '0')} ${'roomkeeper '.repeat(92)}`.slice(0, columns - 2) + '\r\n'
    }
    const cut = piece.slice(0, left)
    left -= cut.length
    yield cut
  }
}
