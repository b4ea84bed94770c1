import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultSettings, type Room } from '../../contract/entities.ts'
import { AssignmentId, DeviceId, RoleId, RoomId, type TenantId } from '../../contract/ids.ts'
import type { Assignment as Stored } from '../../contract/policy.ts'
import { splitRoom } from '../../contract/roomDocuments.ts'
import { systemAt } from '../../contract/testing/system.ts'
import { type BusTopics, inProcessBus } from '../ground/bus.ts'
import { Store } from '../ground/store/store.ts'
import { system } from '../ground/store/transaction.ts'
import { schema } from '../schema.ts'
import { removeAssignment, saveAssignment } from './assignments.ts'
import { savePerson } from './people.ts'
import { makeTenant } from './setup.ts'
import type { PersonClaims } from './tokens.ts'

type Assignment = Omit<Stored, 'link' | 'description' | 'notify' | 'builtIn'>

const tech: PersonClaims = {
  issuer: 'i',
  directory: 'd',
  objectId: 'tech',
  name: 'Tech',
  email: 't@c.example',
  globalAdministrator: false,
  groups: ['team'],
  issuedAt: 1_000,
}

let folder: string
let store: Store
let tenant: TenantId
let scopes: BusTopics['scope'][]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roomkeeper-access-'))
  scopes = []
  const bus = inProcessBus((error) => {
    throw error
  })
  bus.subscribe('scope', (message) => scopes.push(message))
  store = await Store.open({ schema, path: join(folder, 'service.db'), bus, ...systemAt(() => 5_000) })
  tenant = await makeTenant(store, { name: 'Contoso', issuer: 'i', directory: 'd', settings: defaultSettings, proManager: 'boss' })
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

const person = (claims: PersonClaims) => store.write(tenant, system, (tx) => savePerson(tx, claims))
const save = (assignment: Assignment) => store.write(tenant, system, (tx) => saveAssignment(tx, assignment))
const me = async (id: string) => store.read(tenant, 'wholeTenant').get('me', id)
const assignment = (changes: Partial<Assignment> = {}): Assignment => ({
  id: AssignmentId.parse(v7()),
  name: 'Technicians',
  role: RoleId.parse('siteTech'),
  members: [{ kind: 'group', id: 'team' }],
  scope: { rooms: [], groups: [] },
  ...changes,
})

async function room(): Promise<RoomId> {
  const id = RoomId.parse(v7())
  const text = { platform: '', os: '', manufacturer: '', model: '', serial: '', agentVersion: '', appVersion: '', address: '' }
  const doc: Room = {
    id,
    name: 'R',
    place: { country: '', city: '', building: '', floor: '', timeZone: 'UTC' },
    lifecycle: 'enrolled',
    health: 'healthy',
    healthSince: 0,
    connected: true,
    lastContactAt: 0,
    onboardedAt: 0,
    inCall: false,
    signals: {},
    incidents: { important: 0, warning: 0, investigating: 0 },
    device: { id: DeviceId.parse(v7()), profile: 'generic', keyProtection: 'software', ...text },
  }
  await store.write(tenant, system, async (tx) => tx.put('room', splitRoom(doc).room))
  return id
}

describe('[ACC-6] a change of assignments', () => {
  it('reaches the access of everyone it names, before and after, with a new scope version', async () => {
    const { id, scopeVersion } = await person(tech)
    expect((await me(id))?.access.grants).toEqual([])
    const given = assignment({ scope: { rooms: [await room()], groups: [] } })
    await save(given)
    expect((await me(id))?.access.grants).toMatchObject([
      { assignment: given.id, role: 'siteTech', scope: given.scope === 'all' ? 'all' : given.scope.rooms },
    ])
    expect(scopes).toEqual([
      { tenant, person: id, version: scopeVersion },
      { tenant, person: id, version: scopeVersion + 1 },
    ])

    await save({ ...given, name: 'Renamed' })
    expect(scopes).toHaveLength(2)
    await save({ ...given, members: [{ kind: 'person', id: 'somebody else' }] })
    expect((await me(id))?.access.grants).toEqual([])
    await store.write(tenant, system, (tx) => removeAssignment(tx, given.id))
    expect(scopes).toHaveLength(3)
  })

  it('changes no document of people whom it does not concern', async () => {
    const { id } = await person({ ...tech, objectId: 'other', groups: [] })
    const before = await store.read(tenant, 'wholeTenant').lastSeq()
    await save(assignment())
    const changes = await store.read(tenant, 'wholeTenant').changesAfter(before, 10)
    expect(changes.map(({ kind }) => kind)).toEqual(['policy'])
    expect((await me(id))?.access.grants).toEqual([])
  })

  it('[ACC-3] keeps the last Pro Manager assignment with a member', async () => {
    const [first] = await store.read(tenant, 'wholeTenant').tables.assignment().select('id').execute()
    if (!first) throw new Error('no assignment')
    const remove = () => store.write(tenant, system, (tx) => removeAssignment(tx, first.id))
    await expect(remove()).rejects.toMatchObject({ code: 'assignment.lastProManager' })
    await expect(save(assignment({ id: first.id }))).rejects.toMatchObject({ code: 'assignment.lastProManager' })
    await save(assignment({ role: RoleId.parse('proManager'), scope: 'all' }))
    // A security group in which nobody is known to be is nobody.
    await expect(remove()).rejects.toMatchObject({ code: 'assignment.lastProManager' })
    await person(tech)
    await remove()
  })
})

describe('[ACC-6] a person', () => {
  it('is what their newest token says; an older token changes nothing', async () => {
    const first = await person(tech)
    expect(await person({ ...tech, name: 'New name', globalAdministrator: true, issuedAt: 2_000 })).toMatchObject({
      id: first.id,
      name: 'New name',
    })
    expect(await me(first.id)).toMatchObject({ name: 'New name', access: { globalAdministrator: true } })
    await person(tech)
    expect(await me(first.id)).toMatchObject({ name: 'New name', access: { globalAdministrator: true } })
  })

  it('is another one in another directory', async () => {
    expect((await person({ ...tech, directory: 'd2' })).id).not.toBe((await person(tech)).id)
  })
})
