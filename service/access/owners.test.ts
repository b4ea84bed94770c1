import { pino } from 'pino'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Command } from '../../contract/commands.ts'
import type { Entry, Incident } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { AssignmentId, CommandKey, DeviceId, GroupId, type IncidentId, PersonId, RoleId, RoomId } from '../../contract/ids.ts'
import type { AssignmentScope } from '../../contract/policy.ts'
import { systemAt } from '../../contract/testing/system.ts'
import { embeddedIssuerName } from '../directory/accounts.ts'
import { EmbeddedDirectory } from '../directory/embedded.ts'
import { Refusals } from '../ground/audit/refusals.ts'
import type { Caller } from '../ground/caller.ts'
import { submit } from '../ground/commands/submit.ts'
import { makeMetrics } from '../ground/ops/metrics.ts'
import { system } from '../ground/store/transaction.ts'
import { Rooms } from '../incidents/rooms.ts'
import { commandDeps } from '../testing/commands/deps.ts'
import { ada, bela, cyd, makeOrganisations, type Organisations } from '../testing/directory/organisations.ts'
import { savePerson, saveRemoved } from './people.ts'
import { callerWithin } from './service.ts'

/** Cyd, a Pro Manager, gives an incident to Ada, a technician of one room. */

let made: Organisations
let refusals: Refusals
let rooms: Rooms
let clock: number
let inside: RoomId
let outside: RoomId
let incident: IncidentId
let boss: Caller
let technician: Caller
const assignment = AssignmentId.parse(v7())
const group = GroupId.parse(v7())

beforeEach(async () => {
  clock = Date.now()
  made = await makeOrganisations(() => clock)
  refusals = new Refusals({ store: made.store, ...systemAt(() => clock), log: pino({ level: 'silent' }) })
  rooms = new Rooms()
  inside = await room('Inside')
  outside = await room('Outside')
  boss = await callerOf(cyd)
  await callerOf(ada)
  await send(boss, site(over(inside)))
  technician = await callerOf(ada)
  incident = (await turn('unhealthy')).id
})
afterEach(async () => {
  await refusals.stop()
  await made.close()
})

const over = (...some: RoomId[]): AssignmentScope => ({ rooms: some, groups: [] })
const site = (scope: AssignmentScope, members: readonly { readonly id: string }[] = [ada]) =>
  ({
    type: 'assignment.save',
    assignment,
    role: RoleId.parse('siteTech'),
    name: 'Technicians',
    description: '',
    notify: false,
    members: members.map(({ id }) => ({ kind: 'person', id })),
    scope,
  }) satisfies Command
const given = (owner: PersonId | null, to: IncidentId = incident): Command => ({ type: 'incident.assign', incident: to, owner })

async function room(name: string): Promise<RoomId> {
  const id = RoomId.parse(v7())
  const text = { platform: '', os: '', manufacturer: '', model: '', serial: '', agentVersion: '', appVersion: '', address: '' }
  await made.store.write(made.contoso, system, async (tx) => {
    const work = rooms.within(tx)
    const place = { country: '', city: '', building: 'East', floor: '', timeZone: 'UTC' }
    const device = { id: DeviceId.parse(v7()), profile: 'generic' as const, keyProtection: 'software' as const, ...text }
    await work.create({ id, name, place, onboardedAt: 0, inCall: false, device })
    work.take(id, { type: 'lifecycle', lifecycle: 'enrolled' })
    await work.flush()
  })
  return id
}

/** The camera of the room inside becomes so, for long. */
async function turn(value: 'healthy' | 'unhealthy'): Promise<Incident> {
  const step = (event: Parameters<ReturnType<Rooms['within']>['take']>[1]) =>
    made.store.write(made.contoso, system, async (tx) => {
      const work = rooms.within(tx)
      await work.load([inside])
      work.take(inside, event)
      await work.flush()
    })
  await step({ type: 'contact' })
  await step({ type: 'report', observedAt: clock, signals: { 'peripherals.camera': { value } } })
  clock += 3_600_000
  await step({ type: 'timer' })
  const found = (await made.store.read(made.contoso, 'wholeTenant').list('incident', { limit: 10 })).find(
    ({ signal }) => signal === 'peripherals.camera',
  )
  if (!found) throw new Error('There is no incident.')
  return found
}

const claimsOf = ({ id: objectId, name, email }: typeof ada) => ({
  ...{ issuer: embeddedIssuerName, directory: 'contoso', objectId, name, email },
  ...{ globalAdministrator: false, groups: [] },
})

