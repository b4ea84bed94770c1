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
