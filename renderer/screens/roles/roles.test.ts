import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { RouterView } from 'vue-router'
import type { Access } from '../../../contract/access.ts'
import type { PolicyCommand } from '../../../contract/commands.ts'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { RoleId, type TenantId } from '../../../contract/ids.ts'
import type { SessionState } from '../../../contract/views.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import type { FakeOptions } from '../../fixtures/fake-core.ts'
import { partnerSession, tenantId } from '../../fixtures/fake-partners.ts'
import {
  assignmentId,
  directory,
  effectOf,
  fieldRole,
  makeAssignment,
  makeRoles,
  partnerLink,
  policyAnswers,
} from '../../fixtures/fake-policy.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import MemberPicker from '../../parts/pickers/MemberPicker.vue'
import { uuid } from '../../fixtures/world.ts'
import Settings from '../settings/Settings.vue'
import PersonMenu from '../shell/PersonMenu.vue'
import RolePage from './RolePage.vue'
import Roles from './Roles.vue'

/** Machines are slow when many tests run; a condition that never comes still fails. */

/** In dialogs everything hangs below the body. */
const at = (id: string): HTMLElement | null => document.querySelector(`[data-testid="${id}"]`)
const all = (id: string): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)]
const appears = (id: string): Promise<HTMLElement> => untilPasses(() => at(id) ?? expect.fail(`no ${id}`))
const press = async (id: string): Promise<void> =>
  (
    await untilPasses(() => (at(id)?.hasAttribute('disabled') ? expect.fail(`${id} is disabled`) : (at(id) ?? expect.fail(`no ${id}`))))
  ).click()
async function type(id: string, text: string): Promise<void> {
  const field = await appears(id)
  if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) throw new Error(`${id} takes no text`)
  field.value = text
  field.dispatchEvent(new Event('input'))
}

async function open(path: string, options: FakeOptions = {}, language: 'en' | 'fr' = 'en') {
  const saved: PolicyCommand[] = []
  const { core, router, global } = surroundings({ ...options, answers: policyAnswers(saved, options.answers) }, language)
  const children = [
    { path: 'roles', component: Roles },
    { path: 'roles/:role/:tab?', component: RolePage },
  ]
  router.addRoute({ path: '/settings', component: Settings, children })
  await router.push(path)
  mount(RouterView, { global, attachTo: document.body })
  return { core, saved, router }
}

/** A primary admin of a partner, in the tenant of its customer. */
function ofPartner(): SessionState {
  const session = partnerSession(tenantId(1))
  if (session.state !== 'signedIn' || !session.me) throw new Error('nobody')
  const access: Access = {
    globalAdministrator: false,
    link: partnerLink,
    grants: [
      { assignment: assignmentId(4), role: RoleId.parse('primaryAdmin'), permissions: ['roles.view', 'roles.modify'], scope: 'all' },
    ],
  }
  return { ...session, me: { ...session.me, access } }
}

describe('[ACC-3] the person menu', () => {
  it('names the roles of one’s own, also those that the organisation has made', async () => {
    const grant = (n: number, role: string, roleName?: string) => ({
      assignment: assignmentId(n),
      role: RoleId.parse(role),
      ...(roleName === undefined ? {} : { roleName }),
      permissions: [],
      scope: 'all' as const,
    })
    const { global } = surroundings({
      rooms: 1,
      globalAdministrator: false,
      grants: [grant(1, 'siteLead'), grant(2, uuid(9, 9), 'Night shift'), grant(3, uuid(9, 8))],
    })
    mount(PersonMenu, { global, attachTo: document.body })
    await untilPasses(() => expect(document.querySelector('[data-testid=person-menu]')).not.toBeNull())
    document.querySelector('[data-testid=person-menu]')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
    await untilPasses(() =>
      expect(document.querySelector('.who')?.textContent).toContain('Site Lead · Night shift · A role of your organisation’s own'),
    )
  })
})

