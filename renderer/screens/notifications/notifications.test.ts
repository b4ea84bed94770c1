import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { EndpointId, NotifyRuleId, PersonId } from '../../../contract/ids.ts'
import type { Endpoint, Notice, NotifyRule } from '../../../contract/notifications.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { tenantId } from '../../fixtures/fake-partners.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { makeIncidents, makeRoom } from '../../fixtures/world.ts'
import WhyNotified from '../incidents/WhyNotified.vue'
import NoticeMenu from '../shell/NoticeMenu.vue'
import Notifications from './Notifications.vue'
import { draftOf, formOf } from './rule-form.ts'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)
const person = PersonId.parse('00000000-0000-7000-8000-000000000001')
const incident = makeIncidents(
  Array.from({ length: 20 }, (_, n) => makeRoom(n, 1)),
  1,
)[0]!

const rule: NotifyRule = {
  id: NotifyRuleId.parse('00000000-0000-7000-8000-00000000a001'),
  owner: person,
  since: 1,
  changedAt: 1,
  name: 'By night',
  on: true,
  what: { events: ['opened'], severities: ['important'], groups: [], mine: false },
  when: { timeZone: 'Europe/Paris', quiet: { days: [1, 2, 3, 4, 5, 6, 7], from: 22 * 60, to: 7 * 60 } },
  language: 'en',
  to: { kind: 'me', console: true, desktop: true, email: false },
}
const endpoint: Endpoint = {
  id: EndpointId.parse('00000000-0000-7000-8000-00000000e001'),
  name: 'On-call',
  kind: 'webhook',
  url: 'https://hooks.example/',
  on: true,
  failingSince: 1,
  switchedOffAt: null,
  last: { at: 2, ok: false, test: false, problem: 'answered', status: 503 },
}
const applied = () => ({ outcome: 'applied' as const, at: 1 })

describe('[INC-6] Settings → Notifications', () => {
  it('lists rules and endpoints with how they go, and saves a new rule as it was typed', async () => {
    const answers = {
      'notices.rules': () => ({ items: [rule], mail: false }),
      'notices.endpoints': () => ({ items: [endpoint] }),
      'policy.apply': applied,
    }
    const { core, global } = surroundings({ globalAdministrator: true, answers })
    mount(Notifications, { global, attachTo: document.body })
    await untilPasses(() => expect(find('rule')?.textContent).toContain('By night'))
    expect(find('rule')?.textContent).toContain('needs action')
    expect(find('endpoint-state')?.textContent).toContain('It answered with an error. (503)')
    find('add-rule-me')?.click()
    await untilPasses(() => expect(find('rule-name')).not.toBeNull())
    find('rule-save')?.click()
    // Without a name it goes nowhere.
    await untilPasses(() => expect(find('rule-dialog')?.textContent).toContain('Give it a name.'))
    const name = find('rule-name')
    if (!(name instanceof HTMLInputElement)) throw new Error('There is no name.')
    name.value = 'Mine'
    name.dispatchEvent(new Event('input'))
    find('rule-email')?.click()
    find('rule-save')?.click()
    await untilPasses(() =>
      expect(core.asked.find(({ name: call }) => call === 'policy.apply')?.input).toMatchObject({
        tenant: tenantId(1),
        command: {
          type: 'notifications.saveRule',
          draft: { name: 'Mine', on: true, what: { events: ['opened', 'resolved'] }, to: { kind: 'me', console: true, email: true } },
        },
      }),
    )
  })

  it('shows who may not change the settings their own rules alone', async () => {
    const { core, global } = surroundings({
      answers: { 'notices.rules': () => ({ items: [], mail: true }) },
      globalAdministrator: false,
      grants: [],
    })
    mount(Notifications, { global, attachTo: document.body })
    await untilPasses(() => expect(document.querySelectorAll('[data-testid=no-rules-me]').length).toBeGreaterThan(0))
    expect(core.asked.some(({ name }) => name === 'notices.endpoints')).toBe(false)
  })

  it('takes hours as they are typed, past midnight too, and says what is wrong', () => {
    const form = formOf(rule, 'UTC', 'en')
    expect(draftOf(form, 'me').draft).toEqual({ ...rule, id: undefined, owner: undefined, since: undefined, changedAt: undefined })
    form.quiet.from = ''
    form.console = form.desktop = form.email = false
    form.events = []
    expect([...(draftOf(form, 'me').wrong ?? [])].sort()).toEqual(['to', 'what.events', 'when.quiet'])
  })
})

describe('[INC-6] the bell', () => {
  it('counts what is unread, opens what it is about, and marks it as read', async () => {
    const { id, number, room, signal, severity } = incident
    const notice: Notice = {
      id: '00000000-0000-7000-8000-00000000b001' as Notice['id'],
      person,
      at: Date.now(),
      what: 'assigned',
      incident: { id, number, room, roomName: 'Boardroom', signal, severity },
      by: 'Amélie',
      desktop: false,
    }
    const tenant = { id: tenantId(1), name: 'Contoso' }
    const answers = { 'notices.list': () => ({ rows: [{ ...notice, tenant }] }), 'notices.read': () => ({}) }
    const { core, router, global } = surroundings({ answers })
    mount(NoticeMenu, { global, attachTo: document.body })
    await untilPasses(() => expect(find('notice-count')?.textContent).toBe('1'))
    const bell = find('notices')
    expect(bell?.getAttribute('aria-label')).toBe('1 unread notification')
    bell?.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, button: 0 }))
    bell?.click()
    await untilPasses(() => expect(find('notice')?.textContent).toContain(`Amélie assigned #${number} to you`))
    find('notice')?.click()
    await untilPasses(() =>
      expect(core.asked.find(({ name }) => name === 'notices.read')?.input).toEqual({ tenant: tenant.id, notices: [notice.id] }),
    )
    await untilPasses(() => expect(router.currentRoute.value.path).toBe(`/incidents/${id}`))
    expect(find('notice-count')).toBeNull()
  })
})

describe('[INC-6] why somebody was, or was not, told', () => {
  it('is asked when it is opened, and says of each rule what became of it', async () => {
    const head = { channel: 'email' as const, event: 'opened' as const, at: 1 }
    const items = [
      {
        ...head,
        rule: { id: 'a', name: 'By night', origin: 'person' as const },
        told: { state: 'not' as const, why: 'severity' as const },
      },
      { ...head, rule: { id: 'product', name: '', origin: 'product' as const }, told: { state: 'told' as const, at: 5 } },
    ]
    const { core, global } = surroundings({ answers: { 'notices.why': () => ({ items }) } })
    mount(WhyNotified, { props: { incident: incident.id }, global, attachTo: document.body })
    expect(core.asked.some(({ name }) => name === 'notices.why')).toBe(false)
    find('why-notified')?.click()
    await untilPasses(() => expect(find('why-items')?.textContent).toContain('The rule does not name this severity'))
    expect(find('why-items')?.textContent).toContain('What is about you')
  })
})
