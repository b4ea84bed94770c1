import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { surroundings } from '../fixtures/mounted.ts'
import { drawing, marks } from '../words/state.ts'
import Age from './Age.vue'
import Avatar from './Avatar.vue'
import StateMark from './StateMark.vue'
import TickBox from './TickBox.vue'
import TimelineStrip from './TimelineStrip.vue'
import Tip from './Tip.vue'

describe('StateMark', () => {
  it.each(marks)('draws %s as colour, shape and word', (state) => {
    const mark = mount(StateMark, { props: { state }, global: surroundings().global })
    expect(mark.find('svg').element.children.length).toBe(1)
    expect(mark.attributes('data-shape')).toBe(drawing[state].shape)
    expect(mark.classes()).toContain(drawing[state].tone)
    expect(mark.text()).not.toBe('')
    expect(mark.text()).not.toContain('state.')
  })

  it('keeps its word for screen readers and the pointer where there is no room for it', () => {
    const mark = mount(StateMark, { props: { state: 'disconnected', word: false }, global: surroundings({}, 'fr').global })
    expect(mark.text()).toBe('')
    expect(mark.attributes()).toMatchObject({ role: 'img', 'aria-label': 'Déconnectée', 'data-tip': 'Déconnectée' })
  })

  it('tells the states of the product apart by shape alone', () => {
    const states = ['healthy', 'important', 'warning', 'disconnected', 'suppressed', 'onboarding', 'unknown', 'unenrolled'] as const
    expect(new Set(states.map((state) => drawing[state].shape)).size).toBe(states.length)
  })
})

describe('TickBox', () => {
  it('is no control of its own where an option is what is pressed', () => {
    const box = mount(TickBox, { props: { on: true, label: 'Huddle', drawn: true }, global: surroundings().global })
    expect(box.attributes('aria-hidden')).toBe('true')
    expect([box.find('button').exists(), box.find('svg').exists()]).toEqual([false, true])
  })
})

describe('Tip', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
    document.body.replaceChildren()
  })

  it.each([
    ['is told whole where it is cut off', 90, 'London 9.05 Chelsea\nLondon – Bishopsgate'],
    ['is told by itself where it is not', 40, undefined],
  ])('a text %s', async (_, scrollWidth, told) => {
    const tip = mount(Tip, { attachTo: document.body })
    document.body.insertAdjacentHTML('beforeend', '<p class="cut"><span>London 9.05 Chelsea</span><span>London – Bishopsgate</span></p>')
    const cut = document.querySelector('.cut')
    if (!cut) throw new Error('there is no text')
    Object.defineProperties(cut, { scrollWidth: { value: scrollWidth }, clientWidth: { value: 60 } })
    cut.firstElementChild?.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(document.querySelector('[role="tooltip"]')?.textContent).toBe(told)
    tip.unmount()
  })
})

describe('Age', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.UTC(2026, 10, 21, 9, 12, 4) })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('ticks by the shared clock and never runs backwards', async () => {
    const at = Date.now() - 58_000
    const { global } = surroundings()
    const age = mount(Age, { props: { at }, global })
    const ahead = mount(Age, { props: { at: Date.now() + 90_000 }, global })
    expect(age.text()).toBe('58 s')
    expect(ahead.text()).toBe('0 s')
    vi.advanceTimersByTime(2_000)
    await nextTick()
    expect(age.text()).toBe('1 min')
    expect(age.attributes('datetime')).toBe(new Date(at).toISOString())
  })

  it('says the exact time here and in the room', () => {
    const age = mount(Age, { props: { at: Date.now(), timeZone: 'Asia/Tokyo' }, global: surroundings().global })
    expect(age.attributes('data-tip')).toContain('18:12:04 in the room (Asia/Tokyo)')
  })

  it('bears a zone that does not exist', () => {
    const age = mount(Age, { props: { at: Date.now(), timeZone: '<script>' }, global: surroundings().global })
    expect(age.attributes('data-tip')).toContain('<script>')
    expect(age.find('script').exists()).toBe(false)
  })
})

describe('Avatar', () => {
  it.each([
    ['Amélie Laurent', 'AL'],
    ['Cher', 'C'],
    ['  jean  pierre de la tour ', 'JT'],
    ['😀 x', '😀X'],
    ['', ''],
  ])('writes %s as %s', (name, initials) => {
    expect(mount(Avatar, { props: { name } }).attributes('data-initials')).toBe(initials)
  })
})

describe('TimelineStrip', () => {
  it('says in words what it shows', () => {
    const strip = mount(TimelineStrip, {
      props: {
        from: 0,
        to: 86_400_000,
        severity: 'important',
        label: 'Room camera',
        stretches: [
          { from: -5, to: 43_200_000, value: 'healthy' },
          { from: 43_200_000, to: 46_800_000, value: 'unhealthy' },
          { from: 46_800_000, to: 90_000_000, value: 'disconnected' },
          { from: 99_000_000, to: 99_500_000, value: 'unhealthy' },
        ],
      },
      global: surroundings().global,
    })
    expect(strip.attributes('aria-label')).toBe('Room camera: bad once in the last 24 hours, 1 h in all')
    expect(strip.findAll('.stretch')).toHaveLength(3)
    expect(strip.find('.bad').attributes('style')).toContain('left: 50%')
  })

  it('[CON-2] does not call good what it knows nothing of', () => {
    const props = {
      from: 0,
      to: 86_400_000,
      severity: 'important' as const,
      label: 'Room camera',
      stretches: [{ from: 79_200_000, to: 86_400_000, value: 'healthy' as const }],
    }
    const strip = mount(TimelineStrip, { props, global: surroundings().global })
    expect(strip.attributes('aria-label')).toBe('Room camera: nothing wrong in the last 24 hours; no data for 22 h')
  })
})
