import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { RoomkeeperError } from '../../../contract/errors.ts'
import type { Principal } from '../../../contract/policyApi.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { makePartner, partnerAnswers } from '../../fixtures/fake-partners.ts'
import { fieldRole, makeAssignment, makeAssignments, makeGroups, makeRoles, noEffect, policyAnswers } from '../../fixtures/fake-policy.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { goesOn } from '../../lists/form.ts'
import SearchField from '../../parts/SearchField.vue'
import { useConsole } from '../../stores/console.ts'
import GroupEditor from '../groups/GroupEditor.vue'
import AddPartner from '../partners/AddPartner.vue'
import { meantDomain, slipsBetween } from '../partners/known-domains.ts'
import Rules from '../settings/Rules.vue'
import AssignmentWizard from './AssignmentWizard.vue'
import RoleEdit from './RoleEdit.vue'
import RoleWizard from './RoleWizard.vue'

const at = (id: string): HTMLElement | null => document.querySelector(`[data-testid="${id}"]`)
const appears = (id: string): Promise<HTMLElement> => untilPasses(() => at(id) ?? expect.fail(`no ${id}`))
async function type(id: string, text: string): Promise<HTMLElement> {
  const field = await appears(id)
  if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) throw new Error(`${id} takes no text`)
  field.value = text
  field.dispatchEvent(new Event('input'))
  return field
}
const enter = (more: KeyboardEventInit = {}): boolean =>
  document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true, ...more })) ?? false
/** What is read with the field that has this id. */
const says = (id: string): string => document.getElementById(at(id)?.getAttribute('aria-describedby') ?? '')?.textContent.trim() ?? ''
const focused = (): string | undefined =>
  document.activeElement instanceof HTMLElement ? document.activeElement.dataset['testid'] : undefined

/** Drafts belong to who is signed in and where: opened once that is known, as on the screens. */
async function opened(wrapper: { setProps(props: { open: boolean }): Promise<void> }): Promise<void> {
  await untilPasses(() => expect(useConsole().me).not.toBeNull())
  await wrapper.setProps({ open: true })
}

async function wizard(of: typeof RoleWizard | typeof AddPartner, options: Parameters<typeof surroundings>[0] = {}) {
  const made = surroundings({ rooms: 6, answers: policyAnswers([]), ...options })
  const mounted = mount(of, { props: { open: false }, global: made.global, attachTo: document.body })
  await opened(mounted)
  return made
}

