import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { tenantId } from '../../fixtures/fake-partners.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import Signals from './Signals.vue'

async function opened() {
  const { core, global } = surroundings({ rooms: 1 })
  const page = mount(Signals, { global, attachTo: document.body })
  await untilPasses(() => expect(page.find('[data-testid="preset-fast"]').exists()).toBe(true))
  const sent = () => core.asked.filter(({ name }) => name === 'commands.submit').map(({ input }) => input)
  const rule = (signal: string) => page.get(`[data-signal="${signal}"]`).text()
  return { page, sent, rule }
}

describe('[ROM-4, INC-3] Settings → Signals', () => {
  it('reads each rule as it will hold, and sends what was changed and nothing else', async () => {
    const { page, sent, rule } = await opened()
    await page.get('[data-testid="preset-proManagement"]').setValue(true)
    expect(rule('connectivity.signInTeams')).toContain('bad for 30 min')
    await page.get('[data-testid="hold-peripherals.camera"]').setValue('2,5')
    await page.get('[data-testid="switch-peripherals.camera-videoBar"]').trigger('click')
    expect(rule('peripherals.camera')).toContain('Not for Android video bar')
    await page.get('[data-testid="signals-save"]').trigger('click')
    const changes = {
      holdPreset: 'proManagement',
      holds: { 'peripherals.camera': 150_000 },
      switches: { 'peripherals.camera': { videoBar: false } },
    }
    await untilPasses(() => expect(sent()).toEqual([{ tenant: tenantId(1), command: { type: 'settings.change', changes } }]))
    page.unmount()
  })

  it('does not send what is no time, and says where it is', async () => {
    const { page, sent } = await opened()
    await page.get('[data-testid="hold-audio.speaker"]').setValue('soon')
    await page.get('form').trigger('submit')
    expect(page.get('[data-testid="hold-audio.speaker"]').attributes('aria-invalid')).toBe('true')
    await page.get('[data-testid="hold-audio.speaker"]').setValue('1441')
    expect(page.text()).toContain('0 to 1,440')
    await page.get('[data-testid="hold-audio.speaker"]').setValue('')
    expect(page.find('[data-testid="signals-save"]').exists()).toBe(false)
    expect(sent()).toEqual([])
    page.unmount()
  })

  it('is as by default again where a switch is turned back', async () => {
    const { page } = await opened()
    const box = page.get('[data-testid="switch-connectivity.signInSfb-windows"]')
    await box.trigger('click')
    expect(page.find('[data-testid="signals-save"]').exists()).toBe(true)
    await box.trigger('click')
    expect(page.find('[data-testid="signals-save"]').exists()).toBe(false)
    page.unmount()
  })
})
