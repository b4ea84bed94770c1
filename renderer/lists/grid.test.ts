import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { untilPasses } from '../../contract/testing/wait.ts'
import { surroundings } from '../fixtures/mounted.ts'
import { roomId } from '../fixtures/world.ts'
import Incidents from '../screens/incidents/Incidents.vue'
import RoomPage from '../screens/room/RoomPage.vue'
import Rooms from '../screens/rooms/Rooms.vue'
import Shell from '../screens/shell/Shell.vue'

const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('[role=grid] [role=row][tabindex]')]
const press = (key: string, more: KeyboardEventInit = {}): void =>
  void (document.activeElement ?? document.body).dispatchEvent(
    new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }),
  )
const focused = (): string | undefined => (document.activeElement instanceof HTMLElement ? document.activeElement.id : undefined)

// Nothing has a size of its own here, and a list draws what fits.
beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(640)
  vi.spyOn(HTMLElement.prototype, 'offsetWidth', 'get').mockReturnValue(1_000)
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(640)
  vi.spyOn(HTMLElement.prototype, 'scrollHeight', 'get').mockReturnValue(1_280)
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** The whole window, with screens that can be gone to. */
async function open(path: string) {
  const made = surroundings({ rooms: 40 })
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/incidents/:incident?', name: 'incidents', component: Incidents },
      { path: '/rooms', name: 'rooms', component: Rooms },
      { path: '/rooms/:room/:tab?', name: 'room', component: RoomPage },
      { path: '/settings', name: 'settings', component: { template: '<p>Settings</p>' } },
    ],
  })
  await router.push(path)
  const global = { ...made.global, plugins: made.global.plugins.map((plugin) => (plugin === made.router ? router : plugin)) }
  mount(Shell, { global, attachTo: document.body })
  return { ...made, router }
}

describe.each(['/incidents', '/rooms'])('[CON-4] the grid of %s', (path) => {
  it('is one stop of Tab, and has the focus where its cursor is', async () => {
    await open(path)
    await untilPasses(() => expect(rows().length).toBeGreaterThan(1))
    expect(rows().filter(({ tabIndex }) => tabIndex === 0)).toEqual([rows()[0]])
    press('j')
    await untilPasses(() => expect(focused()).toBe(rows()[0]?.id))
    press('j')
    await untilPasses(() => expect(focused()).toBe(rows()[1]?.id))
    expect(rows().filter(({ tabIndex }) => tabIndex === 0)).toEqual([rows()[1]])
    press('Home')
    await untilPasses(() => expect(focused()).toBe(rows()[0]?.id))
  })

  it('goes by pages and to its ends, also to rows that were not drawn', async () => {
    await open(path)
    await untilPasses(() => expect(rows().length).toBeGreaterThan(1))
    press('j')
    await untilPasses(() => expect(focused()).toBe(rows()[0]?.id))
    const first = focused()
    press('End')
    await untilPasses(() => expect(focused()).toBe(rows().at(-1)?.id))
    expect(focused()).not.toBe(first)
    press('Home')
    await untilPasses(() => expect(focused()).toBe(first))
    for (let page = 0; page < 3; page += 1) {
      press('PageDown')
      await untilPasses(() => expect(rows().some(({ id }) => id === focused())).toBe(true))
    }
    await untilPasses(() => expect(focused()).toBe(rows().at(-1)?.id))
  })

  it('leads along a row to what can be pressed in it, and back', async () => {
    await open(path)
    await untilPasses(() => expect(rows().length).toBeGreaterThan(1))
    press('j')
    await untilPasses(() => expect(focused()).toBe(rows()[0]?.id))
    press('ArrowRight')
    expect(document.activeElement?.getAttribute('role')).toBe('checkbox')
    press('ArrowLeft')
    expect(focused()).toBe(rows()[0]?.id)
  })

  it('says the state of each row in a word', async () => {
    await open(path)
    await untilPasses(() => expect(rows().length).toBeGreaterThan(1))
    for (const row of rows()) expect(row.querySelector('[data-state] .word')?.textContent).toMatch(/^\p{Lu}\p{L}+/u)
  })
})

