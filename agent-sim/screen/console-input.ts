import { wanted } from './console-call.ts'
import { drivenBy, keys, type Keyboard } from './keyboard.ts'
import type { Attention } from './parts.ts'
import type { RoomModel } from './room-model.ts'
import { contains, type Target } from './scene.ts'

const leftButton = 1

export interface ConsoleInputOptions {
  room: RoomModel
  /** What can be pressed now, from back to front. */
  targets: () => readonly Target[]
  /** Pointer or keyboard went elsewhere: the picture may have to change. */
  onAttention: () => void
  /** Something was copied on the screen. */
  onCopy: (text: string) => void
}

/** What pointer and keyboard do on the console; all who drive it share one pointer and one keyboard. */
export class ConsoleInput {
  readonly #options: ConsoleInputOptions
  readonly #keyboard: Keyboard = { shift: false, control: false, alt: false }
  #attention: Attention = { hot: undefined, held: undefined, focus: undefined }
  #buttons = 0
  #clipboard = ''

  constructor(options: ConsoleInputOptions) {
    this.#options = options
  }

  get attention(): Attention {
    return this.#attention
  }

  /** As `Screen.pointer`. */
  pointer(x: number, y: number, buttons: number): void {
    const { room } = this.#options
    const before = this.#buttons
    this.#buttons = buttons
    if (room.restarting) return
    const target = this.#options.targets().findLast(({ rect }) => contains(rect, x, y))
    const wasDown = (before & leftButton) !== 0
    const isDown = (buttons & leftButton) !== 0
    const { held } = this.#attention
    if (!wasDown && isDown) {
      this.#attend({ hot: target?.id, held: target?.id, focus: undefined })
    } else if (wasDown && !isDown) {
      this.#attend({ ...this.#attention, hot: target?.id, held: undefined })
      // A finger that slides away before it lifts has changed its mind.
      if (target && target.id === held) target.press()
    } else if (!isDown) {
      this.#attend({ ...this.#attention, hot: target?.id })
    }
  }

  /** As `Screen.key`. */
  key(keysym: number, down: boolean): void {
    const { room } = this.#options
    if (drivenBy(this.#keyboard, keysym, down) || !down || room.restarting) return
    const { shift, control, alt } = this.#keyboard
    if (control && alt && keysym === keys.delete) room.open('restart')
    else if (control) this.#shortcut(keysym)
    else if (keysym === keys.tab || keysym === keys.leftTab) this.#moveFocus(shift || keysym === keys.leftTab ? -1 : 1)
    else if (keysym === keys.right || keysym === keys.down) this.#moveFocus(1)
    else if (keysym === keys.left || keysym === keys.up) this.#moveFocus(-1)
    else if (keysym === keys.enter || keysym === keys.keypadEnter) this.#enter()
    else if (keysym === keys.escape) this.#escape()
    else if (keysym === keys.windows || keysym === keys.menu) room.open(room.panel === 'more' ? undefined : 'more')
    else if (!alt) this.#type(keysym)
  }

  /** What the operator copied; Ctrl+V puts it into the field. */
  cutText(text: string): void {
    this.#clipboard = text
  }

  /** After the picture has changed: what is no longer there has nobody's attention. */
  forget(): void {
    const ids = new Set(this.#options.targets().map(({ id }) => id))
    const still = (id: string | undefined) => (id !== undefined && ids.has(id) ? id : undefined)
    const { hot, held, focus } = this.#attention
    this.#attention = { hot: still(hot), held: still(held), focus: still(focus) }
  }

  #attend(attention: Attention): void {
    const { hot, held, focus } = this.#attention
    if (hot === attention.hot && held === attention.held && focus === attention.focus) return
    this.#attention = attention
    this.#options.onAttention()
  }

  #moveFocus(by: 1 | -1): void {
    const reachable = this.#options.targets().filter(({ tab }) => tab)
    if (reachable.length === 0) return
    const at = reachable.findIndex(({ id }) => id === this.#attention.focus)
    const next = at < 0 ? (by > 0 ? 0 : reachable.length - 1) : (at + by + reachable.length) % reachable.length
    this.#attend({ ...this.#attention, focus: reachable[next]?.id })
  }

  #enter(): void {
    const { room } = this.#options
    const { focus } = this.#attention
    if (focus !== undefined)
      this.#options
        .targets()
        .find(({ id }) => id === focus)
        ?.press()
    else if (room.page === 'call' && !room.panel) room.dial(wanted(room))
  }

  #escape(): void {
    const { room } = this.#options
    if (room.panel) room.open(undefined)
    else if (room.search) room.erase(true)
    else if (room.page === 'call' || room.page === 'settings') room.go('home')
  }

  #shortcut(keysym: number): void {
    const { room } = this.#options
    const letter = keysym < 0x100 ? String.fromCharCode(keysym).toLowerCase() : ''
    if (room.page !== 'call' || room.panel) return
    if (letter === 'v') room.type(this.#clipboard.replace(/\p{C}+/gu, ' ').trim())
    else if ((letter === 'c' || letter === 'x') && room.search) this.#options.onCopy(room.search)
    if (letter === 'x') room.erase(true)
  }

  #type(keysym: number): void {
    const { room } = this.#options
    const text = textOf(keysym)
    if (text === ' ' && this.#attention.focus !== undefined) this.#enter()
    else if (room.page !== 'call' || room.panel) return
    else if (keysym === keys.backspace) room.erase()
    else if (text !== undefined) room.type(text)
  }
}

/** The character that a keysym types, if any. */
function textOf(keysym: number): string | undefined {
  const latin = (keysym >= 0x20 && keysym <= 0x7e) || (keysym >= 0xa0 && keysym <= 0xff)
  if (latin) return String.fromCodePoint(keysym)
  if (keysym >= keys.keypad0 && keysym <= keys.keypad0 + 9) return String(keysym - keys.keypad0)
  const point = keysym - 0x0100_0000
  const isCharacter = point >= 0x100 && point <= 0x10_ffff && !(point >= 0xd800 && point <= 0xdfff)
  return isCharacter && !/\p{C}/u.test(String.fromCodePoint(point)) ? String.fromCodePoint(point) : undefined
}
