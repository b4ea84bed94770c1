import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { untilPasses } from '../../../contract/testing/wait.ts'
import type { SessionState } from '../../../contract/views.ts'
import { makeCustomer, partnerAnswers, partnerSession, principals, tenantId } from '../../fixtures/fake-partners.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import Toasts from '../../parts/Toasts.vue'
import { useRequests } from '../../stores/requests.ts'
import Tenants from '../tenants/Tenants.vue'
import Palette from './Palette.vue'
import Shell from './Shell.vue'
import TenantSwitcher from './TenantSwitcher.vue'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)
const all = (id: string): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)]

describe('the tenant switcher', () => {
  it('is only a name for who has no customers', async () => {
    const { global } = surroundings({ rooms: 6 })
    mount(TenantSwitcher, { global, attachTo: document.body })
    await untilPasses(() => expect(find('tenant')?.textContent).toBe('Contoso'))
    expect(find('tenant-switcher')).toBeNull()
  })

  it('offers one’s own organisation, the customers and all together, and enters what is chosen by keyboard', async () => {
    const { core, global } = surroundings({ rooms: 6, session: partnerSession(tenantId(9), [tenantId(2)]), answers: partnerAnswers() })
    mount(TenantSwitcher, { global, attachTo: document.body })
    await untilPasses(() => expect(find('tenant-switcher')).not.toBeNull())
    find('tenant-switcher')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
    await untilPasses(() =>
      expect(all('tenant-choice').map((one) => one.dataset['tenant'])).toEqual([tenantId(9), tenantId(1), tenantId(2), 'all']),
    )
    expect(all('tenant-choice').map((one) => one.dataset['locked'])).toEqual(['false', 'false', 'true', 'false'])
    expect(all('tenant-choice')[2]?.textContent).toContain('too long without contact')
    all('tenant-choice')[1]?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
    await untilPasses(() => expect(core.asked.find(({ name }) => name === 'session.enter')?.input).toEqual({ tenant: tenantId(1) }))
  })

  it('is in the palette too', async () => {
    const { core, global } = surroundings({ rooms: 6, session: partnerSession(), answers: partnerAnswers() })
    const palette = mount(Palette, { props: { open: false }, global, attachTo: document.body })
    await palette.setProps({ open: true })
    await untilPasses(() => expect(all('palette-entry').some((one) => one.textContent?.includes('Switch to Northwind'))).toBe(true))
    all('palette-entry')
      .find((one) => one.textContent?.includes('Switch to All customers'))
      ?.click()
    await untilPasses(() => expect(core.asked.find(({ name }) => name === 'session.enter')?.input).toEqual({ tenant: 'all' }))
  })
})

describe('Tenants', () => {
  it('accepts an invitation once primary admins are named', async () => {
    const items = [
      makeCustomer(3, 'Tailspin', { status: 'invited', acceptedAt: null }),
      makeCustomer(4, 'Late', { status: 'expired', acceptedAt: null, expiresAt: Date.now() - 1 }),
    ]
    const { core, global } = surroundings({
      rooms: 6,
      session: partnerSession(),
      answers: partnerAnswers({ 'policy.customers': () => ({ items, mayManage: true, tenantManagers: [] }) }),
    })
    mount(Tenants, { global, attachTo: document.body })
    await untilPasses(() => expect(all('invitation-accept').map((one) => one.hasAttribute('disabled'))).toEqual([false, true]))
    all('invitation-accept')[0]?.click()
    await untilPasses(() => expect(find('member-search')).not.toBeNull())
    find('wizard-next')?.click()
    await untilPasses(() => expect(find('wizard-missing')?.textContent).toContain('primary admin'))
    find('member-search')?.focus()
    await untilPasses(() => expect(all('member-match')).toHaveLength(2))
    all('member-match')[0]?.click()
    await untilPasses(() => expect(all('member-chip')).toHaveLength(1))
    find('wizard-next')?.click()
    await untilPasses(() => expect(find('accept-review')?.textContent).toContain('Kim Abara'))
    find('wizard-next')?.click()
    await untilPasses(() =>
      expect(core.asked.find(({ name }) => name === 'policy.apply')?.input).toEqual({
        tenant: tenantId(9),
        command: { type: 'invitation.accept', link: items[0]?.link, admins: [{ kind: 'person', id: principals[0]?.id }] },
      }),
    )
  })

  it('keeps the primary admins that were named when accepting is left, and asks first', async () => {
    const items = [makeCustomer(3, 'Tailspin', { status: 'invited', acceptedAt: null })]
    const { global } = surroundings({
      rooms: 6,
      session: partnerSession(),
      answers: partnerAnswers({ 'policy.customers': () => ({ items, mayManage: true, tenantManagers: [] }) }),
    })
    mount(Tenants, { global, attachTo: document.body })
    const accept = async () => (await untilPasses(() => find('invitation-accept') ?? expect.fail('no invitation'))).click()
    await accept()
    await untilPasses(() => expect(find('member-search')).not.toBeNull())
    find('member-search')?.focus()
    await untilPasses(() => expect(all('member-match')).toHaveLength(2))
    all('member-match')[0]?.click()
    await untilPasses(() => expect(all('member-chip')).toHaveLength(1))
    find('wizard-cancel')?.click()
    await untilPasses(() => expect(document.activeElement).toBe(find('wizard-stay')))
    find('wizard-leave')?.click()
    await untilPasses(() => expect(find('wizard')).toBeNull())
    await accept()
    await untilPasses(() => expect(all('member-chip')).toHaveLength(1))
  })

  it('keeps the tenant managers that are being chosen while a customer is looked at', async () => {
    const { core, global } = surroundings({ rooms: 6, session: partnerSession(), answers: partnerAnswers() })
    mount(Tenants, { global, attachTo: document.body })
    ;(await untilPasses(() => find('managers-edit') ?? expect.fail('no managers'))).click()
    await untilPasses(() => expect(find('member-search')).not.toBeNull())
    find('member-search')?.focus()
    await untilPasses(() => expect(all('member-match')).toHaveLength(2))
    all('member-match')[0]?.click()
    await untilPasses(() => expect(all('member-chip')).toHaveLength(1))
    core.set('session', partnerSession('all'))
    await untilPasses(() => expect(core.asked.filter(({ name }) => name === 'policy.customers')).toHaveLength(2))
    await untilPasses(() => expect(all('member-chip')).toHaveLength(1))
  })

  it.each([
    ['invitation-deny', 'invitation.deny'],
    ['customer-leave', 'customer.leave'],
  ])('asks before %s', async (button, command) => {
    const items = [makeCustomer(3, 'Tailspin', { status: 'invited', acceptedAt: null }), makeCustomer(1, 'Contoso')]
    const { core, global } = surroundings({
      rooms: 6,
      session: partnerSession(),
      answers: partnerAnswers({ 'policy.customers': () => ({ items, mayManage: true, tenantManagers: [] }) }),
    })
    mount(Tenants, { global, attachTo: document.body })
    await untilPasses(() => expect(find(button)).not.toBeNull())
    find(button)?.click()
    await untilPasses(() => expect(find('link-ending-confirm')).not.toBeNull())
    expect(core.asked.some(({ name }) => name === 'policy.apply')).toBe(false)
    find('link-ending-confirm')?.click()
    await untilPasses(() =>
      expect(core.asked.find(({ name }) => name === 'policy.apply')?.input).toMatchObject({ command: { type: command } }),
    )
  })
})

