import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { SuppressionId } from '../../../contract/ids.ts'
import type { SuppressionView } from '../../../contract/suppression.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { makeRoom, personId } from '../../fixtures/world.ts'
import { endOf, timeOf } from './ends.ts'
import RoomSuppressions from './RoomSuppressions.vue'
import Suppressed from './Suppressed.vue'
import { daysOf, windowOf } from './window.ts'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)
function type(id: string, text: string): void {
  const field = find(id)
  if (!(field instanceof HTMLInputElement)) throw new Error(`There is no field ${id}.`)
  field.value = text
  field.dispatchEvent(new Event('input'))
}
const nothing = { day: '', time: '' }

describe('[ROM-3] the end of a suppression', () => {
  it('is a morning of the room, also over a change of its clocks', () => {
    const evening = Date.parse('2026-03-28T22:00:00Z')
    expect(endOf('tomorrow', evening, 'Europe/Paris', nothing)).toBe(Date.parse('2026-03-29T06:00:00Z'))
    expect(endOf('tomorrow', evening, 'America/Montreal', nothing)).toBe(Date.parse('2026-03-29T12:00:00Z'))
    expect(endOf('tomorrow', Date.parse('2026-10-24T12:00:00Z'), 'Europe/Paris', nothing)).toBe(Date.parse('2026-10-25T07:00:00Z'))
  })

  it('is a day and a time as they are typed, or none, or no moment', () => {
    expect(endOf('date', 0, 'Pacific/Apia', { day: '2026-12-02', time: '7:30' })).toBe(Date.parse('2026-12-01T18:30:00Z'))
    expect(endOf('date', 0, 'UTC', { day: '2026-02-30', time: '7:30' })).toBeUndefined()
    expect(endOf('date', 0, 'UTC', { day: '2026-12-02', time: '25:00' })).toBeUndefined()
    expect(endOf('never', 0, 'UTC', nothing)).toBeNull()
    expect([timeOf('08:00'), timeOf('8h05'), timeOf('8')]).toEqual([{ hour: 8, minute: 0 }, { hour: 8, minute: 5 }, null])
  })
})

describe('[ROM-3] a room', () => {
  const room = makeRoom(1, Date.now())

  it('is suppressed with a reason and an end, by a command of the outbox', async () => {
    const { core, global } = surroundings({ rooms: 6 })
    mount(RoomSuppressions, { props: { room }, global, attachTo: document.body })
    await untilPasses(() => expect(find('suppress-room')).not.toBeNull())
    find('suppress-room')?.click()
    await untilPasses(() => expect(document.activeElement).toBe(find('suppress-reason')))
    find('suppress-confirm')?.click()
    await untilPasses(() => expect(find('suppress-reason')?.getAttribute('aria-invalid')).toBe('true'))
    type('suppress-reason', ' Painters ')
    find('suppress-never')?.click()
    await untilPasses(() => expect(find('suppress-says')?.textContent).toContain('7 days'))
    find('suppress-confirm')?.click()
    await untilPasses(() =>
      expect(core.asked.find(({ name }) => name === 'commands.submit')?.input).toMatchObject({
        command: { type: 'suppression.save', rooms: [room.id], signals: null, reason: 'Painters', until: null },
      }),
    )
    await untilPasses(() => expect(find('suppress-dialog')).toBeNull())
  })

  it('says until when and why, and is no longer suppressed by one click', async () => {
    const { core, global } = surroundings({ rooms: 6 })
    const id = SuppressionId.parse('01900000-0000-7000-8000-00000000abcd')
    const owner = { id: personId(1), name: 'Amélie Laurent' }
    const suppressions = [{ id, reason: 'Painters', owner, from: Date.now(), over: 'group' as const }]
    mount(RoomSuppressions, { props: { room: { ...room, suppressions } }, global, attachTo: document.body })
    await untilPasses(() => expect(find('room-suppression')?.textContent).toContain('Until somebody ends it'))
    expect(find('room-suppression')?.textContent).toContain('Amélie Laurent, through a group')
    await untilPasses(() => expect(find('unsuppress')).not.toBeNull())
    find('unsuppress')?.click()
    await untilPasses(() =>
      expect(core.asked.find(({ name }) => name === 'commands.submit')?.input).toMatchObject({
        command: { type: 'suppression.end', suppression: id, within: [room.id] },
      }),
    )
  })
})

