import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import type { PolicyCommand } from '../../../contract/commands.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { partnerSession, tenantId } from '../../fixtures/fake-partners.ts'
import { assignmentId, groupId, policyAnswers } from '../../fixtures/fake-policy.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { roomId } from '../../fixtures/world.ts'
import RoomPicker from '../../parts/pickers/RoomPicker.vue'
import ExplainPanel from '../explain/ExplainPanel.vue'
import OneRoom from '../explain/OneRoom.vue'
import Groups from './Groups.vue'

const at = (id: string): HTMLElement | null => document.querySelector(`[data-testid="${id}"]`)
const press = async (id: string): Promise<void> =>
  (
    await untilPasses(() => (at(id)?.hasAttribute('disabled') ? expect.fail(`${id} is disabled`) : (at(id) ?? expect.fail(`no ${id}`))))
  ).click()
describe('room groups', () => {
  it('are edited with all of their named rooms, also those that the list leaves out', async () => {
    const saved: PolicyCommand[] = []
    const many = Array.from({ length: 700 }, (_, n) => ({ id: roomId(n), name: `Room ${n}`, building: '' }))
    const group = { id: groupId(2), name: 'Spare', description: '', rule: null, total: 700, usedBy: 0 }
    const { global } = surroundings({
      answers: policyAnswers(saved, {
        'policy.groups': (asked) => ({ items: [{ ...group, rooms: asked.group ? many : many.slice(0, 500) }] }),
      }),
    })
    mount(Groups, { global, attachTo: document.body })
    await press('group-row')
    await press('group-edit')
    const name = await untilPasses(() => document.querySelector<HTMLInputElement>('[data-testid=group-name]') ?? expect.fail('no name'))
    name.value = 'Spare rooms'
    name.dispatchEvent(new Event('input'))
    await press('group-save')
    await untilPasses(() => expect(saved).toMatchObject([{ type: 'group.save', name: 'Spare rooms', rule: null }]))
    expect(saved[0]?.type === 'group.save' && saved[0].rooms.length).toBe(700)
  })

  it('that a scope names cannot be deleted, and say so', async () => {
    const { global, router } = surroundings({ answers: policyAnswers() })
    await router.push(`/settings/groups?group=${groupId(1)}`)
    mount(Groups, { global, attachTo: document.body })
    await untilPasses(() => expect(at('group-in-use')?.textContent).toContain('Take it out there first'))
    expect(at('group-delete')?.hasAttribute('disabled')).toBe(true)
  })
})

describe('the choice of rooms', () => {
  it('calls nothing empty before anything was synced', async () => {
    const { global } = surroundings({ rooms: 0, sync: 'never', answers: policyAnswers() })
    const picker = mount(RoomPicker, { props: { modelValue: [] }, global, attachTo: document.body })
    await untilPasses(() => expect(at('scope-loading')).not.toBeNull())
    await untilPasses(() => expect(picker.text()).not.toContain('No rooms'))
  })

  it('keeps what was taken out while all matches are being added', async () => {
    const { core, global } = surroundings({ rooms: 48, answers: policyAnswers() })
    const one = { id: roomId(0), name: 'Elsewhere', building: '' }
    const gone = { id: assignmentId(9) as never, name: 'Taken out', building: '' }
    const picker = mount(RoomPicker, {
      props: { modelValue: [one, gone], 'onUpdate:modelValue': (now) => picker.setProps({ modelValue: now }) },
      global,
      attachTo: document.body,
    })
    await press('scope-all-matches')
    await picker.setProps({ modelValue: [one] })
    await untilPasses(() => expect(picker.props('modelValue')).toHaveLength(core.rooms.length))
    expect(picker.props('modelValue')).not.toContainEqual(gone)
  })
})

describe('access explained', () => {
  it('says that no room matches, or that rooms could not be read', async () => {
    for (const [options, words] of [
      [{}, 'No room matches'],
      [{ fail: { 'rooms.list': 'disk.failed' as const } }, 'rooms could not be read'],
    ] as const) {
      const { global } = surroundings({ ...options, answers: policyAnswers() })
      const panel = mount(OneRoom, { props: { modelValue: null }, global, attachTo: document.body })
      await panel.get('input').setValue('no such room')
      await untilPasses(() => expect(panel.text()).toContain(words))
    }
  })

  it('offers no rooms of customers while all are shown together: it is about one’s own', async () => {
    const { core, global } = surroundings({ session: partnerSession('all'), answers: policyAnswers() })
    core.rooms.forEach((room, n) => (room.tenant = n === 0 ? { id: tenantId(9), name: 'Fabrikam' } : { id: tenantId(1), name: 'Contoso' }))
    const panel = mount(OneRoom, { props: { modelValue: null }, global, attachTo: document.body })
    await panel.get('input').setValue('Lyon')
    await untilPasses(() => expect(panel.findAll('[data-testid=explain-room-match]')).toHaveLength(1))
  })

  it('names the chain to a permission, and marks what was last known while the directory is down', async () => {
    const { global } = surroundings({
      answers: policyAnswers([], {
        'policy.whoCan': (asked) => ({ ...(policyAnswers()['policy.whoCan']?.(asked) ?? expect.fail('no answer')), directoryDown: true }),
      }),
    })
    mount(ExplainPanel, {
      props: { open: true, room: { id: roomId(3), name: 'Studio 1.03', building: '' } },
      global,
      attachTo: document.body,
    })
    const said = await untilPasses(() => at('explain-person')?.textContent ?? expect.fail('nobody'))
    expect(said.replace(/\s+/gu, ' ')).toMatch(
      /Clara Nguyen\s?in group Field technicians\s?assignment Site leads\s?role Site Lead\s?room group Boardrooms/u,
    )
    expect(at('last-known')?.textContent).toContain('the directory is down')
    at('explain-person')?.querySelector('button')?.click()
    await untilPasses(() => expect(at('what-can')?.textContent).toContain('Sees 6 rooms.'))
  })
})
