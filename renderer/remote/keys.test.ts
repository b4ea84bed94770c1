import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { combinations, pressAll, typeText, watchEscape } from './keys.ts'

it('presses a combination in order and lets it go in turn', () => {
  const sent: string[] = []
  pressAll(combinations.ctrlAltDel, (keysym, code, down) => sent.push(`${code} ${keysym.toString(16)} ${down ? 'down' : 'up'}`))
  expect(sent).toEqual([
    'ControlLeft ffe3 down',
    'AltLeft ffe9 down',
    'Delete ffff down',
    'Delete ffff up',
    'AltLeft ffe9 up',
    'ControlLeft ffe3 up',
  ])
})

describe('giving the keys back', () => {
  const picture = document.createElement('div')
  const inside = document.createElement('button')
  const toDevice = vi.fn()
  const escaped = vi.fn()
  let unwatch: () => void
  beforeEach(() => {
    picture.append(inside)
    document.body.append(picture)
    inside.addEventListener('keydown', toDevice)
    unwatch = watchEscape(picture, escaped)
    toDevice.mockClear()
    escaped.mockClear()
  })
  afterEach(() => {
    unwatch()
    inside.removeEventListener('keydown', toDevice)
    picture.remove()
  })
  const key = (type: 'keydown' | 'keyup', code: string): boolean =>
    inside.dispatchEvent(new KeyboardEvent(type, { code, bubbles: true, cancelable: true }))

  it.each([
    ['ControlLeft', 'AltLeft', 'ShiftLeft'],
    ['ShiftRight', 'AltLeft', 'ControlRight'],
    ['AltLeft', 'ShiftLeft', 'ControlLeft'],
  ])('works with %s, %s, %s; the last one does not reach the device', (...codes) => {
    for (const code of codes) key('keydown', code)
    expect([escaped.mock.calls.length, toDevice.mock.calls.length]).toEqual([1, 2])
  })

  it('needs all three at once', () => {
    key('keydown', 'ControlLeft')
    key('keydown', 'AltLeft')
    key('keyup', 'ControlLeft')
    key('keydown', 'ShiftLeft')
    key('keydown', 'Delete')
    expect([escaped.mock.calls.length, toDevice.mock.calls.length]).toEqual([0, 4])
  })

  it('leaves AltGr with Shift alone, which comes as Ctrl and the right Alt', () => {
    for (const code of ['ShiftLeft', 'ControlLeft', 'AltRight']) key('keydown', code)
    expect(escaped).not.toHaveBeenCalled()
  })

  it('forgets what was held when the window loses the focus', () => {
    key('keydown', 'ControlLeft')
    key('keydown', 'AltLeft')
    window.dispatchEvent(new Event('blur'))
    key('keydown', 'ShiftLeft')
    expect(escaped).not.toHaveBeenCalled()
  })
})

describe('[REM-6] a text that is typed', () => {
  it.each([
    ['aé', [0x61, 0xe9]],
    ['€会👍', [0x0100_20ac, 0x0100_4f1a, 0x0101_f44d]],
    ['a\r\nb\tc', [0x61, 0xff0d, 0x62, 0xff09, 0x63]],
    ['\u0000\u0085', []],
  ])('is a key for each character, let go of before the next: %j', (text, keysyms) => {
    const sent: [number, string, boolean][] = []
    typeText(text, (...one) => void sent.push(one))
    expect(sent).toEqual(
      keysyms.flatMap((keysym) => [
        [keysym, '', true],
        [keysym, '', false],
      ]),
    )
  })
})
