import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RouterView } from 'vue-router'
import { TenantId } from '../../../contract/ids.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { isTaken } from '../../../contract/views.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import RoomIncidents from '../room/RoomIncidents.vue'
import RoomPage from '../room/RoomPage.vue'
import Shell from '../shell/Shell.vue'
import Incidents from './Incidents.vue'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)
const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('[data-testid="incident-row"]')]

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(640)
  vi.spyOn(HTMLElement.prototype, 'offsetWidth', 'get').mockReturnValue(1_000)
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(640)
})

afterEach(() => {
  vi.restoreAllMocks()
})

describe('[INC-5] what somebody is on', () => {
  it('stands behind what is new, with a hollow shape and its sign of who is on it', async () => {
    const { core, global } = surroundings({ rooms: 40 })
    mount(Incidents, { global, attachTo: document.body })
    await untilPasses(() => expect(rows().some(({ dataset }) => dataset['back'] === 'true')).toBe(true))
    const back = rows().map(({ dataset }) => dataset['back'] === 'true')
    expect(back).toContain(false)
    expect(back).toEqual([...back].sort((a, b) => Number(a) - Number(b)))
    for (const row of rows()) {
      expect(row.querySelector('[data-state]')?.classList.contains('quiet')).toBe(row.dataset['back'] === 'true')
      const signs = row.querySelectorAll('[data-testid="acknowledged-mark"], .owner [role="img"]')
      expect(signs.length > 0).toBe(row.dataset['back'] === 'true')
    }
    const unclaimed = core.incidents.filter((one) => one.status === 'needAction' && !isTaken(one)).length
    expect(find('chip-new')?.textContent.trim()).toBe(`${unclaimed} new`)
  })

  it('steps back on the room’s page too', async () => {
    const { core, global } = surroundings({ rooms: 40 })
    const taken = core.incidents.find((one) => one.status === 'needAction' && isTaken(one)) ?? expect.fail('none is taken')
    mount(RoomIncidents, { props: { room: taken.room }, global, attachTo: document.body })
    await untilPasses(() => expect(rows()[0]?.dataset['back']).toBe('true'))
  })

  it('makes no count of the room call', async () => {
    const { core, global, router } = surroundings({ rooms: 40 })
    const open = core.incidents.filter(({ status }) => status === 'needAction')
    const rooms = [true, false].map((taken) => open.find((one) => isTaken(one) === taken)?.room ?? expect.fail('none'))
    router.addRoute({ path: '/rooms/:room', component: RoomPage })
    mount(RouterView, { global, attachTo: document.body })
    const tone = (): string | undefined => find('tab-incidents')?.querySelector('span')?.className
    for (const [at, room] of rooms.entries()) {
      await router.push(`/rooms/${room}`)
      await untilPasses(() => expect(tone()).toBe(at === 1 ? 'alarm' : 'faint'))
    }
  })

  it('is not counted as new beside the screen’s name and in the title', async () => {
    const { global, router } = surroundings({
      rooms: 6,
      needAction: [{ tenant: TenantId.parse('01900000-0000-7000-8000-000000000001'), count: 17, unclaimed: 11 }],
    })
    await router.push('/incidents')
    mount(Shell, { global, attachTo: document.body })
    await untilPasses(() => expect(find('rail-new')?.getAttribute('aria-label')).toContain('11 new incidents'))
    expect(document.title).toMatch(/^\(11\) /u)
  })
})
