import { afterEach, describe, expect, it, vi } from 'vitest'
import { effectScope, type EffectScope } from 'vue'
import { settle, untilPasses } from '../../contract/testing/wait.ts'
import { dropTyping, keepTyping, useShortcuts } from './shortcuts.ts'

const scopes: EffectScope[] = []
function layer(keys: Parameters<typeof useShortcuts>[0]): EffectScope {
  const scope = effectScope()
  scope.run(() => useShortcuts(keys))
  scopes.push(scope)
  return scope
}
function press(key: string, options: KeyboardEventInit = {}, target: EventTarget = document.body): void {
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...options }))
}
afterEach(() => {
  for (const scope of scopes.splice(0)) scope.stop()
  dropTyping()
  vi.useRealTimers()
})

describe('shortcuts', () => {
  it('go to the newest layer that knows the key, and end with it', () => {
    const below = vi.fn()
    const above = vi.fn()
    layer({ j: below, k: below })
    const scope = layer({ j: above })
    press('j')
    press('k')
    scope.stop()
    press('j')
    expect(above).toHaveBeenCalledTimes(1)
    expect(below).toHaveBeenCalledTimes(2)
  })

  it('leave typing alone, except with Ctrl or Command', () => {
    const plain = vi.fn()
    const palette = vi.fn()
    layer({ j: plain, 'mod+k': palette })
    const field = document.createElement('textarea')
    document.body.append(field)
    press('j', {}, field)
    press('k', { ctrlKey: true }, field)
    press('k', { metaKey: true })
    expect(plain).not.toHaveBeenCalled()
    expect(palette).toHaveBeenCalledTimes(2)
  })

  it('rest while a dialog is open', () => {
    const plain = vi.fn()
    layer({ j: plain })
    document.body.innerHTML = '<div role="dialog"></div>'
    press('j')
    expect(plain).not.toHaveBeenCalled()
  })

  it('know sequences, for a moment', () => {
    vi.useFakeTimers()
    const rooms = vi.fn()
    const single = vi.fn()
    layer({ 'g r': rooms, r: single })
    press('g')
    press('r')
    expect(rooms).toHaveBeenCalledTimes(1)
    press('g')
    vi.advanceTimersByTime(2_000)
    press('r')
    expect(rooms).toHaveBeenCalledTimes(1)
    expect(single).toHaveBeenCalledTimes(1)
  })

  it('tell x from shift and x, and take ? as it is typed', () => {
    const one = vi.fn()
    const range = vi.fn()
    const help = vi.fn()
    layer({ x: one, 'shift+x': range, '?': help })
    press('x')
    press('X', { shiftKey: true })
    press('?', { shiftKey: true })
    expect([one, range, help].map((called) => called.mock.calls.length)).toEqual([1, 1, 1])
  })

  it('leave Enter to the button that has the focus', () => {
    const enter = vi.fn()
    layer({ Enter: enter })
    const button = document.createElement('button')
    document.body.append(button)
    press('Enter', {}, button)
    press('Enter')
    expect(enter).toHaveBeenCalledTimes(1)
  })
})

describe('what is typed before its field has the focus', () => {
  const begin = () => {
    const keys = { a: vi.fn(), Enter: vi.fn() }
    layer(keys)
    keepTyping()
    const field = document.createElement('input')
    const got: string[] = []
    field.addEventListener('input', () => got.push(field.value))
    field.addEventListener('keydown', (event) => got.push(`${event.ctrlKey ? 'Ctrl+' : ''}${event.key}`))
    return { keys, field, got }
  }

  it('goes into it, with the Enter after it, though its dialog is there already', async () => {
    const { keys, field, got } = begin()
    press('x')
    press('Backspace')
    press('f')
    const dialog = document.createElement('div')
    dialog.role = 'dialog'
    document.body.append(dialog)
    press('a')
    keepTyping()
    press('r')
    press('Enter')
    press('a')
    dialog.append(field)
    expect(got).toEqual([])
    field.focus()
    await untilPasses(() => expect(got).toEqual(['far', 'Enter']))
    expect([keys.a.mock.calls.length, keys.Enter.mock.calls.length]).toEqual([0, 0])
  })

  it('is sent by Ctrl and Enter, too', async () => {
    const { field, got } = begin()
    press('h')
    press('i')
    press('Enter', { ctrlKey: true })
    document.body.append(field)
    field.focus()
    await untilPasses(() => expect(got).toEqual(['hi', 'Ctrl+Enter']))
  })

  it('stays where the field is selected as it gets the focus: the next key comes behind it', async () => {
    const { field, got } = begin()
    press('f')
    document.body.append(field)
    field.focus()
    field.select()
    await untilPasses(() => expect(got).toEqual(['f']))
    expect([field.selectionStart, field.selectionEnd]).toEqual([1, 1])
  })

  it('is nothing after Escape, and keys mean what they mean', async () => {
    const { keys, field, got } = begin()
    press('h')
    press('Enter')
    press('Escape')
    press('a')
    document.body.append(field)
    field.focus()
    await settle()
    expect([got, keys.a.mock.calls.length]).toEqual([[], 1])
  })
})
