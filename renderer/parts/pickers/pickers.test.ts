import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { directory, policyAnswers } from '../../fixtures/fake-policy.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { goesOn } from '../../lists/form.ts'
import MemberPicker from './MemberPicker.vue'
import RoomPicker from './RoomPicker.vue'
import { noScope } from './scope.ts'
import ScopePicker from './ScopePicker.vue'

describe('all rooms or some', () => {
  it('is a group of radio buttons: one stop for Tab, the arrow keys choose and wrap', async () => {
    const { global } = surroundings({ rooms: 6 })
    const picker = mount(ScopePicker, {
      props: { modelValue: noScope(), 'onUpdate:modelValue': (scope) => picker.setProps({ modelValue: scope }) },
      global,
      attachTo: document.body,
    })
    const radios = () =>
      picker
        .findAll('[role=radio]')
        .map((one) => [one.attributes('aria-checked'), one.attributes('tabindex'), one.element === document.activeElement])
    const [all, some] = picker.findAll<HTMLElement>('[role=radio]')
    expect(radios()).toEqual([
      ['false', '-1', false],
      ['true', '0', false],
    ])
    some?.element.focus()
    await some?.trigger('keydown', { key: 'ArrowUp' })
    await untilPasses(() =>
      expect(radios()).toEqual([
        ['true', '0', true],
        ['false', '-1', false],
      ]),
    )
    for (const [from, key, to] of [
      [all, 'ArrowLeft', 'some'],
      [some, 'ArrowRight', 'all'],
      [all, 'ArrowDown', 'some'],
    ] as const) {
      await from?.trigger('keydown', { key })
      await untilPasses(() => expect(document.activeElement?.getAttribute('data-testid')).toBe(`scope-${to}`))
      expect(picker.props('modelValue').all).toBe(to === 'all')
    }
    await some?.trigger('keydown', { key: 'a' })
    expect(picker.props('modelValue').all).toBe(false)
  })
})

describe('the search for members', () => {
  it('[CON-4] goes on by Ctrl with Enter without a change of who is chosen, and chooses nobody whom no one looked for', async () => {
    const { global } = surroundings({ answers: policyAnswers() })
    const chosen: unknown[] = []
    const went: boolean[] = []
    const picker = mount(MemberPicker, {
      props: { modelValue: [], label: 'Members', 'onUpdate:modelValue': (now) => chosen.push(now) },
      global,
      attachTo: document.body,
    })
    picker.element.addEventListener('keydown', (event: Event) => event instanceof KeyboardEvent && went.push(goesOn(event)))
    const search = picker.get<HTMLElement>('[data-testid="member-search"]')
    search.element.focus()
    await untilPasses(() => expect(picker.findAll('[data-testid="member-match"]').length).toBeGreaterThan(2))
    await search.trigger('keydown', { key: 'Enter' })
    await search.trigger('keydown', { key: 'ArrowDown' })
    await search.trigger('keydown', { key: 'Enter', ctrlKey: true })
    expect([chosen, went]).toEqual([[], [false, false, true]])
    await search.trigger('keydown', { key: 'Enter' })
    expect(chosen).toMatchObject([[{ name: directory[0]?.name }]])
  })
})

describe('the list of rooms', () => {
  const rowPx = 32
  const [count, shown] = [200, 10]
  /** Ten rows are in view: there is no layout here. */
  beforeEach(() => {
    vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(shown * rowPx)
    vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(shown * rowPx)
    vi.spyOn(HTMLElement.prototype, 'scrollHeight', 'get').mockReturnValue(count * rowPx)
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('goes by pages and to its ends, with the active row in view', async () => {
    const { global } = surroundings({ rooms: count })
    const picker = mount(RoomPicker, { props: { modelValue: [] }, global, attachTo: document.body })
    const list = await untilPasses(() => picker.get('[role=listbox]'))
    const frame = picker.get<HTMLElement>('.scroll').element
    frame.scrollTo = (to?: ScrollToOptions | number) => {
      frame.scrollTop = (typeof to === 'object' ? to.top : to) ?? 0
      frame.dispatchEvent(new Event('scroll'))
    }
    for (const [key, at] of [
      ['PageDown', 9],
      ['PageDown', 18],
      ['ArrowDown', 19],
      ['PageUp', 10],
      ['End', 199],
      ['PageDown', 199],
      ['PageUp', 190],
      ['Home', 0],
      ['PageUp', 0],
    ] as const) {
      await list.trigger('keydown', { key })
      expect([key, list.attributes('aria-activedescendant')?.split('-').at(-1)]).toEqual([key, String(at)])
      await untilPasses(() => {
        expect(frame.scrollTop).toBeLessThanOrEqual(at * rowPx)
        expect(frame.scrollTop + shown * rowPx).toBeGreaterThanOrEqual((at + 1) * rowPx)
        expect(picker.find(`#${CSS.escape(list.attributes('aria-activedescendant') ?? '')}`).classes()).toContain('at')
      })
    }
  })
})
