import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { makeRecord, partnerAnswers, tenantId } from '../../fixtures/fake-partners.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import Audit from './Audit.vue'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)
const all = (id: string): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)]

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

describe('Settings → Audit', () => {
  it('[AUD-1] says of each record what was done, in words', async () => {
    const records = [
      makeRecord(4, { category: 'Incident', action: 'incident.acknowledge' }),
      makeRecord(3, { category: 'Incident', action: 'incident.comment' }),
      makeRecord(2, { action: 'key.reset' }),
      makeRecord(1, { action: 'moon.land' }),
    ]
    const { global } = surroundings({
      rooms: 6,
      answers: partnerAnswers({ 'audit.list': () => ({ items: [...records, makeRecord(0, { action: null })], next: null }) }),
    })
    mount(Audit, { global, attachTo: document.body })
    await untilPasses(() =>
      expect(all('audit-action').map((one) => one.textContent)).toEqual(['Acknowledge', 'Comment', 'Reset the key', 'moon.land', '']),
    )
  })

  it('[AUD-1] calls things of the product by their French names, and what people have named as they call it', async () => {
    const records = [
      makeRecord(4, { category: 'Room', action: 'rooms.enrol', objectName: '3 rooms', detail: { rooms: ['a', 'b', 'c'] } }),
      makeRecord(3, { category: 'Room', action: 'rooms.enrol', objectName: '3 rooms', detail: { rooms: ['a'] } }),
      makeRecord(2, { category: 'Settings', action: 'settings.change', objectName: 'Settings' }),
      makeRecord(1, { category: 'Role', action: 'role.save', objectName: 'Settings' }),
    ]
    const { global } = surroundings({ rooms: 6, answers: partnerAnswers({ 'audit.list': () => ({ items: records, next: null }) }) }, 'fr')
    mount(Audit, { global, attachTo: document.body })
    await untilPasses(() =>
      expect(all('audit-object').map((one) => one.textContent)).toEqual(['3 salles', '3 rooms', 'Réglages', 'Settings']),
    )
  })

  it('reads page after page, and shows the details of a record', async () => {
    const pages = partnerAnswers({
      'audit.list': ({ before }) =>
        before === undefined ? { items: [makeRecord(4), makeRecord(3)], next: 3 } : { items: [makeRecord(2), makeRecord(1)], next: null },
    })
    const { global } = surroundings({ rooms: 6, answers: pages })
    mount(Audit, { global, attachTo: document.body })
    await untilPasses(() => expect(all('audit-row')).toHaveLength(2))
    find('audit-more')?.click()
    await untilPasses(() => expect(all('audit-row').map((one) => one.dataset['number'])).toEqual(['4', '3', '2', '1']))
    expect(find('audit-more')).toBeNull()
    all('audit-toggle')[0]?.click()
    await untilPasses(() => expect(find('audit-detail')?.textContent).toContain('Executive'))
  })

  it('puts what came meanwhile above what is there when refreshed, and starts from the top where that is more than a page', async () => {
    const log = Array.from({ length: 4 }, (_, n) => makeRecord(n + 1))
    let down = false
    const { global } = surroundings({
      rooms: 6,
      answers: partnerAnswers({
        'audit.list': ({ before = Infinity }) => {
          if (down) throw new RoomkeeperError('network.offline')
          const older = log.filter(({ number }) => number < before).sort((a, b) => b.number - a.number)
          return { items: older.slice(0, 2), next: older.length > 2 ? (older[1]?.number ?? null) : null }
        },
      }),
    })
    mount(Audit, { global, attachTo: document.body })
    const shows = (...numbers: number[]) =>
      untilPasses(() => expect(all('audit-row').map((one) => Number(one.dataset['number']))).toEqual(numbers))
    await shows(4, 3)
    find('audit-more')?.click()
    await shows(4, 3, 2, 1)
    log.push(makeRecord(5))
    find('audit-refresh')?.click()
    await shows(5, 4, 3, 2, 1)
    await untilPasses(() => expect(find('audit-refresh')?.hasAttribute('disabled')).toBe(false))
    log.push(makeRecord(6))
    down = true
    find('audit-refresh')?.click()
    await untilPasses(() => expect(find('audit-again')).not.toBeNull())
    await shows(5, 4, 3, 2, 1)
    down = false
    find('audit-again')?.click()
    await shows(6, 5, 4, 3, 2, 1)
    log.push(makeRecord(7), makeRecord(8), makeRecord(9))
    find('audit-refresh')?.click()
    await shows(9, 8)
    find('audit-more')?.click()
    await shows(9, 8, 7, 6)
  })

  it('exports up to this moment where no day is named, however long it was open', async () => {
    const { core, global } = surroundings({
      rooms: 6,
      answers: partnerAnswers({ 'audit.saveCsv': () => ({ path: '/audit.csv', bytes: 1 }) }),
    })
    mount(Audit, { global, attachTo: document.body })
    await untilPasses(() => expect(all('audit-row')).toHaveLength(3))
    const later = Date.now() + 3_600_000
    vi.spyOn(Date, 'now').mockReturnValue(later)
    find('audit-export')?.click()
    await untilPasses(() => expect(core.asked.find(({ name }) => name === 'audit.saveCsv')?.input).toMatchObject({ to: later }))
  })

  it('asks for the days that are named, up to the start of the day after the last one, and refuses a range turned round', async () => {
    const { core, global } = surroundings({
      rooms: 6,
      answers: partnerAnswers({ 'audit.saveCsv': () => ({ path: '/audit.csv', bytes: 1 }) }),
    })
    const page = mount(Audit, { global, attachTo: document.body })
    await untilPasses(() => expect(all('audit-row')).toHaveLength(3))
    await page.find('[data-testid=audit-from]').setValue('2026-11-02')
    await page.find('[data-testid=audit-to]').setValue('2026-11-03')
    find('audit-export')?.click()
    const range = { from: new Date(2026, 10, 2).getTime(), to: new Date(2026, 10, 4).getTime() }
    await untilPasses(() =>
      expect(core.asked.find(({ name }) => name === 'audit.saveCsv')?.input).toEqual({ tenant: tenantId(1), ...range }),
    )
    await untilPasses(() => expect(core.asked.filter(({ name }) => name === 'audit.list').at(-1)?.input).toMatchObject(range))
    await page.find('[data-testid=audit-to]').setValue('2026-11-01')
    await untilPasses(() => expect(find('audit-export')?.hasAttribute('disabled')).toBe(true))
    expect(page.text()).toContain('The end of the range lies before its start.')
    // A day that is none is another thing than no day.
    await page.find('[data-testid=audit-to]').setValue('31/02/2026')
    expect(page.find('[data-testid=audit-export]').attributes('disabled')).toBeDefined()
    expect(page.text()).not.toContain('The end of the range lies before its start.')
    expect(page.find('[data-testid=audit-to]').attributes('aria-invalid')).toBe('true')
  })

  it.each([
    ['2026-03-29', '+01:00', 23],
    ['2026-10-25', '+02:00', 25],
    ['2026-10-26', '+01:00', 24],
  ])('asks for the whole of %s where the clocks change, and nothing of the next day', async (day, offset, hours) => {
    vi.stubEnv('TZ', 'Europe/Paris')
    const { core, global } = surroundings({ rooms: 6, answers: partnerAnswers() })
    const page = mount(Audit, { global, attachTo: document.body })
    await untilPasses(() => expect(all('audit-row')).toHaveLength(3))
    await page.find('[data-testid=audit-from]').setValue(day)
    await page.find('[data-testid=audit-to]').setValue(day)
    const from = new Date(`${day}T00:00:00${offset}`).getTime()
    await untilPasses(() =>
      expect(core.asked.filter(({ name }) => name === 'audit.list').at(-1)?.input).toMatchObject({ from, to: from + hours * 3_600_000 }),
    )
  })

  it.each([
    [null, 'Intact'],
    [42, 'Broken at record 42'],
  ])('says of a chain broken at %s: %s', async (broken, words) => {
    const { global } = surroundings({
      rooms: 6,
      answers: partnerAnswers({ 'audit.check': () => ({ records: 90, from: null, head: null, broken }) }),
    })
    mount(Audit, { global, attachTo: document.body })
    await untilPasses(() => expect(all('audit-row')).toHaveLength(3))
    find('audit-check')?.click()
    await untilPasses(() => expect(find('audit-checked')?.textContent).toContain(words))
  })
})
