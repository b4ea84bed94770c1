import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../../contract/errors.ts'
import type { Effect } from '../../../contract/policyApi.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { partnerAnswers, partnerSession, tenantId } from '../../fixtures/fake-partners.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { useConsole } from '../../stores/console.ts'
import ImportDialog from './ImportDialog.vue'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)
const nothing: Effect = { gain: { people: 0, rooms: 0 }, lose: { people: 0, rooms: 0 }, people: [], changes: [] }
const props = { name: 'policy.yaml', yaml: 'roles: []\n' }

describe('importing a policy file', () => {
  it('shows the difference before anything is applied, then applies all of it', async () => {
    const changes: Effect['changes'] = [
      { what: 'role', name: 'Night shift', change: 'create' },
      { what: 'assignment', name: 'Lyon', change: 'delete' },
    ]
    const effect = { ...nothing, lose: { people: 3, rooms: 41 }, changes }
    const { core, global } = surroundings({ rooms: 6, answers: partnerAnswers({ 'policy.preview': () => effect }) })
    mount(ImportDialog, { props, global, attachTo: document.body })
    await untilPasses(() =>
      expect([...document.querySelectorAll<HTMLElement>('[data-testid=policy-change]')].map((one) => one.dataset['change'])).toEqual([
        'create',
        'delete',
      ]),
    )
    expect(find('effect-lose')?.textContent).toContain('3 people')
    expect(core.asked.some(({ name }) => name === 'policy.apply')).toBe(false)
    find('policy-apply')?.click()
    await untilPasses(() =>
      expect(core.asked.find(({ name }) => name === 'policy.apply')?.input).toEqual({
        tenant: tenantId(1),
        command: { type: 'policy.import', yaml: props.yaml },
      }),
    )
  })

  it('is applied where it was opened, whichever tenant another window enters meanwhile', async () => {
    const effect: Effect = { ...nothing, changes: [{ what: 'role', name: 'Night shift', change: 'create' }] }
    const { core, global } = surroundings({
      rooms: 6,
      session: partnerSession(tenantId(1)),
      answers: partnerAnswers({ 'policy.preview': () => effect }),
    })
    mount(ImportDialog, { props, global, attachTo: document.body })
    await untilPasses(() => expect(find('policy-apply')).not.toBeNull())
    core.set('session', partnerSession(tenantId(2)))
    await untilPasses(() => expect(useConsole().entered).toBe(tenantId(2)))
    find('policy-apply')?.click()
    await untilPasses(() => expect(core.asked.find(({ name }) => name === 'policy.apply')?.input).toMatchObject({ tenant: tenantId(1) }))
  })

  it('has nothing to apply where the file says what is in force', async () => {
    const { global } = surroundings({ rooms: 6, answers: partnerAnswers({ 'policy.preview': () => nothing }) })
    mount(ImportDialog, { props, global, attachTo: document.body })
    await untilPasses(() => expect(find('policy-same')).not.toBeNull())
    expect(find('policy-apply')).toBeNull()
  })

  it('names what is wrong in the file', async () => {
    const refuse = (): never => {
      throw new RoomkeeperError('policy.fileInvalid', { field: 'roles.0.permissions', detail: 'Line 4: no such permission' })
    }
    const { global } = surroundings({ rooms: 6, answers: partnerAnswers({ 'policy.preview': refuse }) })
    mount(ImportDialog, { props, global, attachTo: document.body })
    await untilPasses(() => expect(find('effect-problem')?.textContent).toContain('Line 4'))
    expect(find('policy-apply')).toBeNull()
  })
})
