import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { all, appears, at, press } from '../../fixtures/by-test-id.ts'
import type { FakeOptions } from '../../fixtures/fake-core.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import type { Language } from '../../words/i18n.ts'
import Overview from './Overview.vue'

const mounted: { unmount(): void }[] = []
afterEach(() => {
  for (const one of mounted.splice(0)) one.unmount()
  document.body.innerHTML = ''
})

function open(options: FakeOptions = {}, language: Language = 'en') {
  const made = surroundings({ rooms: 120, ...options }, language)
  mounted.push(mount(Overview, { attachTo: document.body, global: made.global }))
  return made
}
const hrefsIn = (element: HTMLElement): string[] => [...element.querySelectorAll('a')].map((link) => link.getAttribute('href') ?? '')

describe('[ROM-2] the overview', () => {
  it('opens the list behind each figure', async () => {
    open()
    expect(hrefsIn(await appears('card-places'))[0]).toMatch(/^\/rooms\?building=.+&states=unhealthy,disconnected$/u)
    expect(at('figure-needAction')?.getAttribute('href')).toBe('/incidents?chip=needAction')
    expect(hrefsIn(await appears('resolved-week'))).toEqual(['/incidents?chip=resolved'])
    expect(all('unattended-row').map((row) => row.getAttribute('href'))).toEqual(
      all('unattended-row').map(() => expect.stringMatching(/^\/incidents\/[0-9a-f-]{36}$/u)),
    )
  })

  it('[CON-4] says how long it takes in the operator’s language', async () => {
    open({}, 'fr')
    expect((await appears('card-happened')).innerText).toContain('Délai de résolution')
    expect(at('toAcknowledge-day')?.innerText).toBe('4 min')
  })

  it('[CON-2] follows what changes, keeps what it has where it cannot be read, and says so', async () => {
    const fail: FakeOptions['fail'] = {}
    const { core } = open({ fail })
    await appears('card-unattended')
    const before = all('unattended-row').length
    const [first] = core.incidents.filter((one) => one.status === 'needAction' && !one.owner && !one.acknowledged)
    if (first) first.status = 'resolved'
    core.changed()
    await untilPasses(() =>
      expect(at('figure-needAction')?.innerText).toContain(String(core.incidents.filter((one) => one.status === 'needAction').length)),
    )
    fail['overview.read'] = 'disk.failed'
    core.changed()
    await appears('overview-failed')
    expect(all('unattended-row').length).toBeLessThanOrEqual(before)
    expect(all('unattended-row').length).toBeGreaterThan(0)
  })

  it('[CON-2] says up to when it counts where the copy is not current', async () => {
    open({ sync: 'offline' })
    expect((await appears('card-happened')).innerText).toContain('Up to')
  })

  it('[CON-4] has a table behind its chart, of hours or of quarters of days', async () => {
    open()
    await press('flow-table-switch')
    const rows = (): number => at('flow-table')?.querySelectorAll('tbody tr').length ?? 0
    await untilPasses(() => expect(rows()).toBe(24))
    await press('stretch-week')
    await untilPasses(() => expect(rows()).toBe(28))
    const sum = [...(at('flow-table')?.querySelectorAll('tbody tr td:nth-of-type(1)') ?? [])].reduce(
      (all_, cell) => all_ + Number(cell.textContent),
      0,
    )
    expect(String(sum)).toBe(at('opened-week')?.innerText)
  })

  it('shows where everything is well that it is', async () => {
    open({ rooms: 3 })
    expect((await appears('card-unattended')).innerText).toContain('Somebody is on everything')
    expect((await appears('card-places')).innerText).toContain('No place has')
  })
})