describe('[CON-4] the groups of /incidents', () => {
  it('have headings that are rows of the grid, and a key that marks the group of the cursor’s row', async () => {
    await open('/incidents?group=building')
    const headings = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('[data-testid=group-heading]')]
    await untilPasses(() => expect(headings().length).toBeGreaterThan(0))
    for (const heading of headings()) {
      expect(heading.getAttribute('role')).toBe('row')
      expect(heading.querySelectorAll('[role=rowheader]')).toHaveLength(1)
      for (const part of heading.children) expect(part.getAttribute('role')).toMatch(/^(gridcell|rowheader)$/u)
    }
    // Between the grid and its rows stands nothing that is a part of another kind.
    for (const row of document.querySelectorAll('[role=grid] [role=row]')) {
      for (let part = row.parentElement; part?.getAttribute('role') !== 'grid'; part = part?.parentElement ?? null) {
        expect([null, 'presentation', 'rowgroup']).toContain(part?.getAttribute('role') ?? null)
        if (part === null) break
      }
    }
    press('j')
    await untilPasses(() => expect(focused()).toBe(rows()[0]?.id))
    press('G', { shiftKey: true })
    await untilPasses(() => expect(headings()[0]?.querySelector('[data-testid=mark-group]')?.getAttribute('aria-checked')).toBe('true'))
    expect(rows()[0]?.getAttribute('aria-selected')).toBe('true')
  })
})

describe('[CON-4] going elsewhere', () => {
  it('takes the focus into the screen and names it in the title', async () => {
    const { router } = await open('/incidents')
    await untilPasses(() => expect(document.title).toBe('Incidents · Roomkeeper'))
    await router.push('/rooms')
    await untilPasses(() => expect(document.activeElement?.tagName).toBe('MAIN'))
    expect(document.title).toBe('Rooms · Roomkeeper')
    await router.push(`/rooms/${roomId(1)}`)
    await untilPasses(() => expect(document.title).toBe('Huddle 1.01 · Rooms · Roomkeeper'))
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Huddle 1.01 · Rooms')
  })

  it('leaves the focus alone where only a tab or a filter is another one', async () => {
    const { router } = await open(`/rooms/${roomId(1)}`)
    const tab = await untilPasses(() => document.querySelector<HTMLElement>('[data-testid=tab-history]') ?? expect.fail('no tab'))
    tab.focus()
    await router.push(`/rooms/${roomId(1)}/history`)
    await untilPasses(() => expect(tab.getAttribute('aria-selected')).toBe('true'))
    expect(document.activeElement).toBe(tab)
  })

  it('back from an incident is to its row, and to the screen where what had the focus is gone', async () => {
    const { router } = await open('/incidents')
    await untilPasses(() => expect(rows().length).toBeGreaterThan(1))
    press('j')
    press('Enter')
    const inPane = await untilPasses(() => document.querySelector<HTMLElement>('[data-testid=acknowledge]') ?? expect.fail('no pane'))
    inPane.focus()
    await router.push('/incidents')
    await untilPasses(() => expect(focused()).toBe(rows()[0]?.id))
    await router.push(`/rooms/${roomId(1)}`)
    const tab = await untilPasses(() => document.querySelector<HTMLElement>('[data-testid=tab-history]') ?? expect.fail('no tab'))
    tab.blur()
    await router.push(`/rooms/${roomId(1)}/history`)
    await untilPasses(() => expect(document.activeElement?.tagName).toBe('MAIN'))
  })

  it('is shortened by one key, past everything that is the same on each screen', async () => {
    await open('/rooms')
    await untilPasses(() => expect(rows().length).toBeGreaterThan(1))
    expect(document.querySelector('button, a')).toBe(document.querySelector('[data-testid=skip]'))
    document.querySelector<HTMLElement>('[data-testid=skip]')?.click()
    expect(focused()).toBe(rows()[0]?.id)
  })
})
