import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { StormId } from '../../../contract/ids.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import type { IncidentView } from '../../../contract/views.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import IncidentPane from './IncidentPane.vue'
import IncidentRow from './IncidentRow.vue'

const id = StormId.parse('01900000-0000-7000-8000-00000000000a')

/** A console in which the first three incidents that need action are of one storm. */
function stormy() {
  const { core, global } = surroundings({ rooms: 80 })
  const open = core.incidents.filter(({ status, acknowledged }) => status === 'needAction' && acknowledged === undefined).slice(0, 3)
  const [first] = open
  if (!first) throw new Error('There are no incidents.')
  const storm = { id, number: 77, cause: 'building' as const, value: 'London – Bishopsgate', at: first.since, first: first.id }
  for (const one of open) Object.assign(one, { storm, stormNow: { open: 3, rooms: 3, of: 4, stands: one === first } })
  return { core, global, open, first }
}
const rowOf = (row: IncidentView, apart = false) => ({
  row,
  index: 0,
  cursor: false,
  open: false,
  chosen: false,
  changed: false,
  left: false,
  apart,
})

describe('[INC-3] a storm', () => {
  it('is one row, by its own number and by what its rooms have in common; among its own incidents each is itself', () => {
    const { global, first } = stormy()
    const row = mount(IncidentRow, { props: rowOf(first), global })
    expect(row.attributes('data-storm')).toBe('77')
    expect(row.text()).toContain('building London – Bishopsgate')
    expect(row.text()).toContain('3 incidents · 3 rooms')
    const alone = mount(IncidentRow, { props: rowOf(first, true), global })
    expect(alone.text()).toContain(first.roomName)
    expect(alone.attributes('data-storm')).toBeUndefined()
  })

  it('is acknowledged as a whole with one note, and says how sure its cause is', async () => {
    const { core, global, first, open } = stormy()
    const pane = mount(IncidentPane, { props: { incident: first.id, wish: null }, global, attachTo: document.body })
    await untilPasses(() => expect(pane.find('[data-testid="storm-panel"]').text()).toContain('75%'))
    expect(pane.get('[data-testid="acknowledge"]').text()).toContain('Acknowledge all 3')
    await pane.get('[data-testid="acknowledge"]').trigger('click')
    await pane.get('[data-testid="acknowledge-note"]').setValue('The power is off')
    await pane.get('[data-testid="acknowledge-note"]').trigger('keydown', { key: 'Enter' })
    await untilPasses(() =>
      expect(core.asked.filter(({ name }) => name === 'incidents.pick').map(({ input }) => input)).toEqual([
        { filter: { chip: 'needAction', storm: id }, group: 'none', part: { what: 'all' } },
      ]),
    )
    await untilPasses(() => expect(open.every(({ acknowledged }) => acknowledged?.note === 'The power is off')).toBe(true))
    pane.unmount()
  })

  it('lets go of one that is bad for another reason, and shows all of it', async () => {
    const { core, global, first } = stormy()
    const shown: string[] = []
    const props = { incident: first.id, wish: null, onStorm: (group: string) => shown.push(group) }
    const pane = mount(IncidentPane, { props, global, attachTo: document.body })
    await untilPasses(() => expect(pane.find('[data-testid="storm-all"]').exists()).toBe(true))
    await pane.get('[data-testid="storm-all"]').trigger('click')
    expect(shown).toEqual(['building'])
    await pane.get('[data-testid="storm-alone"]').trigger('click')
    await untilPasses(() =>
      expect(core.asked.find(({ name }) => name === 'commands.submit')?.input).toMatchObject({
        command: { type: 'incident.standAlone', incident: first.id, alone: true },
      }),
    )
    pane.unmount()
  })
})
