import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../contract/limits.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { makeRoom } from '../../fixtures/world.ts'
import LastContact from '../../parts/LastContact.vue'
import { useConsole } from '../../stores/console.ts'
import RoomRow from './RoomRow.vue'

const flags = { index: 0, cursor: false, chosen: false, changed: false, left: false }

describe('[ROM-2] a row of the rooms', () => {
  it('calls a silent room out of contact, and counts what else is wrong beside it', () => {
    const row = {
      ...makeRoom(7, Date.now()),
      health: 'disconnected' as const,
      problem: 'connectivity.agent' as const,
      incidents: { important: 3, warning: 0, investigating: 0 },
    }
    const cell = mount(RoomRow, { props: { row, ...flags }, global: surroundings({ rooms: 1 }).global }).find('.problem')
    expect(cell.findAll('span').map((part) => part.text())).toEqual(['Room out of contact', '+ 2'])
  })

  it('[INC-2] promises no more of a connected room than that it is not overdue', async () => {
    const now = Date.now()
    const room = { ...makeRoom(1, now), connected: true, lastContactAt: now - 3_900_000 }
    const { core, global } = surroundings({ rooms: 1 })
    const contact = mount(
      { components: { LastContact }, setup: () => ({ room, state: useConsole() }), template: '<LastContact :room="room" />' },
      { global },
    )
    await untilPasses(() => expect(contact.text()).toBe('< 2 min'))
    // A copy that is an hour old says so: the room may have been silent since then.
    core.set('sync', { state: 'offline', since: now - 3_600_000, why: 'network', nextTryAt: null, syncedAt: now - 3_600_000 })
    await untilPasses(() => expect(contact.text()).toBe('< 2 h'))
    expect(limits.disconnectAfterMs).toBeLessThan(120_000)
  })
})
