import { StringDecoder } from 'node:string_decoder'

/** Longest line, and most lines that the arrows bring back. More: what is typed is not taken, the oldest goes. */
const lineCharsAtMost = 1_000
const historyAtMost = 100

export interface LineEditorOptions {
  /** Before every line; no control characters but those of its colour. */
  readonly prompt: string
  readonly write: (text: string) => void
  /** A whole line; a new prompt is not shown until `begin`. */
  readonly onLine: (line: string) => void
  /** Ctrl-C, whether a line is being typed or not. */
  readonly onInterrupt: () => void
  /** Ctrl-D on an empty line. */
  readonly onEnd: () => void
  /** How the last word could go on. */
  readonly complete: (line: string) => readonly string[]
}

/** What a terminal's line is edited with: a part of what readline does. Input comes in pieces of any size. */
export class LineEditor {
  readonly #options: LineEditorOptions
  readonly #decoder = new StringDecoder('utf8')
  readonly #history: string[] = []
  #line: string[] = []
  #at = 0
  /** How far back in the history; 0 is the line itself. */
  #back = 0
  #draft: string[] = []
  #escape = ''
  #typing = false

  constructor(options: LineEditorOptions) {
    this.#options = options
  }

  /** Shows the prompt and takes a line. */
  begin(): void {
    this.#typing = true
    this.#line = []
    this.#at = 0
    this.#back = 0
    this.#options.write(this.#options.prompt)
  }

  /** What was typed. Between a line and the next prompt only Ctrl-C is heard. */
  take(bytes: Uint8Array): void {
    for (const character of this.#decoder.write(Buffer.from(bytes))) {
      if (this.#escape || character === '\u001b') this.#takeEscape(character)
      else if (character === '\u0003') this.#interrupt()
      else if (this.#typing) this.#takeCharacter(character)
    }
  }

  #interrupt(): void {
    if (this.#typing) {
      this.#typing = false
      this.#options.write('^C\r\n')
    }
    this.#options.onInterrupt()
  }

  #takeEscape(character: string): void {
    this.#escape += character
    const whole = /^\u001b(\[[\d;]*[A-Za-z~]|O[A-Za-z]|[^[O\u001b])$/u.exec(this.#escape)
    if (!whole) {
      // Whatever this is, it is too long for a key.
      if (this.#escape.length > 16) this.#escape = ''
      return
    }
    this.#escape = ''
    if (this.#typing) this.#takeKey((whole[1] ?? '').replace(/^[[O]/u, ''))
  }

  #takeKey(key: string): void {
    if (key === 'A') this.#recall(1)
    else if (key === 'B') this.#recall(-1)
    else if (key === 'C') this.#move(this.#at + 1)
    else if (key === 'D') this.#move(this.#at - 1)
    else if (key === 'H' || key === '1~') this.#move(0)
    else if (key === 'F' || key === '4~') this.#move(this.#line.length)
    else if (key === '3~') this.#cut(this.#at, this.#at + 1)
  }

  #takeCharacter(character: string): void {
    switch (character) {
      case '\r':
      case '\n':
        this.#enter()
        return
      case '\u007f':
      case '\b':
        if (this.#at > 0) this.#cut(this.#at - 1, this.#at)
        return
      case '\t':
        this.#complete()
        return
      case '\u0001':
        this.#move(0)
        return
      case '\u0004':
        if (this.#line.length > 0) this.#cut(this.#at, this.#at + 1)
        else this.#options.onEnd()
        return
      case '\u0005':
        this.#move(this.#line.length)
        return
      case '\u000b':
        this.#cut(this.#at, this.#line.length)
        return
      case '\u000c':
        this.#options.write('\u001b[2J\u001b[H')
        this.#draw()
        return
      case '\u0015':
        this.#cut(0, this.#at)
        return
      case '\u0017':
        this.#cut(this.#wordStart(), this.#at)
        return
      default:
        if (!/\p{C}/u.test(character)) this.#insert([character])
    }
  }

  #insert(characters: readonly string[]): void {
    const taken = characters.slice(0, lineCharsAtMost - this.#line.length)
    if (taken.length === 0) return
    this.#line.splice(this.#at, 0, ...taken)
    this.#at += taken.length
    if (this.#at === this.#line.length) this.#options.write(taken.join(''))
    else this.#draw()
  }

  #cut(from: number, to: number): void {
    if (this.#line.splice(from, to - from).length === 0) return
    this.#at = from
    this.#draw()
  }

  #move(to: number): void {
    if (to < 0 || to > this.#line.length || to === this.#at) return
    this.#at = to
    this.#draw()
  }

  #wordStart(): number {
    const before = this.#line.slice(0, this.#at).join('')
    return [...before.replace(/\S+\s*$/u, '')].length
  }

  #recall(by: 1 | -1): void {
    const back = this.#back + by
    if (back < 0 || back > this.#history.length) return
    if (this.#back === 0) this.#draft = this.#line
    this.#back = back
    this.#line = back === 0 ? this.#draft : [...(this.#history[this.#history.length - back] ?? '')]
    this.#at = this.#line.length
    this.#draw()
  }

  #complete(): void {
    if (this.#at < this.#line.length) return
    const line = this.#line.join('')
    const found = this.#options.complete(line)
    const [first] = found
    if (first === undefined) return
    let common = first
    while (!found.every((one) => one.startsWith(common))) common = common.slice(0, -1)
    if (common.length > line.length) this.#insert([...common.slice(line.length), ...(found.length === 1 ? [' '] : [])])
    else if (found.length > 1) {
      this.#options.write(`\r\n${found.join('  ')}\r\n`)
      this.#draw()
    }
  }

  #enter(): void {
    const line = this.#line.join('')
    this.#typing = false
    if (line.trim() && this.#history.at(-1) !== line) this.#history.push(line)
    if (this.#history.length > historyAtMost) this.#history.shift()
    this.#options.write('\r\n')
    this.#options.onLine(line)
  }

  #draw(): void {
    const left = this.#line.length - this.#at
    this.#options.write(`\r\u001b[K${this.#options.prompt}${this.#line.join('')}${left > 0 ? `\u001b[${left}D` : ''}`)
  }
}
