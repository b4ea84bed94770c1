import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { untilPasses } from '../../../../contract/testing/wait.ts'
import type { RoomFilter } from '../../../../contract/views.ts'
import { all, appears, at } from '../../../fixtures/by-test-id.ts'
import type { FakeOptions } from '../../../fixtures/fake-core.ts'
import { surroundings } from '../../../fixtures/mounted.ts'
import RoomTiles from './RoomTiles.vue'

const mounted: { unmount(): void }[] = []
afterEach(() => {
  for (const one of mounted.splice(0)) one.unmount()
  document.body.innerHTML = ''
})

function open(options: FakeOptions = {}, filter: RoomFilter = {}) {
  const made = surroundings({ rooms: 90, ...options })
  mounted.push(mount(RoomTiles, { attachTo: document.body, global: made.global, props: { filter } }))
  return made
}
const key = (name: string): boolean => window.dispatchEvent(new KeyboardEvent('keydown', { key: name, cancelable: true }))
const active = (): HTMLElement | null => document.getElementById(at('tiles')?.getAttribute('aria-activedescendant') ?? '')

describe('[CON-4] rooms as tiles', () => {
  it('are walked by arrow keys, read as a list beside the picture, and opened with Enter', async () => {
    const { router } = open()
    await appears('tiles')
    expect(at('tiles')?.getAttribute('aria-activedescendant')).toBeNull()
    key('ArrowDown')
    await untilPasses(() => expect(active()?.getAttribute('aria-selected')).toBe('true'))
    const first = active()?.id
    key('ArrowRight')
    await untilPasses(() => expect(active()?.id).not.toBe(first))
    // A state is a word too.
    expect(active()?.textContent).toMatch(/Healthy|Unhealthy|Disconnected|Unknown|Onboarding|Unenrolled/u)
    expect(active()?.closest('[role="group"]')?.getAttribute('aria-label')).toMatch(/floor/u)
    const room = active()?.id.replace('tile-', '') ?? ''
    key('Enter')
    await untilPasses(() => expect(router.currentRoute.value.path).toBe(`/rooms/${room}`))
  })

  it('[ROM-2] are those of the filter, and stay with the room under the cursor when others change', async () => {
    const { core } = open({}, { states: ['unhealthy'] })
    await appears('tiles')
    const before = Number(at('tiles')?.dataset['rooms'])
    expect(before).toBe(core.rooms.filter(({ lifecycle, health }) => lifecycle === 'enrolled' && health === 'unhealthy').length)
    key('ArrowDown')
    key('ArrowDown')
    await untilPasses(() => expect(active()).not.toBeNull())
    const here = active()?.id ?? ''
    const other = core.rooms.find(
      ({ id, health, lifecycle }) => health === 'unhealthy' && lifecycle === 'enrolled' && here !== `tile-${id}`,
    )
    if (other) other.health = 'healthy'
    core.changed()
    await untilPasses(() => expect(Number(at('tiles')?.dataset['rooms'])).toBe(before - 1))
    expect(active()?.id).toBe(here)
  })

  it('says where they cannot be read, and where none match', async () => {
    open({ fail: { 'rooms.tiles': 'disk.failed' } })
    await untilPasses(() => expect(document.body.innerText).toContain('The rooms could not be read.'))
    for (const one of mounted.splice(0)) one.unmount()
    open({}, { search: 'nothing is called so' })
    await untilPasses(() => expect(document.body.innerText).toContain('No room matches'))
    expect(all('tile-row')).toEqual([])
  })
})
