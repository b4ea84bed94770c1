import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { surroundings } from '../../fixtures/mounted.ts'
import { makeRoom } from '../../fixtures/world.ts'
import RoomFacts from './RoomFacts.vue'

const hour = 3_600_000

it.each([
  ['en', 9 * hour + 3_000, '9 h fast'],
  ['en', -90_000, '1 min slow'],
  ['fr', 9 * hour, 'En avance de 9 h'],
  ['fr', -72 * hour, 'En retard de 3 j'],
] as const)('[ROM-2] the page says in %s that the clock of the device is %d ms ahead', (language, clockAheadMs, words) => {
  const room = makeRoom(1, Date.now())
  const { global } = surroundings({ rooms: 6 }, language)
  const page = mount(RoomFacts, { props: { room: { ...room, device: { ...room.device, clockAheadMs } } }, global })
  expect(page.get('[data-testid="device-clock"]').text()).toBe(words)
})

it('[ROM-2] a clock that is right is not spoken of', () => {
  const { global } = surroundings({ rooms: 6 })
  const page = mount(RoomFacts, { props: { room: makeRoom(1, Date.now()) }, global })
  expect(page.find('[data-testid="device-clock"]').exists()).toBe(false)
})

it('[ROM-2] the page shows what there is of a room whose device has not come yet', () => {
  const { device: _, ...room } = makeRoom(1, Date.now())
  const { global } = surroundings({ rooms: 6 })
  const page = mount(RoomFacts, { props: { room }, global })
  expect(page.get('[data-testid="lifecycle"]').text()).not.toBe('')
  expect(page.find('[data-testid="key-protection"]').exists()).toBe(false)
})
