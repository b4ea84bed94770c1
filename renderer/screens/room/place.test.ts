import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { makeRoom } from '../../fixtures/world.ts'
import RoomPlace from './RoomPlace.vue'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)
const room = makeRoom(1, Date.now())

function type(id: string, text: string): void {
  const field = find(id)
  if (!(field instanceof HTMLInputElement)) throw new Error(`There is no field ${id}.`)
  field.value = text
  field.dispatchEvent(new Event('input'))
}

it('[ROM-2] a room is renamed and moved on its page: what is other is sent, and what is wrong is said', async () => {
  const { core, global } = surroundings({ rooms: 6 })
  const page = mount(RoomPlace, { props: { room }, global, attachTo: document.body })
  await untilPasses(() => expect(find('change-place')).not.toBeNull())
  find('change-place')?.click()
  await untilPasses(() => expect(find('place-name')).toHaveProperty('value', room.name))
  type('place-name', ' ')
  type('place-zone', 'Mars/Base')
  const form = find('place-name')?.closest('form')
  form?.requestSubmit()
  await untilPasses(() =>
    expect([find('place-name'), find('place-zone')].map((field) => field?.getAttribute('aria-invalid'))).toEqual(['true', 'true']),
  )
  // What somebody else says meanwhile stays as they say it.
  await page.setProps({ room: { ...room, place: { ...room.place, city: 'Villeurbanne' } } })
  type('place-name', 'Salle Céline')
  type('place-floor', '12')
  type('place-zone', room.place.timeZone)
  form?.requestSubmit()
  const sent = () => core.asked.flatMap(({ name, input }) => (name === 'commands.submit' ? [input] : []))
  await untilPasses(() =>
    expect(sent()).toEqual([
      { command: { type: 'rooms.rename', rooms: [room.id], name: 'Salle Céline' } },
      { command: { type: 'rooms.move', rooms: [room.id], place: { floor: '12' } } },
    ]),
  )
})