describe('[CON-4] a form', () => {
  it('is typed into as soon as it is open, and Enter is Next', async () => {
    await wizard(RoleWizard)
    await untilPasses(() => expect(focused()).toBe('role-name'))
    await type('role-name', 'Field team of the north')
    enter()
    await untilPasses(() => expect(at('step-permissions')?.dataset['state']).toBe('now'))
  })

  it('takes Enter in text of several lines as a new line, and Ctrl with Enter as Next', async () => {
    await wizard(RoleWizard)
    await type('role-name', 'Field team of the north')
    at('role-description')?.focus()
    enter()
    expect(at('step-properties')?.dataset['state']).toBe('now')
    enter({ ctrlKey: true })
    await untilPasses(() => expect(at('step-permissions')?.dataset['state']).toBe('now'))
  })

  it('goes on by no Enter that ends a composition', () => {
    const input = document.body.appendChild(document.createElement('input'))
    let went: boolean[] = []
    input.addEventListener('keydown', (event) => (went = [...went, goesOn(event)]))
    for (const isComposing of [true, false]) input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing }))
    expect(went).toEqual([false, true])
  })

  it('does not go on by the Enter that ends a search in it', () => {
    const { global } = surroundings()
    const search = mount(SearchField, { props: { value: '', label: 'Search rooms' }, global, attachTo: document.body })
    const went: boolean[] = []
    search.element.addEventListener('keydown', (event: Event) => event instanceof KeyboardEvent && went.push(goesOn(event)))
    search.find('input').element.focus()
    enter()
    search.find('input').element.focus()
    enter({ ctrlKey: true })
    expect(went).toEqual([false, true])
  })

  it.each(['en', 'fr'] as const)('says at once that a role of this name is there, in any of its writings (%s)', async (language) => {
    const made = surroundings({ rooms: 6, answers: policyAnswers([]) }, language)
    const mounted = mount(RoleWizard, { props: { open: false }, global: made.global, attachTo: document.body })
    await opened(mounted)
    const known = makeRoles().find(({ builtIn }) => !builtIn)?.name ?? expect.fail('no role')
    await type('role-name', known.replace('e', 'é'))
    await untilPasses(() => expect(at('role-name')?.getAttribute('aria-invalid')).toBe('false'))
    for (const taken of [known.toUpperCase(), ` ${known} `, 'Site Lead', 'Responsable de site']) {
      await type('role-name', taken)
      await untilPasses(() => expect(at('role-name')?.getAttribute('aria-invalid')).toBe('true'))
      expect(says('role-name')).toContain(language === 'en' ? 'already' : 'déjà pris')
    }
    at('role-name')?.focus()
    enter()
    expect(at('step-properties')?.dataset['state']).toBe('now')
  })

  it('says it of assignments and groups too, and not of the one that is being changed', async () => {
    const { global } = surroundings({ rooms: 6, answers: policyAnswers([]) })
    const role = makeRoles().find(({ id }) => id === fieldRole) ?? expect.fail('no role')
    const mounted = mount(AssignmentWizard, { props: { open: false, role }, global, attachTo: document.body })
    await opened(mounted)
    const [known] = makeAssignments()
    await type('assignment-name', known?.name ?? '')
    await untilPasses(() => expect(says('assignment-name')).toContain('already'))
    await mounted.setProps({ open: false })

    mount(GroupEditor, { props: {}, global, attachTo: document.body })
    await untilPasses(() => expect(focused()).toBe('group-name'))
    await type('group-name', makeGroups()[0]?.name ?? '')
    await untilPasses(() => expect(says('group-name')).toContain('already'))
  })

  it('[ACC-7] saves by an Enter that comes before the effect is known, as soon as it is known to touch nobody', async () => {
    const role = makeRoles().find(({ id }) => id === fieldRole) ?? expect.fail('no role')
    const { global, core } = surroundings({ rooms: 6, answers: policyAnswers([], { 'policy.preview': () => noEffect }) })
    mount(RoleEdit, { props: { role, part: 'properties' }, global, attachTo: document.body })
    const saved = (): boolean => core.asked.some(({ name }) => name === 'policy.apply')
    const field = await type('role-name', '')
    await nextTick()
    field.focus()
    at('role-description')?.focus()
    enter({ ctrlKey: true })
    await untilPasses(() => expect(focused()).toBe('role-name'))
    await type('role-name', 'Field team of the south')
    await nextTick()
    enter()
    expect(saved()).toBe(false)
    await untilPasses(() => expect(saved()).toBe(true))
  })

  it('[ACC-7] saves by such an Enter, too, once what was refused before is mended', async () => {
    const role = makeRoles().find(({ id }) => id === fieldRole) ?? expect.fail('no role')
    let taken = true
    const preview = () => {
      if (taken) throw new RoomkeeperError('policy.escalation')
      return noEffect
    }
    const { global, core } = surroundings({ rooms: 6, answers: policyAnswers([], { 'policy.preview': preview }) })
    mount(RoleEdit, { props: { role, part: 'properties' }, global, attachTo: document.body })
    const saved = (): boolean => core.asked.some(({ name }) => name === 'policy.apply')
    await type('role-name', 'Field team')
    await untilPasses(() => expect(document.querySelector('[role="alert"]')).not.toBeNull())
    taken = false
    const field = await type('role-name', 'Field team of the north')
    await nextTick()
    field.focus()
    enter()
    await untilPasses(() => expect(saved()).toBe(true))
  })

  it('shows all that is wrong with a page at once, and gives the focus to the first', async () => {
    await wizard(AddPartner, { answers: partnerAnswers() })
    await untilPasses(() => expect(focused()).toBe('partner-domain'))
    await type('partner-days', '31')
    at('wizard-next')?.focus()
    at('wizard-next')?.click()
    await untilPasses(() => expect(says('partner-domain')).toContain('domain name'))
    expect(says('partner-days')).toContain('31')
    expect(at('wizard-missing')?.textContent).toMatch(/domain name.*31/su)
    await untilPasses(() => expect(focused()).toBe('partner-domain'))
  })

  it('says the range of a number before anything is wrong, and all that are wrong when it is saved', async () => {
    const { global, core } = surroundings({ rooms: 1 })
    mount(Rules, { global, attachTo: document.body })
    await untilPasses(() => expect(at('setting-flapCount')?.getAttribute('aria-invalid')).toBe('false'))
    const range = (): string => document.getElementById('setting-flapCount-says')?.textContent ?? ''
    expect(range()).toBe('2 to 100')
    await type('setting-flapCount', '1')
    await type('setting-openHoldMs', '4000')
    await untilPasses(() => expect(document.querySelectorAll('[aria-invalid="true"]')).toHaveLength(2))
    at('settings-save')?.click()
    expect([focused(), core.asked.some(({ name }) => name === 'commands.submit')]).toEqual(['setting-openHoldMs', false])
    await type('setting-openHoldMs', '60')
    await type('setting-flapCount', '5')
    at('setting-flapCount')?.focus()
    enter()
    await untilPasses(() => expect(core.asked.some(({ name }) => name.startsWith('commands.submit'))).toBe(true))
  })
})

