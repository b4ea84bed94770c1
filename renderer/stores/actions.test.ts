import { flushPromises, mount } from '@vue/test-utils'
import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { defineComponent } from 'vue'
import { RoomkeeperError } from '../../contract/errors.ts'
import { CommandKey } from '../../contract/ids.ts'
import { untilPasses } from '../../contract/testing/wait.ts'
import type { FakeOptions } from '../fixtures/fake-core.ts'
import { partnerAnswers, partnerSession } from '../fixtures/fake-partners.ts'
import { surroundings } from '../fixtures/mounted.ts'
import { roomId } from '../fixtures/world.ts'
import { useActions } from './actions.ts'
import { useBulk } from './bulk.ts'
import { useConsole } from './console.ts'
import { useToasts } from './toasts.ts'
import { useUndo } from './undo.ts'

async function setUp(options: FakeOptions = {}) {
  const { core, global } = surroundings({ rooms: 60, ...options })
  const held: {
    actions?: ReturnType<typeof useActions>
    bulk?: ReturnType<typeof useBulk>
    toasts?: ReturnType<typeof useToasts>
    undo?: ReturnType<typeof useUndo>
    state?: ReturnType<typeof useConsole>
  } = {}
  mount(
    defineComponent({
      setup() {
        held.state = useConsole()
        held.actions = useActions()
        held.bulk = useBulk()
        held.toasts = useToasts()
        held.undo = useUndo()
        return () => null
      },
    }),
    { global },
  )
  const { actions, bulk, toasts, undo, state } = held
  if (!actions || !bulk || !toasts || !undo || !state) throw new Error('The stores were not made.')
  await untilPasses(() => expect(state.me).not.toBeNull())
  const open = core.incidents.filter((incident) => incident.status === 'needAction' && !incident.acknowledged)
  return { core, actions, bulk, toasts, undo, state, open }
}

