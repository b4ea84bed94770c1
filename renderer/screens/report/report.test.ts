import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { ReportId } from '../../../contract/ids.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { makeRoom, people, uuid } from '../../fixtures/world.ts'
import { useShell } from '../../stores/shell.ts'
import CloseDialog from './CloseDialog.vue'
import ReportDialog from './ReportDialog.vue'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)
function type(id: string, text: string): void {
  const field = find(id)
  if (!(field instanceof HTMLTextAreaElement)) throw new Error(`There is no field ${id}.`)
  field.value = text
  field.dispatchEvent(new Event('input'))
}
const press = (id: string, key: string) =>
  find(id)?.dispatchEvent(new KeyboardEvent('keydown', { key, ctrlKey: key === 'Enter', bubbles: true, cancelable: true }))

let wrapper: { unmount(): void } | undefined
afterEach(() => wrapper?.unmount())

describe('[INC-4] an issue', () => {
  const room = makeRoom(1, Date.now())
  const named = { id: room.id, name: room.name, building: room.place.building }

  function start() {
    const { core, global } = surroundings({ rooms: 6 })
    wrapper = mount(ReportDialog, { global, attachTo: document.body })
    const sent = () => core.asked.filter(({ name }) => name === 'commands.submit').map(({ input }) => input)
    return { core, shell: useShell(), sent }
  }

  it('is reported in a room by one command, which says what is wrong', async () => {
    const { shell, sent } = start()
    shell.report = [named]
    await untilPasses(() => expect(document.activeElement).toBe(find('report-text')))
    await untilPasses(() => expect(find('report-rooms')?.textContent).toContain(room.name))
    find('report-confirm')?.click()
    await untilPasses(() => expect(find('report-text')?.getAttribute('aria-invalid')).toBe('true'))
    type('report-text', ' The table wobbles ')
    find('report-high')?.click()
    press('report-text', 'Enter')
    await untilPasses(() =>
      expect(sent()).toMatchObject([{ command: { type: 'issue.report', rooms: [room.id], text: 'The table wobbles', high: true } }]),
    )
    await untilPasses(() => expect(find('report-dialog')).toBeNull())
  })

  it('keeps what was typed where it is closed by accident, and forgets it where it is cancelled', async () => {
    const { shell } = start()
    const text = () => (find('report-text') as HTMLTextAreaElement | null)?.value
    for (const [close, left] of [
      [() => press('report-text', 'Escape'), 'Half a sen'],
      [() => [...document.querySelectorAll('button')].find(({ textContent }) => textContent?.trim() === 'Cancel')?.click(), ''],
    ] as const) {
      shell.report = [named]
      await untilPasses(() => expect(find('report-text')).not.toBeNull())
      type('report-text', 'Half a sen')
      close()
      await untilPasses(() => expect(find('report-dialog')).toBeNull())
      shell.report = [named]
      await untilPasses(() => expect(text()).toBe(left))
      shell.report = null
      await untilPasses(() => expect(find('report-dialog')).toBeNull())
    }
  })

  it('asks for rooms where none is at hand', async () => {
    const { shell, sent } = start()
    shell.report = []
    await untilPasses(() => expect(find('scope-search')).not.toBeNull())
    type('report-text', 'Cold')
    find('report-confirm')?.click()
    await untilPasses(() => expect(find('report-rooms-wrong')).not.toBeNull())
    expect(sent()).toEqual([])
  })

  it('is a comment instead, where an incident of that room is chosen', async () => {
    const { core, shell, sent } = start()
    const [open] = core.incidents.filter(({ status }) => status === 'needAction')
    if (open === undefined) throw new Error('No incident is open.')
    shell.report = [{ id: open.room, name: open.roomName, building: '' }]
    await untilPasses(() => expect(find('report-proposed')?.textContent ?? '').toContain(open.roomName))
    type('report-text', 'It is black')
    find('report-comment')?.click()
    await untilPasses(() => expect(sent()).toMatchObject([{ command: { type: 'incident.comment', text: 'It is black' } }]))
    await untilPasses(() => expect(find('report-dialog')).toBeNull())
  })

  it('is closed with a reason, in the other rooms too', async () => {
    const { core, global } = surroundings({ rooms: 6 })
    const [incident, other] = core.incidents.filter(({ status }) => status === 'needAction')
    const [by] = people
    if (!incident || !other || !by) throw new Error('Not enough is open.')
    const report = { id: ReportId.parse(uuid(9, 1)), by, text: 'Cold', rooms: 2 }
    const shown = { ...incident, report, together: [other] }
    wrapper = mount(CloseDialog, { props: { incident: shown, open: true }, global, attachTo: document.body })
    await untilPasses(() => expect(find('close-all')).not.toBeNull())
    expect(find('close-dialog')?.textContent).toContain(`${by.name} is told`)
    find('close-confirm')?.click()
    await untilPasses(() => expect(find('close-reason')?.getAttribute('aria-invalid')).toBe('true'))
    type('close-reason', 'Warm again')
    find('close-all')?.click()
    find('close-confirm')?.click()
    await untilPasses(() =>
      expect(core.asked.filter(({ name }) => name === 'commands.submit').map(({ input }) => input)).toMatchObject([
        { command: { type: 'issue.close', incident: incident.id, reason: 'Warm again' } },
        { command: { type: 'issue.close', incident: other.id, reason: 'Warm again' } },
      ]),
    )
  })
})
