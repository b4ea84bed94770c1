import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { RoleId } from '../../../contract/ids.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { all, appears, at, press, type } from '../../fixtures/by-test-id.ts'
import { assignmentId, directory, fieldRole, makeAssignment, partnerLink, policyAnswers } from '../../fixtures/fake-policy.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { ofPartner, open } from '../../fixtures/roles-page.ts'
import MemberPicker from '../../parts/pickers/MemberPicker.vue'

describe('the assignment wizard', () => {
  it('goes general, members, scope, review; Back keeps all of it, and a draft outlives leaving', async () => {
    const { saved } = await open('/settings/roles/proManager/assignments')
    await press('assignment-add')
    await press('wizard-next')
    await untilPasses(() => expect(at('wizard-missing')?.textContent).toContain('Give the assignment a name.'))
    await type('assignment-name', 'Night desk')
    await press('wizard-next')
    await type('member-search', 'field')
    await untilPasses(() =>
      expect(all('member-match').map((one) => one.textContent)).toEqual([expect.stringContaining('Field technicians')]),
    )
    at('member-search')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }))
    await untilPasses(() => expect(all('member-chip')).toHaveLength(1))
    await press('wizard-back')
    expect(((await appears('assignment-name')) as HTMLInputElement).value).toBe('Night desk')

    await press('wizard-cancel')
    await appears('wizard-leaving')
    await press('wizard-leave')
    await untilPasses(() => expect(at('wizard')).toBeNull())
    await press('assignment-add')
    await appears('draft-restored')
    expect(((await appears('assignment-name')) as HTMLInputElement).value).toBe('Night desk')

    await press('wizard-next')
    await untilPasses(() => expect(all('member-chip')).toHaveLength(1))
    await press('wizard-next')
    expect((await appears('scope-fixed')).textContent).toContain('always covers all rooms')
    await press('wizard-next')
    expect((await appears('review-sentence')).textContent).toContain('Field technicians becomes Teams Rooms Pro Manager over all rooms.')
    await appears('effect-gain')
    expect(saved).toEqual([])
    await press('wizard-next')
    await untilPasses(() =>
      expect(saved).toMatchObject([
        {
          type: 'assignment.save',
          role: 'proManager',
          name: 'Night desk',
          notify: true,
          members: [{ kind: 'group', id: 'g-field' }],
          scope: 'all',
        },
      ]),
    )
    await untilPasses(() => expect(at('wizard')).toBeNull())
  })
})

describe('the search for members', () => {
  it('chooses nobody with Enter before the matches of what is typed are there', async () => {
    const { global } = surroundings({ answers: policyAnswers() })
    const chosen: unknown[] = []
    mount(MemberPicker, {
      props: { modelValue: [], label: 'Members', 'onUpdate:modelValue': (now) => chosen.push(now) },
      global,
      attachTo: document.body,
    })
    const enter = () => at('member-search')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }))
    at('member-search')?.focus()
    await untilPasses(() => expect(all('member-match').length).toBeGreaterThan(2))
    await type('member-search', 'clara')
    enter()
    expect(chosen).toEqual([])
    await untilPasses(() => expect(all('member-match')).toHaveLength(1))
    enter()
    expect(chosen).toMatchObject([[{ name: 'Clara Nguyen' }]])
  })

  it('keeps the focus at the chips when one is taken out', async () => {
    const { global } = surroundings({ answers: policyAnswers() })
    const picker = mount(MemberPicker, {
      props: { modelValue: directory.slice(0, 2), label: 'Members', 'onUpdate:modelValue': (now) => picker.setProps({ modelValue: now }) },
      global,
      attachTo: document.body,
    })
    const button = all('member-chip')[0]?.querySelector('button')
    button?.focus()
    button?.click()
    await untilPasses(() => expect(all('member-chip')).toHaveLength(1))
    await untilPasses(() => expect(document.activeElement).toBe(all('member-chip')[0]?.querySelector('button')))
  })
})

describe('an assignment', () => {
  it('of a partner over all of its rooms can be narrowed to some', async () => {
    const theirs = makeAssignment(7, { link: partnerLink, role: RoleId.parse('siteTech'), scope: 'all' })
    await open(`/settings/roles/siteTech/assignments?link=${partnerLink}&assignment=${assignmentId(7)}`, {
      session: ofPartner(),
      answers: { 'policy.assignments': () => ({ items: [theirs] }) },
    })
    await press('tab-scope')
    await press('assignment-edit')
    await press('scope-some')
    await untilPasses(() => expect(at('scope-some')?.getAttribute('aria-checked')).toBe('true'))
  })

  it('that is being edited is left, or its tab, only after asking', async () => {
    await open(`/settings/roles/${fieldRole}/assignments?assignment=${assignmentId(3)}`)
    await press('assignment-edit')
    await type('assignment-name', 'Remote hands, all of Lyon')
    await press('tab-members')
    await untilPasses(() => expect(document.activeElement).toBe(at('edit-stay')))
    await press('edit-stay')
    expect(((await appears('assignment-name')) as HTMLInputElement).value).toBe('Remote hands, all of Lyon')
    at('assignment-pane')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))
    await appears('edit-discard')
    await press('tab-members')
    await press('edit-discard')
    await appears('assignment-member')
    expect(at('assignment-pane')).not.toBeNull()
  })

  it('"Assigned admins" gives the customer its scope to edit, and nothing else', async () => {
    const { saved } = await open(`/settings/roles/primaryAdmin/assignments?link=${partnerLink}&assignment=${assignmentId(4)}`)
    expect((await appears('assignment-pane')).textContent).toContain('Assigned admins')
    expect([at('assignment-edit'), at('assignment-delete')]).toEqual([null, null])
    await press('tab-scope')
    await press('assignment-edit')
    await press('scope-all')
    await appears('effect-gain')
    await press('assignment-save')
    await untilPasses(() =>
      expect(saved).toMatchObject([
        { type: 'assignment.save', assignment: assignmentId(4), role: 'primaryAdmin', name: 'Assigned admins', scope: 'all' },
      ]),
    )
  })
})
