import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { makePartner, partnerAnswers } from '../../fixtures/fake-partners.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { roomId } from '../../fixtures/world.ts'
import AddPartner from './AddPartner.vue'
import { daysOf, inviteOf, isDomain, newPartner } from './partner-draft.ts'
import Partners from './Partners.vue'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)
const press = (id: string): void => {
  const element = find(id)
  if (!element) throw new Error(`There is no ${id}.`)
  element.click()
}
function type(id: string, text: string): void {
  const field = find(id)
  if (!(field instanceof HTMLInputElement)) throw new Error(`${id} is no field.`)
  field.value = text
  field.dispatchEvent(new Event('input'))
}
/** What is read with a field. */
const says = (id: string): string => document.getElementById(find(id)?.getAttribute('aria-describedby') ?? '')?.textContent ?? ''

describe('the invitation as it is typed', () => {
  it.each(['0', '31', '1.5', '1,5', 'seven', '', ' ', '-1', '1e1', '007.0', '9999'])('takes no %j for days', (typed) => {
    expect(daysOf(typed)).toBeNull()
  })
  it.each([
    ['1', 1],
    [' 7 ', 7],
    ['30', 30],
  ])('takes %j', (typed, days) => {
    expect(daysOf(typed)).toBe(days)
  })
  it.each(['fabrikam', 'kim@fabrikam.com', 'https://fabrikam.com', 'fabrikam.com:443', 'fab rikam.com', ''])(
    'sees that %j is no domain',
    (typed) => {
      expect(isDomain(typed)).toBe(false)
    },
  )
  it('is no command before the terms are agreed to', () => {
    const draft = {
      ...newPartner(),
      domain: 'Fabrikam.com',
      days: '7',
      scope: { all: false, rooms: [{ id: roomId(1), name: 'Huddle', building: '' }], groups: [] },
    }
    expect(inviteOf(draft)).toBeNull()
    expect(inviteOf({ ...draft, agreed: true })).toMatchObject({
      type: 'partner.invite',
      domain: 'Fabrikam.com',
      days: 7,
      scope: { rooms: [roomId(1)], groups: [] },
      agreed: true,
    })
  })
})

describe('Add partner', () => {
  it('goes through its steps in order, names what is wrong, and sends what was chosen', async () => {
    const { core, global } = surroundings({ rooms: 6, answers: partnerAnswers() })
    const wizard = mount(AddPartner, { props: { open: false }, global, attachTo: document.body })
    await wizard.setProps({ open: true })
    await untilPasses(() => expect(find('partner-domain')).not.toBeNull())

    press('wizard-next')
    await untilPasses(() => expect(find('wizard-missing')?.textContent).toContain('domain name'))
    type('partner-domain', 'fabrikam.com')
    type('partner-days', '31')
    await untilPasses(() => expect(says('partner-days')).toContain('“31”'))
    press('wizard-next')
    expect(find('step-rooms')?.dataset['state']).toBe('todo')
    type('partner-days', '7')
    press('control-rings-manual')
    await untilPasses(() => expect(says('partner-days')).not.toContain('31'))

    press('wizard-next')
    await untilPasses(() => expect(find('scope-all')).not.toBeNull())
    press('wizard-next')
    await untilPasses(() => expect(find('wizard-missing')?.textContent).toContain('at least one room'))
    press('scope-all')
    await untilPasses(() => expect(find('scope-all')?.getAttribute('aria-checked')).toBe('true'))
    press('wizard-next')

    await untilPasses(() => expect(find('partner-terms')?.textContent).toContain('call quality'))
    press('wizard-next')
    await untilPasses(() => expect(find('wizard-missing')?.textContent).toContain('I agree'))
    press('partner-agree')
    await untilPasses(() => expect(find('partner-agree')?.getAttribute('aria-checked')).toBe('true'))
    press('wizard-next')

    await untilPasses(() =>
      expect(find('partner-review')?.textContent).toMatch(
        /fabrikam\.com may manage all rooms.* within 7 days.*update rings waits for approval/su,
      ),
    )
    await untilPasses(() => expect(find('wizard-next')?.hasAttribute('disabled')).toBe(false))
    expect(core.asked.some(({ name }) => name === 'policy.apply')).toBe(false)
    press('wizard-next')
    await untilPasses(() => expect(core.asked.some(({ name }) => name === 'policy.apply')).toBe(true))
    const sent = core.asked.find(({ name }) => name === 'policy.apply')?.input
    expect(sent).toMatchObject({
      command: {
        type: 'partner.invite',
        domain: 'fabrikam.com',
        days: 7,
        scope: 'all',
        changeControl: { rooms: 'automatic', rings: 'manual', incidents: 'automatic', roles: 'automatic' },
      },
    })
  })
})