describe('[PAR-1] a partner’s domain', () => {
  it.each([
    ['contoso', 'contoso', 0],
    ['contoso', 'contsoo', 1],
    ['contoso', 'cotoso', 1],
    ['contoso', 'kontosso', 2],
    ['', 'abc', 3],
    ['fabrikam', 'litware', 8],
  ])('%s and %s are %i slips apart', (one, other, slips) => {
    expect(slipsBetween(one, other)).toBe(slips)
    expect(slipsBetween(other, one)).toBe(slips)
  })

  it.each([
    ['contsoo.example', 'contoso.example'],
    ['Contosso.Example.', 'contoso.example'],
    ['contoso.exampel', 'contoso.example'],
    ['contoso.example', undefined],
    ['fabricam.example', 'fabrikam.example'],
    ['tailspin.example', undefined],
    ['', undefined],
  ])('%j is meant for %s', (typed, meant) => {
    expect(meantDomain(typed, ['contoso.example', 'fabrikam.example'])).toBe(meant)
  })

  it('is offered as it is known, and is said to be linked already', async () => {
    const { core } = await wizard(AddPartner, { answers: partnerAnswers() })
    await type('partner-domain', 'fabrikma.example')
    ;(await appears('domain-take')).click()
    await untilPasses(() => expect(at('domain-meant')).toBeNull())
    const field = at('partner-domain')
    expect(field instanceof HTMLInputElement ? field.value : '').toBe('fabrikam.example')
    await untilPasses(() => expect(says('partner-domain')).toContain('already'))
    expect(core.asked.some(({ name }) => name === 'policy.apply')).toBe(false)
  })

  it('is offered from what was accepted and from one’s own people alone, and never as one’s own', async () => {
    const members = (domain: string): Principal[] => [{ kind: 'person', id: 'p-1', name: 'Kim', email: `kim@${domain}`, known: true }]
    const assignments = [
      makeAssignment(1, { members: members('litware.example') }),
      makeAssignment(2, { members: members('proseware.example'), link: makePartner(1).id }),
    ]
    await wizard(AddPartner, {
      answers: partnerAnswers({
        'policy.partners': () => ({ items: [makePartner(1), makePartner(2, { status: 'invited', domain: 'tailspin.example' })] }),
        'policy.assignments': () => ({ items: assignments }),
      }),
    })
    const offered: (string | null)[] = []
    await type('partner-domain', 'litwrae.example')
    await appears('domain-take')
    for (const typed of ['litwrae', 'fabrikma', 'tailspni', 'prosewrae', 'contsoo', 'contoso']) {
      await type('partner-domain', `${typed}.example`)
      await nextTick()
      offered.push(at('domain-take')?.textContent.trim().split(' ').at(-1) ?? null)
    }
    expect(offered).toEqual([expect.stringContaining('litware'), expect.stringContaining('fabrikam'), null, null, null, null])
  })

  it('is looked at by the service while it is typed, which knows more of one’s own domains', async () => {
    await wizard(AddPartner, {
      answers: partnerAnswers({
        'policy.preview': () => {
          throw new RoomkeeperError('partner.ownDomain')
        },
      }),
    })
    await type('partner-domain', 'contoso-group.example')
    await untilPasses(() => expect(says('partner-domain')).toContain('your own organisation'))
    // What was said of it is not said of the next one while the service has not been asked.
    await type('partner-domain', 'tailspin.example')
    await nextTick()
    expect(says('partner-domain')).not.toContain('your own organisation')
  })

  it('that nobody is known by is taken without a word', async () => {
    await wizard(AddPartner, { answers: partnerAnswers() })
    await type('partner-domain', 'tailspin.example')
    await untilPasses(() => expect(at('partner-domain')?.getAttribute('aria-invalid')).toBe('false'))
    expect(at('domain-meant')).toBeNull()
  })
})
