import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { makeRoom } from '../../fixtures/world.ts'
import RoomFacts from './RoomFacts.vue'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)

it('[ENR-4] a device in onboarding is put into the room where it stood, which a person chooses', async () => {
  const { core, global } = surroundings({ rooms: 6 })
  const room = { ...makeRoom(99, Date.now()), lifecycle: 'onboarding' as const, pending: [], asked: [] }
  const page = mount(RoomFacts, { props: { room }, global, attachTo: document.body })
  await untilPasses(() => expect(find('replace')).not.toBeNull())
  find('replace')?.click()
  await untilPasses(() => expect(document.querySelectorAll('[data-testid="replace-room"]').length).toBeGreaterThan(1))
  expect(find('replace-confirm')).toHaveProperty('disabled', true)
  find('replace-room')?.click()
  await untilPasses(() => expect(find('replace-what')).not.toBeNull())
  find('replace-confirm')?.click()
  const sent = () => core.asked.flatMap(({ name, input }) => (name === 'commands.submit' ? [input] : []))
  await untilPasses(() => expect(sent()).toEqual([{ command: { type: 'rooms.replace', rooms: [room.id, expect.any(String)] } }]))
  await page.setProps({ room: { ...room, lifecycle: 'enrolled' } })
  expect(find('replace')).toBeNull()
})
