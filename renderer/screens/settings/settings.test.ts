import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { tenantId } from '../../fixtures/fake-partners.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import General from './General.vue'

/** What was typed and what is sent for each of the two forms. */
const forms = [
  { field: '#setting-offlineLeaseDays', typed: '14', changes: { offlineLeaseDays: 14 } },
  { field: '#setting-flapCount', typed: '9', changes: { flapCount: 9 } },
]

describe('Settings → General', () => {
  it('has what is read with a field wherever a field says so', async () => {
    const { global } = surroundings({ rooms: 1 })
    const page = mount(General, { global, attachTo: document.body })
    await untilPasses(() => expect(page.find('#setting-flapCount').exists()).toBe(true))
    const named = page.findAll('[aria-describedby]').flatMap((one) => (one.attributes('aria-describedby') ?? '').split(' '))
    expect(named.filter((id) => document.getElementById(id) === null)).toEqual([])
    expect(named.length).toBeGreaterThan(5)
    page.unmount()
  })
})

describe.each(forms)('the form of $field', ({ field, typed, changes }) => {
  it('keeps what is typed while another page is open', async () => {
    const { global } = surroundings({ rooms: 1 })
    const first = mount(General, { global, attachTo: document.body })
    await untilPasses(() => expect(first.find(field).exists()).toBe(true))
    await first.get(field).setValue(typed)
    first.unmount()
    const again = mount(General, { global, attachTo: document.body })
    await untilPasses(() => expect(again.find(field).exists()).toBe(true))
    expect((again.get(field).element as HTMLInputElement).value).toBe(typed)
    again.unmount()
  })

  it('is sent once, however often Enter is pressed, and not where nothing was changed', async () => {
    const { core, global } = surroundings({ rooms: 1 })
    const page = mount(General, { global, attachTo: document.body })
    await untilPasses(() => expect(page.find(field).exists()).toBe(true))
    const form = page.findAll('form').find((one) => one.find(field).exists())
    await form?.trigger('submit')
    await page.get(field).setValue(typed)
    void form?.trigger('submit')
    void form?.trigger('submit')
    await untilPasses(() => expect(core.asked.some(({ name }) => name === 'commands.submit')).toBe(true))
    await untilPasses(() => expect((page.get(field).element as HTMLInputElement).value).toBe(typed))
    expect(core.asked.filter(({ name }) => name === 'commands.submit').map(({ input }) => input)).toEqual([
      { tenant: tenantId(1), command: { type: 'settings.change', changes } },
    ])
    page.unmount()
  })
})