describe('Settings → Partners', () => {
  it('lists partners with their state', async () => {
    const items = [
      makePartner(1),
      makePartner(2, { status: 'invited', acceptedAt: null, partnerName: '', domain: 'litware.example' }),
      makePartner(3, { status: 'invited', acceptedAt: null, partnerName: '', domain: 'proseware.example', expired: true }),
    ]
    const { global } = surroundings({ rooms: 6, answers: partnerAnswers({ 'policy.partners': () => ({ items }) }) })
    mount(Partners, { global, attachTo: document.body })
    await untilPasses(() => expect(document.querySelectorAll('[data-testid=partner-row]')).toHaveLength(3))
    const states = [...document.querySelectorAll<HTMLElement>('[data-testid=partner-state]')].map((one) => one.dataset['state'])
    expect(states).toEqual(['active', 'invited', 'expired'])
  })

  it('leaves a partner that is being changed only after asking', async () => {
    const { global } = surroundings({ rooms: 6, answers: partnerAnswers() })
    mount(Partners, { global, attachTo: document.body })
    await untilPasses(() => expect(find('partner-open')).not.toBeNull())
    press('partner-open')
    await untilPasses(() => expect(find('partner-edit')).not.toBeNull())
    press('partner-edit')
    await untilPasses(() => expect(find('control-rooms-manual')).not.toBeNull())
    press('control-rooms-manual')
    await untilPasses(() => expect(find('effect')).not.toBeNull())
    find('partner-pane')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))
    await untilPasses(() => expect(find('edit-discard')).not.toBeNull())
    press('edit-discard')
    await untilPasses(() => expect(find('partner-pane')).toBeNull())
  })

  it('removes a partner only after Remove partner, Delete, and Delete again', async () => {
    const { core, global } = surroundings({ rooms: 6, answers: partnerAnswers() })
    mount(Partners, { global, attachTo: document.body })
    await untilPasses(() => expect(find('partner-open')).not.toBeNull())
    press('partner-open')
    await untilPasses(() => expect(find('partner-remove')).not.toBeNull())
    press('partner-remove')
    await untilPasses(() => expect(find('partner-delete')?.hasAttribute('disabled')).toBe(false))
    press('partner-delete')
    await untilPasses(() => expect(find('partner-delete-confirm')).not.toBeNull())
    expect(core.asked.some(({ name }) => name === 'policy.apply')).toBe(false)
    press('partner-delete-confirm')
    await untilPasses(() =>
      expect(core.asked.find(({ name }) => name === 'policy.apply')?.input).toMatchObject({ command: { type: 'partner.remove' } }),
    )
  })

  it.each([
    ['network.offline', 'read-offline'],
    ['access.denied', 'read-refused'],
    ['service.failed', 'read-failed'],
  ] as const)('says so when it cannot be read: %s', async (code, drawn) => {
    const { global } = surroundings({ rooms: 6, fail: { 'policy.partners': code }, answers: partnerAnswers() })
    mount(Partners, { global, attachTo: document.body })
    await untilPasses(() => expect(find(drawn)).not.toBeNull())
  })
})