describe('a customer that is one no more', () => {
  const without = (session: SessionState): SessionState =>
    session.state === 'signedIn' ? { ...session, tenants: session.tenants.filter(({ id }) => id !== tenantId(1)) } : session

  it('goes from the palette while that is open', async () => {
    const { core, global } = surroundings({ rooms: 6, session: partnerSession(tenantId(1)), answers: partnerAnswers() })
    const palette = mount(Palette, { props: { open: false }, global, attachTo: document.body })
    await palette.setProps({ open: true })
    const input = await untilPasses(() => find('palette-input') ?? expect.fail('no field'))
    if (!(input instanceof HTMLInputElement)) throw new Error('The palette takes no text.')
    input.value = core.rooms[1]?.name ?? ''
    input.dispatchEvent(new Event('input'))
    const rooms = () => all('palette-entry').filter((one) => one.textContent?.includes(input.value))
    await untilPasses(() => expect(rooms().length).toBeGreaterThan(0))
    core.rooms.length = 0
    core.incidents.length = 0
    core.changed(['room', 'incident', 'me'])
    await untilPasses(() => expect(rooms()).toEqual([]))
  })

  it('is said, where it was shown', async () => {
    const { core, global } = surroundings({ rooms: 6, session: partnerSession(tenantId(1)), answers: partnerAnswers() })
    mount(Shell, { global, attachTo: document.body })
    mount(Toasts, { global, attachTo: document.body })
    await untilPasses(() => expect(find('tenant')?.textContent).toBe('Contoso'))
    core.set('session', without(partnerSession(tenantId(9))))
    await untilPasses(() => expect(document.body.textContent).toContain('You no longer have access to Contoso'))
  })
})

describe('a locked copy', () => {
  it('says how connecting goes, and why it does not', async () => {
    const { core, router, global } = surroundings({
      rooms: 6,
      sync: 'offline',
      session: partnerSession(tenantId(2), [tenantId(2)]),
      answers: partnerAnswers(),
    })
    await router.push('/incidents')
    mount(Shell, { global, attachTo: document.body })
    await untilPasses(() => expect(find('lease-why')?.textContent).toContain('cannot be reached'))
    expect(find('lease-connect')?.hasAttribute('disabled')).toBe(false)
    core.set('sync', { state: 'catchingUp', done: 1, total: 9, leftMs: null, syncedAt: null })
    await untilPasses(() => expect(find('lease-connect')?.getAttribute('aria-busy')).toBe('true'))
    expect(find('lease-why')).toBeNull()
  })

  it('leaves nothing of itself on the screens, whichever is open', async () => {
    const { core, router, global } = surroundings({ rooms: 6, session: partnerSession(tenantId(2)), answers: partnerAnswers() })
    router.addRoute({ path: '/settings/approvals', name: 'approvals', component: { render: () => 'requests' } })
    await router.push('/settings/approvals')
    mount(Shell, { global, attachTo: document.body })
    const requests = useRequests()
    await untilPasses(() => expect(requests.rows).toHaveLength(1))
    const session = partnerSession(tenantId(2), [tenantId(2)])
    core.set('session', session.state === 'signedIn' ? { ...session, me: null } : session)
    await untilPasses(() => expect(find('lease-ended')).not.toBeNull())
    expect(requests.rows).toBeNull()
  })

  it('is explained in place of the screen', async () => {
    const { router, global } = surroundings({ rooms: 6, session: partnerSession(tenantId(2), [tenantId(2)]), answers: partnerAnswers() })
    router.addRoute({ path: '/incidents', name: 'incidents', component: { render: () => 'rows' } })
    await router.push('/incidents')
    mount(Shell, { global, attachTo: document.body })
    await untilPasses(() => expect(find('lease-ended')?.textContent).toContain('The copy of Northwind is locked'))
  })
})