describe('what an operator does', () => {
  it('acknowledges many at once, says so in one line, and can be undone', async () => {
    const { core, actions, toasts, open } = await setUp()
    expect(await actions.acknowledge(open.slice(0, 3), 'mine')).toBe(true)
    expect(core.incidents.filter(({ acknowledged }) => acknowledged?.note === 'mine')).toHaveLength(3)
    await untilPasses(() => expect(toasts.shown.map(({ text }) => text)).toEqual(['Acknowledged 3 incidents']))
    toasts.shown[0]?.undo?.()
    await untilPasses(() => expect(core.incidents.filter(({ acknowledged }) => acknowledged?.note === 'mine')).toHaveLength(0))
  })

  it('[CON-4] leaves alone what is acknowledged or resolved already, and says so', async () => {
    const { core, actions, toasts, open } = await setUp()
    const resolved = core.incidents.filter(({ status }) => status === 'resolved').slice(0, 2)
    const taken = core.incidents.filter(({ status, acknowledged }) => status !== 'resolved' && acknowledged).slice(0, 1)
    expect([resolved.length, taken.length]).toEqual([2, 1])
    expect(await actions.acknowledge([...resolved, ...taken])).toBe(false)
    expect(toasts.shown.map(({ text, undo }) => [text, undo])).toEqual([
      ['Nothing to do: 2 are resolved and 1 is acknowledged already.', undefined],
    ])
    expect(core.asked.filter(({ name }) => name === 'commands.submitAll')).toEqual([])
    await actions.acknowledge([...resolved, ...open.slice(0, 2)])
    await untilPasses(() => expect(toasts.shown.at(-1)?.text).toBe('Acknowledged 2 incidents. Left out: 2 are resolved.'))
  })

  it('[CON-4] leaves alone what the person may not change, and says so', async () => {
    const { core, actions, toasts, open } = await setUp({ globalAdministrator: false, grants: [] })
    expect(await actions.acknowledge(open.slice(0, 3))).toBe(false)
    expect(toasts.shown.map(({ text }) => text)).toEqual(['Nothing to do: 3 are not yours to change.'])
    expect(core.asked.filter(({ name }) => name === 'commands.submitAll')).toEqual([])
  })

  it('[CON-4] hands over many in parts, shows how far it is, and keeps to what was taken when one part is not', async () => {
    const seen: unknown[] = []
    let hear = (): void => undefined
    let parts = 0
    const { actions, bulk, toasts, open } = await setUp({
      answers: {
        'commands.submitAll': ({ commands }) => {
          hear()
          if (++parts === 3) throw new RoomkeeperError('outbox.full')
          return { keys: commands.map(() => CommandKey.parse(v7())) }
        },
      },
    })
    hear = () => seen.push(bulk.progress)
    const many = Array.from({ length: 600 }, (_, n) => open[n % open.length]).filter((one) => one !== undefined)
    expect(await actions.acknowledge(many, 'storm')).toBe(false)
    expect(seen).toEqual([0, 250, 500].map((done) => ({ step: 'taking', done, of: 600 })))
    await flushPromises()
    expect(toasts.shown.map(({ text, code }) => [text, code])).toEqual([
      ['The 600 incidents were not acknowledged.', 'outbox.full'],
      ['Acknowledged 500 incidents', undefined],
    ])
  })

  it('gives the owner before back when an assignment is undone', async () => {
    const { core, actions, toasts, open } = await setUp()
    const incident = open.find(({ owner }) => owner !== undefined)
    if (!incident) throw new Error('No incident has an owner.')
    const before = incident.owner?.id
    await actions.assign([structuredClone(incident)], null)
    expect(core.incidents.find(({ id }) => id === incident.id)?.owner).toBeUndefined()
    await untilPasses(() => expect(toasts.shown).toHaveLength(1))
    toasts.shown[0]?.undo?.()
    await untilPasses(() => expect(core.incidents.find(({ id }) => id === incident.id)?.owner?.id).toBe(before))
  })

  it('[INC-4] goes back by key after its message has gone, the newest first, and says so', async () => {
    const { core, actions, toasts, undo, open } = await setUp()
    await actions.acknowledge(open.slice(0, 1), 'first')
    await actions.acknowledge(open.slice(1, 2), 'second')
    await untilPasses(() => expect(toasts.shown.map(({ text }) => text)).toEqual([`Acknowledged incident ${open[1]?.number ?? ''}`]))
    for (const { id } of toasts.shown) toasts.close(id)
    const noted = () =>
      core.incidents.flatMap(({ acknowledged }) => (['first', 'second'].includes(acknowledged?.note ?? '') ? [acknowledged?.note] : []))
    undo.last()
    await untilPasses(() => expect(noted()).toEqual(['first']))
    undo.last()
    await untilPasses(() => expect(noted()).toEqual([]))
    undo.last()
    await untilPasses(() => expect(toasts.shown.map(({ text }) => text)).toEqual(['There is nothing to undo.']))
  })

  it('takes an acknowledgement back, and gives one’s own again with its note', async () => {
    const { core, actions, undo, open } = await setUp()
    const [incident] = open
    if (!incident) throw new Error('Nothing is open.')
    const now = () => core.incidents.find(({ id }) => id === incident.id)
    await actions.acknowledge([incident], 'on my way')
    await actions.unacknowledge([structuredClone(now() ?? incident)])
    await untilPasses(() => expect(now()?.acknowledged).toBeUndefined())
    undo.last()
    await untilPasses(() => expect(now()?.acknowledged?.note).toBe('on my way'))
  })

  it('takes incidents, and lets them go when all of them are one’s own', async () => {
    const { core, actions, state, open } = await setUp()
    const some = open.slice(0, 2).map(({ id }) => id)
    const now = () => core.incidents.filter(({ id }) => some.includes(id)).map((one) => structuredClone(one))
    await actions.toggleMine(now())
    expect(now().map(({ owner }) => owner?.id)).toEqual([state.me?.id, state.me?.id])
    await actions.toggleMine(now())
    expect(now().map(({ owner }) => owner)).toEqual([undefined, undefined])
  })

  it('[PAR-5] does not say of what waits for the customer that it is being done', async () => {
    const key = CommandKey.parse('01900009-0000-7000-8000-000000000001')
    const command = { type: 'rooms.ring' as const, rooms: [roomId(1)], ring: 'Executive' }
    const answers = partnerAnswers({
      'commands.submit': () => ({ key }),
      'outbox.list': () => ({ rows: [{ key, command, issuedAt: Date.now(), state: 'requested', tries: 1, subject: 'Huddle 1.01' }] }),
    })
    const { actions, toasts } = await setUp({ session: partnerSession('all'), answers })
    await actions.changeRing([roomId(1)], 'Executive')
    await untilPasses(() =>
      expect(toasts.shown.map(({ text }) => text)).toEqual([
        expect.stringContaining('waits for the customer’s approval. Nothing has changed yet.'),
      ]),
    )
  })

  it('says what was not done and why', async () => {
    const { actions, toasts, open } = await setUp({ fail: { 'commands.submitAll': 'outbox.full' } })
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
