/** A key as RFB names it (X11 keysym), with its place on the keyboard. */
interface Key {
  readonly keysym: number
  readonly code: string
}

const ctrl: Key = { keysym: 0xffe3, code: 'ControlLeft' }
const alt: Key = { keysym: 0xffe9, code: 'AltLeft' }

/** Key combinations that the operator's own system would keep for itself (REM-6): held down in this order. */
export const combinations = {
  ctrlAltDel: [ctrl, alt, { keysym: 0xffff, code: 'Delete' }],
  windows: [{ keysym: 0xffeb, code: 'MetaLeft' }],
  altTab: [alt, { keysym: 0xff09, code: 'Tab' }],
  altF4: [alt, { keysym: 0xffc1, code: 'F4' }],
  ctrlEsc: [ctrl, { keysym: 0xff1b, code: 'Escape' }],
  printScreen: [{ keysym: 0xff61, code: 'PrintScreen' }],
} as const satisfies Record<string, readonly Key[]>
export type Combination = keyof typeof combinations

/** Presses the keys one after the other and lets them go in turn. */
export function pressAll(keys: readonly Key[], send: (keysym: number, code: string, down: boolean) => void): void {
  for (const { keysym, code } of keys) send(keysym, code, true)
  for (const { keysym, code } of [...keys].reverse()) send(keysym, code, false)
}

/**
 * How keys are named to a device that takes both: by what they write, so that the operator's own layout counts; or by their place, for
 * programs that look at places, and layouts that are the same at both ends.
 */
export const keyNames = ['character', 'position'] as const
export type KeyNames = (typeof keyNames)[number]

const controls: Readonly<Record<string, number>> = { '\n': 0xff0d, '\t': 0xff09, '\b': 0xff08 }

/** The keysym that writes a character: Latin-1 as it is, a control as its key, anything else as Unicode. Undefined: none does. */
export function keysymOf(character: string): number | undefined {
  const point = character.codePointAt(0) ?? 0
  if (point < 0x20 || (point >= 0x7f && point < 0xa0)) return controls[character]
  return point <= 0xff ? point : 0x0100_0000 + point
}

/** Types a text, a key for each code point: what was put together by an input method, dead keys or a picker for emoji goes this way. */
export function typeText(text: string, send: (keysym: number, code: string, down: boolean) => void): void {
  for (const character of text.replaceAll('\r\n', '\n')) {
    const keysym = keysymOf(character)
    if (keysym !== undefined) pressAll([{ keysym, code: '' }], send)
  }
}

const modifiers: Readonly<Record<string, 'ctrl' | 'alt' | 'shift'>> = {
  ControlLeft: 'ctrl',
  ControlRight: 'ctrl',
  // The right one is AltGr on many keyboards, which comes with a Ctrl of its own and is used with Shift.
  AltLeft: 'alt',
  ShiftLeft: 'shift',
  ShiftRight: 'shift',
}

/**
 * Ctrl+Alt+Shift gives the keys back that otherwise all go to the device. Watches the keys of `element` before anything
 * in it does, by their place: their names change with what else is held. Returns its undo.
 */
export function watchEscape(element: HTMLElement, onEscape: () => void): () => void {
  const held = new Set<string>()
  const down = (event: KeyboardEvent): void => {
    if (!(event.code in modifiers)) return
    held.add(event.code)
    if (new Set([...held].map((code) => modifiers[code])).size < 3) return
    held.clear()
    event.preventDefault()
    event.stopPropagation()
    onEscape()
  }
  const up = (event: KeyboardEvent): void => void held.delete(event.code)
  const clear = (): void => held.clear()
  element.addEventListener('keydown', down, true)
  element.addEventListener('keyup', up, true)
  element.addEventListener('focusout', clear)
  window.addEventListener('blur', clear)
  return () => {
    element.removeEventListener('keydown', down, true)
    element.removeEventListener('keyup', up, true)
    element.removeEventListener('focusout', clear)
    window.removeEventListener('blur', clear)
  }
}
