import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ErrorCode } from '../../../contract/errors.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import type { IncidentView } from '../../../contract/views.ts'
import type { FakeOptions } from '../../fixtures/fake-core.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { makeEntries } from '../../fixtures/world.ts'
import RoomIncidents from '../room/RoomIncidents.vue'
import IncidentPane from './IncidentPane.vue'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)
const all = (id: string): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)]
const press = (id: string): void => find(id)?.querySelector('button')?.click()

afterEach(() => {
  vi.restoreAllMocks()
  document.body.innerHTML = ''
})

/** One that this console has let go. */
function withPast(fail: NonNullable<FakeOptions['fail']> = {}): { past: IncidentView; made: ReturnType<typeof surroundings> } {
  const incidents: IncidentView[] = []
  const made = surroundings({
    rooms: 40,
    fail,
    answers: {
      'incidents.past': () => incidents[0] ?? expect.fail(),
      'incidents.pastOfRoom': () => ({ rows: incidents }),
      'incidents.pastEntries': ({ after }) => {
        const entries = makeEntries(incidents[0] ?? expect.fail())
        return after === undefined ? { rows: entries.slice(0, 1), next: entries[0]?.id } : { rows: entries.slice(1, 2) }
      },
    },
  })
  const at = made.core.incidents.findIndex(({ status }) => status === 'resolved')
  incidents.push(...made.core.incidents.splice(at, 1))
  return { past: incidents[0] ?? expect.fail(), made }
}

describe('[rule 12] what this console has let go', () => {
  it('is read from the service where its address is opened, with its history a page at a time', async () => {
    const { past, made } = withPast()
    mount(IncidentPane, { props: { incident: past.id, wish: null }, global: made.global, attachTo: document.body })
    await untilPasses(() => expect(find('incident-pane')?.dataset['incidentNumber']).toBe(String(past.number)))
    expect(find('incident-past')?.textContent).toContain('7 days')
    expect(find('acknowledge') ?? find('assign-to-me')).toBeNull()
    expect(all('entry')).toHaveLength(0)
    await untilPasses(() => expect(find('earlier-entries')).not.toBeNull())
    press('earlier-entries')
    await untilPasses(() => expect(all('entry')).toHaveLength(1))
    press('earlier-entries')
    await untilPasses(() => expect(all('entry')).toHaveLength(2))
    expect(find('earlier-entries')?.textContent).toContain('That is all')
  })

  it('says so where the service cannot be asked, and tells that from one that does not exist', async () => {
    const fail: { 'incidents.past'?: ErrorCode } = { 'incidents.past': 'network.offline' }
    const { past, made } = withPast(fail)
    const shown = mount(IncidentPane, { props: { incident: past.id, wish: null }, global: made.global, attachTo: document.body })
    await untilPasses(() => expect(shown.text()).toContain('could not be asked for it'))
    fail['incidents.past'] = 'incident.notFound'
    const none = mount(IncidentPane, { props: { incident: past.id, wish: null }, global: made.global, attachTo: document.body })
    await untilPasses(() => expect(none.text()).toContain('It does not exist'))
  })

  it('stands under the room, when it is asked for', async () => {
    const { past, made } = withPast()
    mount(RoomIncidents, { props: { room: past.room }, global: made.global, attachTo: document.body })
    await untilPasses(() => expect(find('earlier-incidents')).not.toBeNull())
    const before = all('incident-row').length
    press('earlier-incidents')
    await untilPasses(() => expect(all('incident-row')).toHaveLength(before + 1))
  })
})
