import { mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { PolicyCommand } from '../../../contract/commands.ts'
import { groupId, policyAnswers } from '../../fixtures/fake-policy.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { roomId } from '../../fixtures/world.ts'
import ExplainPanel from '../explain/ExplainPanel.vue'
import Groups from './Groups.vue'

vi.setConfig({ testTimeout: 30_000 })
const soon = <T>(look: () => T | Promise<T>): Promise<T> => vi.waitFor(look, { timeout: 5_000 })
const at = (id: string): HTMLElement | null => document.querySelector(`[data-testid="${id}"]`)
const press = async (id: string): Promise<void> => (await soon(() => (at(id)?.hasAttribute('disabled') ? expect.fail(`${id} is disabled`) : (at(id) ?? expect.fail(`no ${id}`))))).click()
const shown: VueWrapper[] = []
afterEach(() => {
  for (const wrapper of shown.splice(0)) wrapper.unmount()
  document.body.innerHTML = ''
})

describe('room groups', () => {
  it('are edited with all of their named rooms, also those that the list leaves out', async () => {
    const saved: PolicyCommand[] = []
    const many = Array.from({ length: 700 }, (_, n) => ({ id: roomId(n), name: `Room ${n}`, building: '' }))
    const group = { id: groupId(2), name: 'Spare', description: '', rule: null, total: 700, usedBy: 0 }
    const { global } = surroundings({
      answers: policyAnswers(saved, { 'policy.groups': (asked) => ({ items: [{ ...group, rooms: asked.group ? many : many.slice(0, 500) }] }) }),
    })
    shown.push(mount(Groups, { global, attachTo: document.body }))
    await press('group-row')
    await press('group-edit')
    const name = await soon(() => document.querySelector<HTMLInputElement>('[data-testid=group-name]') ?? expect.fail('no name'))
    name.value = 'Spare rooms'
    name.dispatchEvent(new Event('input'))
    await press('group-save')
    await soon(() => expect(saved).toMatchObject([{ type: 'group.save', name: 'Spare rooms', rule: null }]))
    expect(saved[0]?.type === 'group.save' && saved[0].rooms.length).toBe(700)
  })

  it('that a scope names cannot be deleted, and say so', async () => {
    const { global, router } = surroundings({ answers: policyAnswers() })
    await router.push(`/settings/groups?group=${groupId(1)}`)
    shown.push(mount(Groups, { global, attachTo: document.body }))
    await soon(() => expect(at('group-in-use')?.textContent).toContain('Take it out there first'))
    expect(at('group-delete')?.hasAttribute('disabled')).toBe(true)
  })
})

describe('access explained', () => {
  it('names the chain to a permission, and marks what was last known while the directory is down', async () => {
    const { global } = surroundings({
      answers: policyAnswers([], { 'policy.whoCan': (asked) => ({ ...policyAnswers()['policy.whoCan']?.(asked) ?? expect.fail('no answer'), directoryDown: true }) }),
    })
    shown.push(mount(ExplainPanel, { props: { open: true, room: { id: roomId(3), name: 'Studio 1.03', building: '' } }, global, attachTo: document.body }))
    const said = await soon(() => at('explain-person')?.textContent ?? expect.fail('nobody'))
    expect(said.replace(/\s+/gu, ' ')).toMatch(/Clara Nguyen\s?in group Field technicians\s?assignment Site leads\s?role Site Lead\s?room group Boardrooms/u)
    expect(at('last-known')?.textContent).toContain('the directory is down')
    at('explain-person')?.querySelector('button')?.click()
    await soon(() => expect(at('what-can')?.textContent).toContain('Sees 6 rooms.'))
  })
})
