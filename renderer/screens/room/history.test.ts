import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { madeAt, type RoomId } from '../../../contract/ids.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import type { Transition } from '../../../contract/transitions.ts'
import type { FakeOptions } from '../../fixtures/fake-core.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import type { Language } from '../../words/i18n.ts'
import RoomHistory from './RoomHistory.vue'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)
const lines = (): (string | undefined)[] =>
  [...document.querySelectorAll<HTMLElement>('[data-testid="room-event"]')].map((row) => row.children[2]?.textContent?.trim())
const press = (): void => find('older-history')?.querySelector('button')?.click()

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(640)
  vi.spyOn(HTMLElement.prototype, 'offsetWidth', 'get').mockReturnValue(1_000)
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(640)
})
afterEach(() => {
  vi.restoreAllMocks()
  document.body.innerHTML = ''
})

const event = (room: RoomId, at: number, kind: Transition['kind'], more: Partial<Transition> = {}): Transition => ({
  room,
  at,
  number: 0,
  receivedAt: at,
  kind,
  actor: { kind: 'system' },
  ...more,
})

/** The history of a room: what is here, and what the service says of the time before, page by page. */
function show(here: (room: RoomId) => Transition[], pages: (room: RoomId) => Transition[][], fails = {}, language: Language = 'en') {
  let asked = 0
  const answers: FakeOptions['answers'] = {
    'rooms.history': ({ room }) => ({ total: here(room).length, rows: here(room), away: false }),
    'rooms.older': ({ room }) => {
      const items = pages(room)[asked++] ?? []
      return { items, keptSince: 0, ...(asked < pages(room).length ? { next: '1.0' } : {}) }
    },
  }
  const { core, global } = surroundings({ rooms: 2, answers, fail: fails }, language)
  const room = core.rooms[0]?.id ?? expect.fail()
  mount(RoomHistory, { props: { room, zone: 'Europe/Paris' }, global, attachTo: document.body })
  return { core, room }
}

describe('[ROM-2] the history of a room', () => {
  it('goes on with what the service says, a page at a time, up to its end', async () => {
    const { core } = show(
      (room) => [event(room, 9_000_000, 'connected')],
      (room) => [[event(room, 8_000_000, 'restarted')], [event(room, 7_000_000, 'disconnected')]],
    )
    await untilPasses(() => expect(lines()).toEqual(['Connected']))
    press()
    await untilPasses(() => expect(lines()).toEqual(['Connected', 'The device has restarted']))
    press()
    await untilPasses(() => expect(lines()).toHaveLength(3))
    expect(find('older-history')?.textContent).toContain('Nothing earlier is kept')
    expect(core.asked.filter(({ name }) => name === 'rooms.older').map(({ input }) => input)).toMatchObject([
      { before: '9000000.0' },
      { before: '8000000.0' },
    ])
  })

  it('says why nothing earlier can be had, and asks again', async () => {
    const fails: FakeOptions['fail'] = { 'rooms.older': 'network.offline' }
    show(
      (room) => [event(room, 9_000_000, 'connected')],
      (room) => [[event(room, 8_000_000, 'restarted')]],
      fails,
    )
    await untilPasses(() => expect(lines()).toEqual(['Connected']))
    press()
    await untilPasses(() => expect(find('older-history')?.textContent).toContain('could not be read'))
    delete fails['rooms.older']
    press()
    await untilPasses(() => expect(lines()).toHaveLength(2))
  })

  it('offers nothing earlier where it begins with the room, and does where a room came back to onboarding', async () => {
    show(
      (room) => [event(room, madeAt(room) + 5, 'onboarded')],
      () => [],
    )
    await untilPasses(() => expect(lines()).toEqual(['Installed: onboarding began']))
    expect(find('older-history')?.textContent).toContain('begins')
    document.body.innerHTML = ''
    show(
      (room) => [event(room, madeAt(room) + 86_400_000, 'onboarded')],
      () => [],
    )
    await untilPasses(() => expect(find('older-history')?.querySelector('button')).not.toBeNull())
  })

  it.each([
    ['en', 'Room camera: 1,240 changes since ', ', the last to healthy'],
    ['fr', 'Caméra de la salle\u00a0: 1\u202f240 changements depuis ', ', le dernier vers opérationnel'],
  ] as const)('[rule 9] says in %s how often a signal changed that flapped', async (language, before, after) => {
    const often = { signal: 'peripherals.camera', value: 'healthy', times: 1_240, from: 5_000_000 } as const
    show(
      (room) => [event(room, 9_000_000, 'signal', often)],
      () => [],
      {},
      language,
    )
    await untilPasses(() => expect(lines()).toHaveLength(1))
    expect(lines()[0]?.toLowerCase()).toContain(before.toLowerCase())
    expect(lines()[0]?.toLowerCase()).toContain(after.toLowerCase())
  })
})
