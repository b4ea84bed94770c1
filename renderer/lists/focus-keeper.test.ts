import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { h } from 'vue'
import { untilPasses } from '../../contract/testing/wait.ts'
import { leave, useFocusKeeper } from './focus-keeper.ts'

let keeper: { unmount(): void }
beforeEach(() => {
  keeper = mount({ setup: () => (useFocusKeeper(), () => h('i')) })
  document.body.insertAdjacentHTML(
    'beforeend',
    `<button id="menu">Help</button>
     <main tabindex="-1">
       <button id="row">Row</button>
       <section tabindex="-1"><button id="take">Take</button><form><input id="note"></form></section>
     </main>`,
  )
})
afterEach(() => {
  vi.useRealTimers()
  keeper.unmount()
  document.body.replaceChildren()
})
const at = (id: string): HTMLElement => document.getElementById(id) ?? document.querySelector<HTMLElement>(id) ?? document.body

describe('the focus, when what has it goes', () => {
  it('goes back to the button that it came from, where that is still there', async () => {
    at('take').focus()
    at('note').focus()
    at('form').remove()
    await untilPasses(() => expect(document.activeElement).toBe(at('take')))
  })

  it('goes to the part of the page around it, not to another part that had it before', async () => {
    at('row').focus()
    at('note').focus()
    at('form').remove()
    await untilPasses(() => expect(document.activeElement).toBe(at('section')))
  })

  it('goes from a dialog to what opened the menu that it was chosen in', async () => {
    at('menu').focus()
    document.body.insertAdjacentHTML('beforeend', '<div id="float"><button id="item">Guide</button></div>')
    at('item').focus()
    document.body.insertAdjacentHTML('beforeend', '<div id="dialog" tabindex="-1"><button id="close">Close</button></div>')
    at('close').focus()
    at('float').remove()
    at('dialog').remove()
    await untilPasses(() => expect(document.activeElement).toBe(at('menu')))
  })

  it('is back on a button that was busy, and goes on from one that cannot be pressed any more', async () => {
    vi.useFakeTimers()
    const take = at('take')
    /** A browser takes the focus from what is disabled when it draws. */
    const work = async (): Promise<void> => {
      take.focus()
      take.setAttribute('aria-busy', 'true')
      take.blur()
      take.setAttribute('disabled', '')
      await vi.advanceTimersByTimeAsync(1)
    }
    await work()
    expect(document.activeElement).toBe(document.body)
    take.removeAttribute('aria-busy')
    take.removeAttribute('disabled')
    await vi.advanceTimersByTimeAsync(1)
    expect(document.activeElement).toBe(take)
    await work()
    take.removeAttribute('aria-busy')
    await vi.advanceTimersByTimeAsync(1)
    expect(document.activeElement).toBe(at('section'))
  })

  it('stays nowhere for who has put it nowhere', async () => {
    at('take').focus()
    at('take').blur()
    at('note').remove()
    at('row').focus()
    await untilPasses(() => expect(document.activeElement).toBe(at('row')))
    at('row').blur()
    expect(document.activeElement).toBe(document.body)
  })

  it('leaves a field for the part of the page that the field is in', () => {
    at('note').focus()
    leave(at('note'))
    expect(document.activeElement).toBe(at('section'))
  })
})