async function callerOf(one: typeof ada): Promise<Caller> {
  const { id } = await made.store.write(made.contoso, system, (tx) => savePerson(tx, { ...claimsOf(one), issuedAt: 1_000 }))
  const caller = await made.store.write(made.contoso, system, (tx) => callerWithin(tx, id))
  if (!caller) throw new Error('nobody')
  return caller
}

const send = (caller: Caller, command: Command) =>
  submit(
    commandDeps({
      store: made.store,
      rooms,
      metrics: makeMetrics(),
      directory: new EmbeddedDirectory(made.store),
      refusals,
      ...systemAt(() => clock),
    }),
    caller,
    {
      key: CommandKey.parse(v7()),
      issuedAt: clock,
      command,
    },
  )
const said = (caller: Caller, command: Command): Promise<unknown> =>
  send(caller, command).then(
    ({ outcome }) => outcome,
    (error: unknown) => (error instanceof RoomkeeperError ? [error.code, error.details] : error),
  )
const owner = async (): Promise<string | undefined> =>
  (await made.store.read(made.contoso, 'wholeTenant').get('incident', incident))?.owner?.name
const entries = async (): Promise<Entry[]> =>
  (await made.store.read(made.contoso, 'wholeTenant').list('entry', { limit: 100 })).filter(({ kind }) => kind === 'assigned')
const unknown = ['incident.ownerUnknown', {}]

describe('[INC-5] an incident is given', () => {
  it('to who sees its room, and refused for others like for who is not known', async () => {
    expect(await said(boss, given(technician.person))).toBe('applied')
    const stranger = await callerOf(bela)
    expect(await said(boss, given(stranger.person))).toEqual(unknown)
    await send(boss, site(over(outside)))
    expect(await said(boss, given(technician.person))).toEqual(unknown)
    expect(await said(boss, given(PersonId.parse(v7())))).toEqual(unknown)
    expect(await owner()).toBeUndefined()
  })

  it('to oneself only where one sees it, too', async () => {
    const role = RoleId.parse(v7())
    const { type: _, role: __, ...first } = site(over(inside), [bela])
    const command = {
      type: 'role.save',
      role,
      name: 'Blind',
      description: '',
      permissions: ['incidents.update' as const],
    } satisfies Command
    await send(boss, { ...command, first: { ...first, assignment: AssignmentId.parse(v7()), name: 'Blind' } })
    const blind = await callerOf(bela)
    expect(await said(blind, given(blind.person))).toEqual(unknown)
  })
})

describe('[INC-5, ACC-8] who loses sight of a room leaves its open incidents to nobody', () => {
  const lost = async (): Promise<void> => {
    expect(await owner()).toBeUndefined()
    expect(await entries()).toMatchObject([{ owner: { name: ada.name } }, { actor: { kind: 'system' }, from: { name: ada.name } }])
  }
  beforeEach(() => send(boss, given(technician.person)))

  it('by an assignment that is cut, and once', async () => {
    await send(boss, site(over(inside, outside)))
    expect(await owner()).toBe(ada.name)
    await send(boss, site(over(outside)))
    await lost()
    await send(boss, site(over(outside), [ada, bela]))
    await lost()
  })

  it('by an assignment that is deleted', async () => {
    await send(boss, { type: 'assignment.delete', assignment })
    await lost()
  })

  it('by a room that goes from a group, or goes to another building', async () => {
    const east = { match: 'all' as const, conditions: [{ field: 'building' as const, is: 'equal' as const, value: 'East' }] }
    await send(boss, { type: 'group.save', group, name: 'East', description: '', rooms: [], rule: east })
    await send(boss, site({ rooms: [], groups: [group] }))
    expect(await owner()).toBe(ada.name)
    await send(boss, { type: 'rooms.move', rooms: [inside], place: { building: 'West' } })
    await lost()
  })

  it('by having no account any more', async () => {
    await made.store.write(made.contoso, system, (tx) => saveRemoved(tx, { ...claimsOf(ada), issuedAt: clock }))
    await lost()
  })

  it('and what was resolved, when it opens again', async () => {
    await turn('healthy')
    await send(boss, site(over(outside)))
    expect(await owner()).toBe(ada.name)
    expect((await turn('unhealthy')).status).toBe('needAction')
    await lost()
  })

  it('while who still sees it keeps it', async () => {
    await turn('healthy')
    await turn('unhealthy')
    await send(boss, site('all', [ada, bela]))
    expect(await owner()).toBe(ada.name)
    expect(await entries()).toHaveLength(1)
  })
})
