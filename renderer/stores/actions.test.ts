import { flushPromises, mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { defineComponent } from 'vue'
import { untilPasses } from '../../contract/testing/wait.ts'
import type { FakeOptions } from '../fixtures/fake-core.ts'
import { surroundings } from '../fixtures/mounted.ts'
import { useActions } from './actions.ts'
import { useConsole } from './console.ts'
import { useToasts } from './toasts.ts'

async function setUp(options: FakeOptions = {}) {
  const { core, global } = surroundings({ rooms: 60, ...options })
  const held: { actions?: ReturnType<typeof useActions>; toasts?: ReturnType<typeof useToasts>; state?: ReturnType<typeof useConsole> } = {}
  mount(
    defineComponent({
      setup() {
        held.state = useConsole()
        held.actions = useActions()
        held.toasts = useToasts()
        return () => null
      },
    }),
    { global },
  )
  const { actions, toasts, state } = held
  if (!actions || !toasts || !state) throw new Error('The stores were not made.')
  await untilPasses(() => expect(state.me).not.toBeNull())
  const open = core.incidents.filter((incident) => incident.status === 'needAction' && !incident.acknowledged)
  return { core, actions, toasts, state, open }
}

describe('what an operator does', () => {
  it('acknowledges many at once, says so in one line, and can be undone', async () => {
    const { core, actions, toasts, open } = await setUp()
    expect(await actions.acknowledge(open.slice(0, 3), 'mine')).toBe(true)
    expect(core.incidents.filter(({ acknowledged }) => acknowledged?.note === 'mine')).toHaveLength(3)
    expect(toasts.shown.map(({ text }) => text)).toEqual(['Acknowledged 3 incidents'])
    toasts.shown[0]?.undo?.()
    await untilPasses(() => expect(core.incidents.filter(({ acknowledged }) => acknowledged?.note === 'mine')).toHaveLength(0))
  })

  it('leaves alone what is acknowledged or resolved already', async () => {
    const { core, actions, toasts } = await setUp()
    const over = core.incidents.filter((incident) => incident.status === 'resolved' || incident.acknowledged)
    expect(over.length).toBeGreaterThan(0)
    expect(await actions.acknowledge(over)).toBe(false)
    expect(toasts.shown).toEqual([])
  })

  it('gives the owner before back when an assignment is undone', async () => {
    const { core, actions, toasts, open } = await setUp()
    const incident = open.find(({ owner }) => owner !== undefined)
    if (!incident) throw new Error('No incident has an owner.')
    const before = incident.owner?.id
    await actions.assign([structuredClone(incident)], null)
    expect(core.incidents.find(({ id }) => id === incident.id)?.owner).toBeUndefined()
    toasts.shown[0]?.undo?.()
    await untilPasses(() => expect(core.incidents.find(({ id }) => id === incident.id)?.owner?.id).toBe(before))
  })

  it('says what was not done and why', async () => {
    const { actions, toasts, open } = await setUp({ fail: { 'commands.submit': 'outbox.full' } })
    expect(await actions.acknowledge(open.slice(0, 1))).toBe(false)
    await flushPromises()
    expect(toasts.shown).toMatchObject([{ tone: 'problem', text: 'The incident was not acknowledged.', code: 'outbox.full' }])
  })

  it('splits rooms into as many commands as the contract takes', async () => {
    const { actions, core } = await setUp({ sync: 'workOffline' })
    const rooms = Array.from({ length: 5_001 }, () => core.rooms[0]?.id).filter((id) => id !== undefined)
    await actions.moveRooms('rooms.enrol', rooms)
    expect(core.outbox.map(({ command }) => ('rooms' in command ? command.rooms.length : 0))).toEqual([5_000, 1])
  })
})
