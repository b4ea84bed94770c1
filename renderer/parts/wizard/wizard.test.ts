import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { until, untilPasses } from '../../../contract/testing/wait.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import WizardFrame from './WizardFrame.vue'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)
const steps = (wrong: string) => [
  { id: 'domain', title: 'Domain', text: '', missing: wrong === '' ? [] : [wrong] },
  { id: 'rooms', title: 'Rooms', text: '', missing: [] },
  { id: 'review', title: 'Review', text: '', missing: [] },
]

describe('a wizard', () => {
  it('leads back to a page that turned out to be wrong after it was left, and says what is', async () => {
    const { global } = surroundings()
    const wanted: string[] = []
    const heard = { 'onUpdate:at': (to: string) => void wanted.push(to) }
    const wizard = mount(WizardFrame, {
      props: { open: true, at: 'domain', title: 'Add', steps: steps(''), finish: 'Add', touched: true, ...heard },
      global,
      attachTo: document.body,
    })
    const next = await until('the first page', () => find('wizard-next'))
    next.click()
    expect(wanted).toEqual(['rooms'])
    await wizard.setProps({ at: 'rooms' })
    await wizard.setProps({ steps: steps('That domain is your own.') })
    find('wizard-next')?.click()
    expect(wanted).toEqual(['rooms', 'domain'])
    await wizard.setProps({ at: 'domain' })
    await untilPasses(() => expect(find('wizard-missing')?.textContent).toBe('That domain is your own.'))
    wizard.unmount()
  })
})
