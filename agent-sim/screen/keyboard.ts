/** X11 keysyms that the console knows. */
export const keys = {
  backspace: 0xff08,
  tab: 0xff09,
  leftTab: 0xfe20,
  enter: 0xff0d,
  keypadEnter: 0xff8d,
  escape: 0xff1b,
  left: 0xff51,
  up: 0xff52,
  right: 0xff53,
  down: 0xff54,
  menu: 0xff67,
  keypad0: 0xffb0,
  shiftLeft: 0xffe1,
  shiftRight: 0xffe2,
  controlLeft: 0xffe3,
  controlRight: 0xffe4,
  altLeft: 0xffe9,
  altRight: 0xffea,
  windows: 0xffeb,
  delete: 0xffff,
} as const

/** Which of the keys that change the meaning of others are down. */
export interface Keyboard {
  shift: boolean
  control: boolean
  alt: boolean
}

/** Takes a key that changes the meaning of others; false: it is another one. */
export function drivenBy(keyboard: Keyboard, keysym: number, down: boolean): boolean {
  if (keysym === keys.shiftLeft || keysym === keys.shiftRight) keyboard.shift = down
  else if (keysym === keys.controlLeft || keysym === keys.controlRight) keyboard.control = down
  else if (keysym === keys.altLeft || keysym === keys.altRight) keyboard.alt = down
  else return false
  return true
}
