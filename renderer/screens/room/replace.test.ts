import { flushPromises, mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../contract/limits.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import type { RoomRow } from '../../../contract/views.ts'
import type { FakeOptions } from '../../fixtures/fake-core.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { makeRoom } from '../../fixtures/world.ts'
import { useConsole } from '../../stores/console.ts'
import RoomFacts from './RoomFacts.vue'
import RoomReplaceDialog from './RoomReplaceDialog.vue'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)

it('[ENR-4] a device in onboarding is put into the room where it stood, which a person chooses', async () => {
  const { core, global } = surroundings({ rooms: 6 })
  const room = { ...makeRoom(99, Date.now()), lifecycle: 'onboarding' as const, pending: [], asked: [] }
  const page = mount(RoomFacts, { props: { room }, global, attachTo: document.body })
  await untilPasses(() => expect(find('replace')).not.toBeNull())
  find('replace')?.click()
  await untilPasses(() => expect(document.querySelectorAll('[data-testid="replace-room"]').length).toBeGreaterThan(1))
  expect(find('replace-confirm')).toHaveProperty('disabled', true)
  find('replace-room')?.click()
  await untilPasses(() => expect(find('replace-what')).not.toBeNull())
  find('replace-confirm')?.click()
  const sent = () => core.asked.flatMap(({ name, input }) => (name === 'commands.submit' ? [input] : []))
  await untilPasses(() => expect(sent()).toEqual([{ command: { type: 'rooms.replace', rooms: [room.id, expect.any(String)] } }]))
  await page.setProps({ room: { ...room, lifecycle: 'enrolled' } })
  expect(find('replace')).toBeNull()
})

describe('[ENR-4] the rooms that a device may have stood in', () => {
  const room = { ...makeRoom(99, Date.now()), lifecycle: 'onboarding' as const, pending: [], asked: [] }
  const { serial } = room.device
  const row = (n: number, change: Partial<RoomRow> = {}): RoomRow => ({ ...makeRoom(n, Date.now()), pending: [], asked: [], ...change })
  const names = (): string[] => [...document.querySelectorAll('[data-testid="replace-room"] + span')].map((one) => one.textContent)
  const isChosen = (): boolean[] =>
    [...document.querySelectorAll<HTMLInputElement>('[data-testid="replace-room"]')].map(({ checked }) => checked)
  type List = NonNullable<FakeOptions['answers']>['rooms.list']
  async function shown(list: List): Promise<void> {
    const { global } = surroundings({ rooms: 6, answers: { 'rooms.list': list } })
    const dialog = mount(RoomReplaceDialog, { props: { open: false, room }, global, attachTo: document.body })
    await untilPasses(() => expect(useConsole().me).not.toBeNull())
    await dialog.setProps({ open: true })
    await untilPasses(() => expect(names()).not.toEqual([]))
  }

  it('begin with the one whose device says the same serial number, which is chosen where it is the only one', async () => {
    const same = row(5, { name: 'Zenith', device: { serial } })
    await shown(({ filter }) => (filter.search ? { total: 1, rows: [same] } : { total: 2, rows: [row(1, { name: 'Atrium' }), same] }))
    expect([names(), isChosen()]).toEqual([
      ['Zenith', 'Atrium'],
      [true, false],
    ])
  })

  it('have none chosen for a number that is only a part of something, nor for one that may not be taken', async () => {
    const rows = [
      row(1, { name: 'Longer', device: { serial: `${serial}0` } }),
      row(2, { name: 'Elsewhere', match: { field: 'building', text: serial } }),
      row(3, { name: 'Gone', lifecycle: 'unenrolled', device: { serial } }),
    ]
    await shown(() => ({ total: rows.length, rows }))
    expect([names(), isChosen()]).toEqual([
      ['Longer', 'Elsewhere'],
      [false, false],
    ])
  })

  it('are found behind pages of those that may not be taken, and say so when there are more', async () => {
    const gone = Array.from({ length: limits.listRows }, (_, n) => row(n, { lifecycle: 'unenrolled' }))
    const free = Array.from({ length: 25 }, (_, n) => row(n, { name: `Free ${n}` }))
    const total = limits.listRows + free.length
    await shown(({ filter, offset }) => (filter.search ? { total: 0, rows: [] } : { total, rows: offset === 0 ? gone : free }))
    expect(names()).toHaveLength(20)
    expect(find('replace-cut')?.textContent).toContain('20')
  })

  it('stay those of what is typed when the answer to what was asked before comes later', async () => {
    let late: (rows: RoomRow[]) => void = () => undefined
    const first = new Promise<RoomRow[]>((resolve) => (late = resolve))
    const { global } = surroundings({
      rooms: 6,
      answers: {
        'rooms.list': async ({ filter }) => {
          const rows = filter.search === 'atrium' ? [row(1, { name: 'Atrium' })] : await first
          return { total: rows.length, rows }
        },
      },
    })
    const dialog = mount(RoomReplaceDialog, { props: { open: false, room }, global, attachTo: document.body })
    await untilPasses(() => expect(useConsole().me).not.toBeNull())
    await dialog.setProps({ open: true })
    const input = '[data-testid="replace-search"] input'
    const field = await untilPasses(() => document.querySelector<HTMLInputElement>(input) ?? expect.fail('no search'))
    field.value = 'atrium'
    field.dispatchEvent(new Event('input'))
    await untilPasses(() => expect(names()).toEqual(['Atrium']))
    late([row(5, { name: 'Zenith', device: { serial } })])
    await flushPromises()
    expect([names(), field.value]).toEqual([['Atrium'], 'atrium'])
  })
})
