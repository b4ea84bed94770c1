import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import Rooms from './Rooms.vue'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)
const press = (key: string, more: KeyboardEventInit = {}): void =>
  void (document.activeElement ?? document.body).dispatchEvent(
    new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }),
  )
function type(id: string, text: string): void {
  const field = find(id)
  if (!(field instanceof HTMLInputElement)) throw new Error(`There is no field ${id}.`)
  field.value = text
  field.dispatchEvent(new Event('input'))
}

// Nothing has a size of its own here, and a list draws what fits.
beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(640)
  vi.spyOn(HTMLElement.prototype, 'offsetWidth', 'get').mockReturnValue(1_000)
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(640)
})
afterEach(() => {
  vi.restoreAllMocks()
})

it('[ROM-2] the marked rooms are moved together: what is named for all of them, and the rest stays as each has it', async () => {
  const { core, router, global } = surroundings({ rooms: 12 })
  await router.push('/rooms')
  mount(Rooms, { global, attachTo: document.body })
  await untilPasses(() => expect(document.querySelectorAll('[data-testid="room-row"]').length).toBeGreaterThan(2))
  press('A', { shiftKey: true })
  await untilPasses(() => expect(find('bulk-move')).not.toBeNull())
  find('bulk-move')?.click()
  await untilPasses(() => expect(document.activeElement).toBe(find('move-building')))
  press('Enter')
  await untilPasses(() => expect(find('move-building')?.getAttribute('aria-invalid')).toBe('true'))
  type('move-timeZone', 'Mars/Base')
  press('Enter')
  await untilPasses(() => expect(document.activeElement).toBe(find('move-timeZone')))
  type('move-timeZone', '')
  type('move-building', ' Lyon – Gerland ')
  type('move-floor', '3')
  find('move-floor')?.focus()
  press('Enter')
  const sent = () => core.asked.flatMap(({ name, input }) => (name === 'commands.submit' ? [input] : []))
  const placed = core.rooms.filter(({ lifecycle }) => lifecycle !== 'unenrolled').map(({ id }) => id)
  await untilPasses(() => expect(sent()).toHaveLength(1))
  expect(sent()[0]).toMatchObject({ command: { type: 'rooms.move', place: { building: 'Lyon – Gerland', floor: '3' } } })
  const moved = sent().flatMap((input) => z.object({ command: z.object({ rooms: z.array(z.string()) }) }).parse(input).command.rooms)
  expect(moved.sort()).toEqual([...placed].sort())
  await untilPasses(() => expect([find('move-dialog'), find('bulk-bar')]).toEqual([null, null]))
})
