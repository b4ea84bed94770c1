import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { makeRequest, partnerAnswers, partnerSession, tenantId } from '../../fixtures/fake-partners.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { makeIncidents, makeRoom, personId } from '../../fixtures/world.ts'
import IncidentRow from '../incidents/IncidentRow.vue'
import RoomRing from './RoomRing.vue'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)
const room = makeRoom(1, Date.now())

describe('the update ring of a room', () => {
  it('is General until it is moved, and moving it is a command of the outbox', async () => {
    const { core, global } = surroundings({ rooms: 6, answers: partnerAnswers() })
    mount(RoomRing, { props: { room }, global, attachTo: document.body })
    await untilPasses(() => expect(find('room-ring')?.textContent).toContain('General'))
    find('room-ring')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
    await untilPasses(() => expect(find('choose-Executive')).not.toBeNull())
    find('choose-Executive')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
    await untilPasses(() =>
      expect(core.asked.find(({ name }) => name === 'commands.submit')?.input).toEqual({
        command: { type: 'rooms.ring', rooms: [room.id], ring: 'Executive' },
      }),
    )
  })

  it('shows a move that is not sent yet', async () => {
    const { global } = surroundings({ rooms: 6, answers: partnerAnswers() })
    mount(RoomRing, { props: { room: { ...room, ring: 'Staging', pending: ['rooms.ring'] } }, global, attachTo: document.body })
    await untilPasses(() => expect(find('ring-pending')).not.toBeNull())
  })

  it('says to a partner that the customer approves it, and what waits', async () => {
    const theirs = { ...room, tenant: { id: tenantId(1), name: 'Contoso' } }
    const rows = [makeRequest(1, { by: { id: personId(1), name: 'Amélie Laurent' }, subjects: [room.name] })]
    const waiting: typeof rows = []
    const { core, global } = surroundings({
      rooms: 6,
      session: partnerSession('all'),
      answers: partnerAnswers({ 'requests.list': () => ({ rows: waiting }) }),
    })
    mount(RoomRing, { props: { room: theirs }, global, attachTo: document.body })
    await untilPasses(() => expect(find('ring-asks')).not.toBeNull())
    waiting.push(...rows)
    core.changed(['request'])
    await untilPasses(() => expect(find('ring-asked')?.textContent).toContain('Executive waits for Contoso’s approval'))
  })
})

describe('incidents of several customers, and of others', () => {
  it('say whose they are', async () => {
    const [incident] = makeIncidents([makeRoom(3, Date.now())], Date.now())
    if (!incident) throw new Error('Room 3 has no incident.')
    const { global } = surroundings({ rooms: 6, session: partnerSession('all'), answers: partnerAnswers() })
    const row = { ...incident, tenant: { id: tenantId(1), name: 'Contoso' } }
    mount(IncidentRow, {
      props: { row, index: 0, cursor: false, open: false, chosen: false, changed: false, left: false },
      global,
      attachTo: document.body,
    })
    await untilPasses(() => expect(find('row-customer')?.textContent).toBe('Contoso'))
  })
})
