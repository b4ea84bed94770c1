import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { untilPasses } from '../../contract/testing/wait.ts'
import { partnerAnswers, partnerSession, tenantId } from '../fixtures/fake-partners.ts'
import { surroundings } from '../fixtures/mounted.ts'
import Incidents from '../screens/incidents/Incidents.vue'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)

describe('[PAR-8] an empty home', () => {
  it('says where incidents need action, and goes there', async () => {
    const needAction = [
      [9, 0],
      [1, 2],
      [2, 5],
    ].map(([n = 0, count = 0]) => ({ tenant: tenantId(n), count, unclaimed: count }))
    const { core, global } = surroundings({ rooms: 0, session: partnerSession(), answers: partnerAnswers(), needAction })
    mount(Incidents, { global, attachTo: document.body })
    await untilPasses(() => expect(find('incidents-elsewhere')?.textContent).toContain('7 incidents need action elsewhere'))
    expect(find('incidents-elsewhere')?.textContent).toContain('Northwind (5) and Contoso (2)')
    find('elsewhere-all')?.click()
    await untilPasses(() => expect(core.asked.find(({ name }) => name === 'session.enter')?.input).toEqual({ tenant: 'all' }))
  })
})
