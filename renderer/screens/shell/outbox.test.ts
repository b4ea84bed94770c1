import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { CommandKey } from '../../../contract/ids.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import type { OutboxItem } from '../../../contract/views.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { incidentId } from '../../fixtures/world.ts'
import OutboxPanel from './OutboxPanel.vue'

const key = (n: number) => CommandKey.parse(`01900009-0000-7000-8000-00000000000${n}`)
const hostile = '<img src=x onerror=alert(1)>'

function items(): OutboxItem[] {
  const common = { issuedAt: Date.now(), tries: 0, subject: hostile }
  return [
    { ...common, key: key(1), state: 'pending', command: { type: 'incident.acknowledge', incident: incidentId(1) } },
    { ...common, key: key(2), state: 'sending', tries: 1, command: { type: 'incident.assign', incident: incidentId(1), owner: null } },
    {
      ...common,
      key: key(3),
      state: 'refused',
      tries: 1,
      command: { type: 'incident.comment', incident: incidentId(1), text: hostile },
      refusal: { code: 'incident.notFound' },
    },
  ]
}

describe('the outbox', () => {
  it('shows what was refused first, why, and what was typed, and offers only what is possible', async () => {
    const { core, global } = surroundings()
    core.outbox.push(...items())
    const panel = mount(OutboxPanel, { props: { open: false }, global, attachTo: document.body })
    await panel.setProps({ open: true })
    await untilPasses(() => expect(document.querySelectorAll('[data-testid=outbox-row]')).toHaveLength(3))
    const rows = [...document.querySelectorAll<HTMLElement>('[data-testid=outbox-row]')]
    expect(rows.map((row) => row.dataset['outboxState'])).toEqual(['refused', 'pending', 'sending'])
    expect(rows[0]?.textContent).toContain('no longer exists within the rooms')
    expect(rows[0]?.querySelector('blockquote')?.textContent).toBe(hostile)
    expect(document.querySelector('img')).toBeNull()
    const buttons = rows.map((row) => [...row.querySelectorAll('button')].map((button) => button.dataset['testid']))
    expect(buttons).toEqual([['outbox-retry', 'outbox-discard'], ['outbox-discard'], []])

    rows[0]?.querySelector<HTMLElement>('[data-testid=outbox-discard]')?.click()
    await untilPasses(() => expect(core.outbox.map((item) => item.state)).toEqual(['pending', 'sending']))
  })
})
