import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import type { PolicyCommand } from '../../../contract/commands.ts'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { RoleId, type TenantId } from '../../../contract/ids.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import type { SessionState } from '../../../contract/views.ts'
import { all, appears, at, press, type } from '../../fixtures/by-test-id.ts'
import { partnerSession, tenantId } from '../../fixtures/fake-partners.ts'
import { assignmentId, effectOf, fieldRole, makeRoles } from '../../fixtures/fake-policy.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { ofPartner, open } from '../../fixtures/roles-page.ts'
import { uuid } from '../../fixtures/world.ts'
import PersonMenu from '../shell/PersonMenu.vue'

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