describe('[ROM-3] a window', () => {
  it('is days of the week on the clock of the room', () => {
    const evening = Date.parse('2026-12-01T23:30:00Z')
    const made = windowOf({ days: ['SU', 'SA'], time: '2:00', hours: '1,5' }, evening, 'Europe/Paris')
    expect(made).toEqual({ rrule: 'FREQ=WEEKLY;BYDAY=SA,SU', start: '2026-12-02T02:00', durationMinutes: 90 })
    expect(made && daysOf(made)).toEqual(['SA', 'SU'])
    expect(daysOf({ rrule: 'FREQ=MONTHLY;BYDAY=1SU', start: '2026-12-02T02:00', durationMinutes: 90 })).toBeNull()
    const wrong = [
      { days: [], time: '2:00', hours: '1' },
      { days: ['SU' as const], time: '', hours: '1' },
      { days: ['SU' as const], time: '2:00', hours: '0' },
    ]
    expect(wrong.map((one) => windowOf(one, evening, 'UTC'))).toEqual([null, null, null])
  })
})

describe('[ROM-3] the list of what is suppressed', () => {
  const owner = { id: personId(1), name: 'Amélie Laurent' }
  const made = (n: number, changes: Partial<SuppressionView>): SuppressionView => ({
    id: SuppressionId.parse(`01900000-0000-7000-8000-00000000abc${n}`),
    state: 'running',
    rooms: [makeRoom(1, 0).id],
    named: [makeRoom(1, 0).id],
    roomNames: [`Room ${n}`],
    groups: [],
    place: null,
    signals: null,
    reason: 'Painters',
    owner,
    createdBy: owner,
    createdAt: 0,
    from: 0,
    until: null,
    recurrence: null,
    span: { from: 0, until: null },
    endedAt: null,
    endedBy: null,
    confirmBy: null,
    soon: false,
    toConfirm: false,
    mayEnd: true,
    mayChange: true,
    hid: { faults: 0, stillBad: 0 },
    ...changes,
  })

  it('begins with what has to be confirmed, says what was hidden, and ends, extends and confirms', async () => {
    const live = [made(1, {}), made(2, { toConfirm: true, confirmBy: 1 }), made(3, { hid: { faults: 41, stillBad: 3 }, soon: true })]
    const fault = { room: makeRoom(1, 0).id, roomName: 'Lab', signal: 'peripherals.camera' as const, times: 2, since: 0, until: null }
    const { core, global } = surroundings({
      rooms: 6,
      answers: {
        'suppressions.list': ({ state }) => ({ items: state === 'live' ? live : [] }),
        'suppressions.hidden': () => ({ items: [fault], total: 1 }),
      },
    })
    mount(Suppressed, { global, attachTo: document.body })
    await untilPasses(() => expect(document.querySelectorAll('[data-testid="suppression"]')).toHaveLength(3))
    const parts = [...document.querySelectorAll('section[data-testid^="suppressed-"]')].map((part) => part.getAttribute('data-testid'))
    expect(parts).toEqual(['suppressed-toConfirm', 'suppressed-soon', 'suppressed-running'])
    expect(find('hid')?.textContent).toContain('Hid 41 faults, 3 still bad')
    find('hid')?.click()
    await untilPasses(() => expect(find('hidden-faults')?.textContent).toContain('Lab'))
    const sent = () => core.asked.flatMap(({ name, input }) => (name === 'commands.submit' ? [input] : []))
    find('confirm')?.click()
    await untilPasses(() => expect(sent()).toMatchObject([{ command: { type: 'suppression.confirm', suppression: live[1]?.id } }]))
    find('extend')?.click()
    await untilPasses(() => expect(find('suppress-reason')).not.toBeNull())
    find('suppress-never')?.click()
    find('suppress-confirm')?.click()
    const saved = { type: 'suppression.save', suppression: live[1]?.id, rooms: live[1]?.named, reason: 'Painters', until: null }
    await untilPasses(() => expect(sent().at(-1)).toMatchObject({ command: saved }))
  })

  it('a building or a group is chosen there, and suppressed with the rooms that are in it', async () => {
    const { core, global } = surroundings({ rooms: 6, answers: { 'suppressions.list': () => ({ items: [] }) } })
    mount(Suppressed, { global, attachTo: document.body })
    await untilPasses(() => expect(find('suppress-new')).not.toBeNull())
    find('suppress-new')?.click()
    await untilPasses(() => expect(document.querySelectorAll('[data-testid="suppress-what"] option').length).toBeGreaterThan(1))
    type('suppress-reason', 'Works on the power')
    find('suppress-confirm')?.click()
    await untilPasses(() => expect(find('suppress-what')?.getAttribute('aria-invalid')).toBe('true'))
    const field = find('suppress-what')
    if (!(field instanceof HTMLSelectElement)) throw new Error('There is nothing to choose.')
    field.selectedIndex = 1
    field.dispatchEvent(new Event('change'))
    find('suppress-confirm')?.click()
    const saved = { type: 'suppression.save', rooms: [], groups: [], place: { building: field.selectedOptions[0]?.textContent } }
    await untilPasses(() => expect(core.asked.find(({ name }) => name === 'commands.submit')?.input).toMatchObject({ command: saved }))
  })
})