describe('the policy as a file', () => {
  it('is saved and read on the page of roles, by who sees all of them', async () => {
    const { core } = await open('/settings/roles', { answers: { 'policy.saveFile': () => ({ path: '/tmp/policy.yaml', bytes: 10 }) } })
    await press('policy-export')
    await untilPasses(() => expect(core.asked.some(({ name }) => name === 'policy.saveFile')).toBe(true))
    expect(at('policy-import')).not.toBeNull()
  })

  it('is not there for a person of a partner', async () => {
    await open('/settings/roles', { session: ofPartner() })
    await appears('roles')
    expect(at('policy-export')).toBeNull()
  })
})

describe('the list of roles', () => {
  it('finds a role by a name it had before, accents or not, and says so', async () => {
    await open('/settings/roles')
    await untilPasses(() => expect(all('role-row')).toHaveLength(4))
    const search = document.querySelector<HTMLInputElement>('[data-testid=role-search] input')
    if (!search) throw new Error('no search')
    search.value = 'administrateur de service gere'
    search.dispatchEvent(new Event('input'))
    await untilPasses(() => expect(all('role-row').map((row) => row.dataset['role'])).toEqual(['proManager']))
    expect(at('role-row')?.textContent).toContain('Teams Rooms Pro Manager')
    expect(at('formerly')?.textContent).toContain('Administrateur de service géré')
  })

  it('says that it needs the service, and reads once that is back', async () => {
    let reached = false
    const { core } = await open('/settings/roles', {
      answers: {
        'policy.roles': () => {
          if (!reached) throw new RoomkeeperError('network.offline')
          return { items: makeRoles() }
        },
      },
      sync: 'offline',
    })
    await appears('read-offline')
    reached = true
    core.set('sync', { state: 'live', syncedAt: Date.now() })
    await untilPasses(() => expect(all('role-row').length).toBeGreaterThan(0))
  })

  it('says while it is offline that what is shown may be old', async () => {
    const { core } = await open('/settings/roles')
    await appears('role-row')
    expect(at('read-old')).toBeNull()
    core.set('sync', { state: 'offline', since: 0, why: 'network', nextTryAt: null, syncedAt: 0 })
    expect((await appears('read-old')).textContent).toContain('may be old')
    expect(all('role-row').length).toBeGreaterThan(0)
  })

  it('takes away what was shown when the right to see it is withdrawn', async () => {
    let allowed = true
    const { core } = await open('/settings/roles', {
      answers: {
        'policy.roles': () => {
          if (!allowed) throw new RoomkeeperError('access.denied')
          return { items: makeRoles() }
        },
      },
    })
    await appears('role-row')
    allowed = false
    core.changed(['policy'])
    await appears('read-refused')
    expect(all('role-row')).toEqual([])
  })
})

describe('a role', () => {
  it('that is built in says why it cannot be edited, and can be copied', async () => {
    await open('/settings/roles/proManager')
    expect((await appears('role-why')).textContent).toContain('cannot be renamed, edited or deleted')
    expect([at('role-edit'), at('role-delete')]).toEqual([null, null])
    await press('role-copy')
    expect(((await appears('role-name')) as HTMLInputElement).value).toBe('Copy of Teams Rooms Pro Manager')
  })

  it('that is being edited is left only after asking', async () => {
    await open(`/settings/roles/${fieldRole}`)
    await press('role-edit')
    await type('role-name', 'Remote eyes')
    at('role-editor')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))
    await press('edit-stay')
    expect(((await appears('role-name')) as HTMLInputElement).value).toBe('Remote eyes')
  })

  it('is deleted only after it was said who loses what', async () => {
    const { saved, router } = await open(`/settings/roles/${fieldRole}`)
    await press('role-delete')
    expect((await appears('effect-lose')).textContent).toContain('3 people lose 41 rooms.')
    expect(at('effect-person')?.textContent).toContain('Clara Nguyen')
    expect(saved).toEqual([])
    await press('delete-confirm')
    await untilPasses(() => expect(saved).toEqual([{ type: 'role.delete', role: fieldRole }]))
    await untilPasses(() => expect(router.currentRoute.value.path).toBe('/settings/roles'))
  })

  it('cannot be deleted where the service would refuse', async () => {
    await open(`/settings/roles/${fieldRole}`, { fail: { 'policy.preview': 'policy.escalation' } })
    await press('role-delete')
    expect((await appears('effect-problem')).textContent).toContain('more than you hold yourself')
    expect(at('delete-confirm')?.hasAttribute('disabled')).toBe(true)
  })
})

