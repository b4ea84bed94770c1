import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SnapshotPage } from '../../contract/feed.ts'
import type { RoomId } from '../../contract/ids.ts'
import { TransitionPage } from '../../contract/transitions.ts'
import { objectIdOf, World } from '../testing/partners/world.ts'
import { roomsOf } from '../testing/rooms.ts'

const boss = 'boss@contoso.example'
const lead = 'one@contoso.example'
const everywhere = 'two@contoso.example'
let world: World
let room: RoomId
let other: RoomId
const group = v7()

beforeAll(async () => {
  world = await World.start()
  room = await world.room('contoso')
  other = await world.room('contoso')
  const first = {
    assignment: v7(),
    name: 'Leads',
    description: '',
    notify: false,
    members: [{ kind: 'person', id: objectIdOf(lead) }],
    scope: { rooms: [room], groups: [] },
  }
  await done({
    type: 'role.save',
    role: v7(),
    name: 'Lead',
    description: '',
    permissions: ['rooms.view', 'rooms.modify', 'groups.modify'],
    first,
  })
  const rule = { match: 'all', conditions: [{ field: 'building', is: 'equal', value: 'Annex' }] }
  await done({ type: 'group.save', group, name: 'Annex', description: '', rooms: [], rule })
})
afterAll(() => world.close())

async function done(command: Record<string, unknown>, email: Parameters<World['ask']>[0] = boss): Promise<void> {
  const answer = await world.command(email, command)
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
}
const now = async () => roomsOf(SnapshotPage.parse((await world.ask(boss, '/v1/snapshot')).body)).find(({ id }) => id === room)
const history = async () =>
  TransitionPage.parse((await world.ask(boss, `/v1/rooms/${room}/transitions`)).body)
    .items.toReversed()
    .filter(({ kind }) => ['renamed', 'moved'].includes(kind))

describe('[ROM-5] the name and the place of a room', () => {
  it('are changed by whoever may modify it, with who and what it was in its history', async () => {
    const before = await now()
    await done({ type: 'rooms.rename', rooms: [room], name: 'Salle Céline' }, lead)
    await done({ type: 'rooms.move', rooms: [room], place: { floor: '12', timeZone: 'America/Montreal' } }, lead)
    expect(await now()).toMatchObject({ name: 'Salle Céline', place: { ...before?.place, floor: '12', timeZone: 'America/Montreal' } })
    const events = await history()
    expect(events.map(({ kind, actor }) => [kind, actor.kind])).toEqual([
      ['renamed', 'person'],
      ['moved', 'person'],
    ])
    expect(events[0]?.detail).toBe(`${before?.name} → Salle Céline`)
    // Saying again what is so already is nothing.
    await done({ type: 'rooms.rename', rooms: [room], name: 'Salle Céline' }, lead)
    expect(await history()).toHaveLength(2)
  })

  it.each([
    ['of a room beyond one’s own', () => ({ type: 'rooms.rename', rooms: [other], name: 'Mine' }), 'room.notFound'],
    ['without a name', () => ({ type: 'rooms.rename', rooms: [room], name: ' ' }), 'request.invalid'],
    ['in a time zone that is none', () => ({ type: 'rooms.move', rooms: [room], place: { timeZone: 'Mars/Base' } }), 'request.invalid'],
  ])('%s are refused', async (_, command, code) => {
    expect((await world.command(lead, command())).code).toBe(code)
  })

  it('[ACC-6] that would move it into a group by rule, or out of one, are for whoever has power over all rooms', async () => {
    const into = { type: 'rooms.move', rooms: [room], place: { building: 'Annex' } }
    const out = { type: 'rooms.move', rooms: [room], place: { building: 'Tower' } }
    expect((await world.command(lead, into)).code).toBe('room.changesGroups')
    await done(into)
    expect((await world.command(lead, out)).code).toBe('room.changesGroups')
    await done({ type: 'rooms.move', rooms: [room], place: { floor: '3' } }, lead)
    await done(out)
    expect((await now())?.place).toMatchObject({ building: 'Tower', floor: '3' })
  })

  it('[ACC-6] that would move it into a group that something is assigned over are for whoever manages roles there', async () => {
    const members = [{ kind: 'person', id: objectIdOf(everywhere) }]
    const assigned = { description: '', notify: false, members }
    await done({ type: 'assignment.save', ...assigned, assignment: v7(), role: 'siteLead', name: 'Everywhere', scope: 'all' })
    const annex = { building: 'Annex' }
    const tower = { building: 'Tower' }
    const move = (rooms: RoomId[], place: object) => world.command(everywhere, { type: 'rooms.move', rooms, place })
    // While nothing is assigned over the group, it is a matter of groups.
    expect((await move([room], annex)).status).toBe(200)
    expect((await move([room], tower)).status).toBe(200)
    const first = { ...assigned, assignment: v7(), name: 'Annex only', scope: { rooms: [], groups: [group] } }
    await done({ type: 'role.save', role: v7(), name: 'Remote', description: '', permissions: ['remoteAccess.modify'], first })
    expect((await move([room], annex)).code).toBe('access.denied')
    expect((await now())?.place.building).toBe('Tower')
    await done({ type: 'rooms.move', rooms: [room], place: annex })
    expect((await move([room, other], tower)).code).toBe('access.denied')
    expect((await move([room], { floor: '7' })).status).toBe(200)
    await done({ type: 'rooms.move', rooms: [room], place: tower })
  })
})