describe('a change', () => {
  /** The first answer is lost on the way. */
  const lostOnce = () => {
    let lost = false
    return (): void => {
      if (lost) return
      lost = true
      throw new RoomkeeperError('network.offline')
    }
  }

  it('whose effect could not be had is looked at again when the service is back, or when asked to', async () => {
    const lose = lostOnce()
    const { core } = await open(`/settings/roles/${fieldRole}`, {
      sync: 'offline',
      answers: { 'policy.preview': ({ command }) => (lose(), effectOf(command)) },
    })
    await press('role-delete')
    await appears('effect-problem')
    await appears('effect-again')
    expect(at('delete-confirm')?.hasAttribute('disabled')).toBe(true)
    core.set('sync', { state: 'live', syncedAt: Date.now() })
    await appears('effect-lose')
    await untilPasses(() => expect(at('delete-confirm')?.hasAttribute('disabled')).toBe(false))
  })

  it('that did not reach the service can be sent again', async () => {
    const lose = lostOnce()
    const sent: PolicyCommand[] = []
    await open(`/settings/roles/${fieldRole}`, {
      answers: {
        'policy.apply': ({ command }) => {
          lose()
          sent.push(command)
          return { outcome: 'applied', at: Date.now() }
        },
      },
    })
    await press('role-delete')
    await appears('effect-lose')
    await press('delete-confirm')
    await appears('effect-problem')
    await press('delete-confirm')
    await untilPasses(() => expect(sent).toHaveLength(1))
  })
})

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

describe('the wizard of a new role', () => {
  it('makes the role and its first assignment in one command', async () => {
    const { saved } = await open('/settings/roles')
    await press('create-role')
    await type('role-name', 'Remote support')
    await press('wizard-next')
    ;(
      await untilPasses(() => document.querySelector<HTMLElement>('[data-testid="permission-rooms.view"] button') ?? expect.fail('no box'))
    ).click()
    expect(document.querySelector('[data-testid="permission-remoteAccess.modify"] button')).toBeNull()
    await press('wizard-next')
    await type('assignment-name', 'Support')
    await press('wizard-next')
    await type('member-search', 'clara')
    await untilPasses(() => expect(all('member-match')).toHaveLength(1))
    at('member-match')?.click()
    await press('wizard-next')
    await press('scope-all')
    await press('wizard-next')
    expect((await appears('review-sentence')).textContent).toContain('Clara Nguyen becomes Remote support over all rooms.')
    await appears('effect-gain')
    await press('wizard-next')
    await untilPasses(() =>
      expect(saved).toMatchObject([
        { type: 'role.save', name: 'Remote support', permissions: ['rooms.view'], first: { name: 'Support', scope: 'all' } },
      ]),
    )
  })
})

describe('another tenant', () => {
  it('closes a wizard that is open, and has none of its draft, which stays where it was begun', async () => {
    const sessionOf = (entered: TenantId): SessionState => {
      const session = partnerSession(entered)
      return session.state === 'signedIn' && session.me ? { ...session, me: { ...session.me, tenant: entered } } : session
    }
    const { core } = await open('/settings/roles', { session: sessionOf(tenantId(9)) })
    await press('create-role')
    await type('role-name', 'Night shift')
    core.set('session', sessionOf(tenantId(1)))
    await untilPasses(() => expect(at('wizard')).toBeNull())
    await press('create-role')
    expect(((await appears('role-name')) as HTMLInputElement).value).toBe('')
    core.set('session', sessionOf(tenantId(9)))
    await untilPasses(() => expect(at('wizard')).toBeNull())
    await press('create-role')
    await appears('draft-restored')
    expect(((await appears('role-name')) as HTMLInputElement).value).toBe('Night shift')
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
