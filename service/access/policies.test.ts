import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Access } from '../../contract/access.ts'
import { defaultSettings } from '../../contract/entities.ts'
import { AssignmentId, DeviceId, GroupId, LinkId, RoleId, RoomId, type TenantId } from '../../contract/ids.ts'
import { builtInRoles } from '../../contract/permissions.ts'
import type { Assignment, Link } from '../../contract/policy.ts'
import { systemAt } from '../../contract/testing/system.ts'
import { type BusTopics, inProcessBus } from '../ground/bus.ts'
import { Store } from '../ground/store/store.ts'
import { system, type TenantTransaction } from '../ground/store/transaction.ts'
import { Rooms } from '../incidents/rooms.ts'
import { schema } from '../schema.ts'
import { writeAssignment } from './assignments.ts'
import { linkRow } from './links.ts'
import { type KnownPerson, knowPeople, savePerson } from './people.ts'
import { changePolicy } from './policies.ts'
import { makeTenant } from './setup.ts'

let folder: string
let store: Store
let customer: TenantId
let partner: TenantId
let scopes: BusTopics['scope'][]
const rooms = new Rooms()
const link = LinkId.parse(v7())
const admins = AssignmentId.parse(v7())

const issuer = 'i'
const write = <T>(tenant: TenantId, work: (tx: TenantTransaction) => Promise<T>) => store.write(tenant, system, work)
const me = async (tenant: TenantId, id: string) => store.read(tenant, 'wholeTenant').get('me', id)
const token = (objectId: string, directory: string, groups: string[] = [], issuedAt = 1_000) => ({
  issuer,
  directory,
  objectId,
  name: objectId,
  email: `${objectId}@example`,
  globalAdministrator: true,
  groups,
  issuedAt,
})
const known = (objectId: string, groups: string[], at: number): KnownPerson => ({
  issuer,
  directory: 'fabrikam',
  objectId,
  name: objectId,
  email: '',
  link,
  groups: { ids: groups, at },
})

async function room(name: string): Promise<RoomId> {
  const id = RoomId.parse(v7())
  const text = { platform: '', os: '', manufacturer: '', model: '', serial: '', agentVersion: '', appVersion: '', address: '' }
  await write(customer, async (tx) => {
    const work = rooms.within(tx)
    const place = { country: '', city: '', building: '', floor: '', timeZone: 'UTC' }
    await work.create({
      id,
      name,
      place,
      onboardedAt: 0,
      inCall: false,
      device: { id: DeviceId.parse(v7()), profile: 'generic', keyProtection: 'software', ...text },
    })
    await work.flush()
  })
  return id
}

const assignment = (changes: Partial<Assignment> = {}): Assignment => ({
  id: AssignmentId.parse(v7()),
  link: null,
  role: RoleId.parse('siteTech'),
  name: 'Technicians',
  description: '',
  notify: false,
  members: [{ kind: 'person', id: 'tech' }],
  scope: { rooms: [], groups: [] },
  builtIn: false,
  ...changes,
})

/** The partner is linked over one room; its security group "admins" is the primary admin. */
async function linked(scope: RoomId[]): Promise<void> {
  const control = 'automatic' as const
  const made: Link = {
    id: link,
    tenant: customer,
    domain: 'fabrikam.example',
    status: 'active',
    partner,
    partnerName: 'Fabrikam',
    invitedAt: 0,
    expiresAt: 1,
    acceptedAt: 1,
    changeControl: { rooms: control, rings: control, incidents: control, roles: control },
    scope: { rooms: scope, groups: [] },
    remoteAccess: false,
    multiFactor: false,
  }
  await write(customer, async (tx) => {
    const { tenant: _, ...row } = linkRow(made)
    await changePolicy(tx, 'system', async () => {
      await tx.insert.link(row).execute()
      await writeAssignment(
        tx,
        assignment({
          id: admins,
          link,
          role: RoleId.parse('primaryAdmin'),
          name: 'Assigned admins',
          members: [{ kind: 'group', id: 'admins' }],
          builtIn: true,
        }),
      )
    })
  })
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roomkeeper-policies-'))
  scopes = []
  const bus = inProcessBus((error) => {
    throw error
  })
  bus.subscribe('scope', (message) => scopes.push(message))
  store = await Store.open({ schema, path: join(folder, 'service.db'), bus, ...systemAt(() => 5_000) })
  const settings = defaultSettings
  customer = await makeTenant(store, { name: 'Contoso', issuer, directory: 'contoso', settings, proManager: 'boss' })
  partner = await makeTenant(store, { name: 'Fabrikam', issuer, directory: 'fabrikam', settings, proManager: 'chief' })
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

describe("[PAR-4] a partner's person", () => {
  it('is the same one in both tenants, with what the link gives and nothing of the directory', async () => {
    const one = await room('One')
    await linked([one])
    const { id } = await write(partner, (tx) => savePerson(tx, token('farid', 'fabrikam', ['admins'])))
    const there = await me(customer, id)
    expect(there?.access).toMatchObject({
      link,
      globalAdministrator: false,
      grants: [{ assignment: admins, role: 'primaryAdmin', scope: [one] }],
    })
    expect((await me(partner, id))?.customers).toEqual([{ tenant: customer, link, name: 'Contoso' }])
    expect((await me(partner, id))?.access.globalAdministrator).toBe(true)
  })

  it('loses everything with the link, here and in the list of customers, at once', async () => {
    await linked([await room('One')])
    const { id } = await write(partner, (tx) => savePerson(tx, token('farid', 'fabrikam', ['admins'])))
    scopes = []
    await write(customer, (tx) =>
      changePolicy(tx, 'system', async () => {
        await tx.delete.assignment().where('link', '=', link).execute()
        await tx.delete.link().where('id', '=', link).execute()
      }),
    )
    expect((await me(customer, id))?.access.grants).toEqual([])
    expect((await me(partner, id))?.customers).toBeUndefined()
    expect(scopes.filter(({ tenant }) => tenant === customer)).toHaveLength(1)
  })

  it('does not get back by an older token what the directory has taken since', async () => {
    await linked([await room('One')])
    await write(customer, (tx) => knowPeople(tx, [known('farid', ['admins'], 10), known('tess', ['admins'], 10)]))
    await write(customer, (tx) => knowPeople(tx, [known('farid', [], 3_000)]))
    const { id } = await write(partner, (tx) => savePerson(tx, token('farid', 'fabrikam', ['admins'], 2_000)))
    expect((await me(customer, id))?.access.grants).toEqual([])
    await write(partner, (tx) => savePerson(tx, token('farid', 'fabrikam', ['admins', 'others'], 4_000)))
    expect((await me(customer, id))?.access.grants).toHaveLength(1)
  })

  it('gets what the customer adds to the link, and not more', async () => {
    const [one, two] = [await room('One'), await room('Two')]
    await linked([one])
    const { id } = await write(partner, (tx) => savePerson(tx, token('farid', 'fabrikam', ['admins'])))
    await write(customer, (tx) =>
      changePolicy(tx, 'system', async () => {
        await tx.update
          .link()
          .where('id', '=', link)
          .set({ scope: JSON.stringify({ rooms: [one, two], groups: [] }) })
          .execute()
      }),
    )
    expect((await me(customer, id))?.access.grants[0]?.scope).toEqual([one, two].sort())
    expect((await me(customer, id))?.access.grants[0]?.permissions).toEqual(builtInRoles.primaryAdmin.permissions)
  })
})

describe('[ACC-3, PAR-3] somebody always stays', () => {
  it('the last who were in an emptied security group become direct members', async () => {
    await linked([await room('One')])
    const [farid] = await write(customer, (tx) => knowPeople(tx, [known('farid', ['admins'], 10), known('tess', [], 10)]))
    if (!farid) throw new Error('nobody')
    await write(customer, (tx) => knowPeople(tx, [known('farid', [], 20)]))
    const row = await store.read(customer, 'wholeTenant').tables.assignment().selectAll().where('id', '=', admins).executeTakeFirstOrThrow()
    expect(JSON.parse(row.members)).toEqual([
      { kind: 'group', id: 'admins' },
      { kind: 'person', id: 'farid' },
    ])
    expect((await me(customer, farid.id))?.access.grants).toHaveLength(1)
    const audit = await store.read(customer, 'wholeTenant').tables.audit().selectAll().where('objectName', '=', 'Assigned admins').execute()
    expect(audit).toMatchObject([{ operation: 'Update', actor: null }])
  })

  it('a primary admin of some rooms is none of the link: Assigned admins keep somebody', async () => {
    const one = await room('One')
    await linked([one])
    await write(customer, (tx) =>
      changePolicy(tx, 'system', () =>
        writeAssignment(
          tx,
          assignment({
            link,
            role: RoleId.parse('primaryAdmin'),
            members: [{ kind: 'person', id: 'tess' }],
            scope: { rooms: [one], groups: [] },
          }),
        ),
      ),
    )
    const [farid] = await write(customer, (tx) => knowPeople(tx, [known('farid', ['admins'], 10), known('tess', [], 10)]))
    await write(customer, (tx) => knowPeople(tx, [known('farid', [], 20)]))
    expect((await me(customer, farid?.id ?? ''))?.access.grants).toMatchObject([{ assignment: admins }])
  })

  it('nobody is kept while another one is there', async () => {
    await linked([await room('One')])
    const [farid] = await write(customer, (tx) => knowPeople(tx, [known('farid', ['admins'], 10), known('tess', ['admins'], 10)]))
    await write(customer, (tx) => knowPeople(tx, [known('farid', [], 20)]))
    expect((await me(customer, farid?.id ?? ''))?.access.grants).toEqual([])
  })

  it('a change that takes the last primary admin away is refused', async () => {
    await linked([await room('One')])
    await write(customer, (tx) => knowPeople(tx, [known('farid', ['admins'], 10)]))
    const empty = write(customer, (tx) =>
      changePolicy(tx, 'system', () =>
        writeAssignment(
          tx,
          assignment({ id: admins, link, role: RoleId.parse('primaryAdmin'), members: [{ kind: 'group', id: 'nobody' }], builtIn: true }),
        ),
      ),
    )
    await expect(empty).rejects.toMatchObject({ code: 'partner.lastAdmin' })
  })

  it('an older reading of the directory changes nothing', async () => {
    await linked([await room('One')])
    const [farid] = await write(customer, (tx) => knowPeople(tx, [known('farid', ['admins'], 20)]))
    await write(customer, (tx) => knowPeople(tx, [known('farid', [], 10)]))
    expect((await me(customer, farid?.id ?? ''))?.access.grants).toHaveLength(1)
  })
})

describe('[ACC-6] nobody gives more than they hold', () => {
  it('over rooms, and in permissions', async () => {
    const [one, two] = [await room('One'), await room('Two')]
    const lead: Access = {
      globalAdministrator: false,
      grants: [
        {
          assignment: admins,
          role: RoleId.parse('custom'),
          permissions: ['roles.modify', ...builtInRoles.siteTech.permissions],
          scope: [one],
        },
      ],
    }
    const give = (changes: Partial<Assignment>) =>
      write(customer, (tx) => changePolicy(tx, lead, () => writeAssignment(tx, assignment(changes))))
    await give({ scope: { rooms: [one], groups: [] } })
    await expect(give({ scope: { rooms: [one, two], groups: [] } })).rejects.toMatchObject({ code: 'policy.escalation' })
    await expect(give({ role: RoleId.parse('siteLead'), scope: { rooms: [one], groups: [] } })).rejects.toMatchObject({
      code: 'policy.escalation',
    })
  })
})

describe('[ROM-5] a group by rule', () => {
  it('gives a room that comes later to whom it is assigned, in the same commit', async () => {
    const group = GroupId.parse(v7())
    const rule = JSON.stringify({ match: 'all', conditions: [{ field: 'name', is: 'startsWith', value: 'Lyon' }] })
    const { id } = await write(customer, (tx) => savePerson(tx, { ...token('tech', 'contoso'), globalAdministrator: false }))
    await write(customer, (tx) =>
      changePolicy(tx, 'system', async () => {
        await tx.insert.roomGroup({ id: group, name: 'Lyon', description: '', rooms: '[]', rule }).execute()
        await writeAssignment(tx, assignment({ scope: { rooms: [], groups: [group] } }))
      }),
    )
    expect((await me(customer, id))?.access.grants[0]?.scope).toEqual([])
    scopes = []
    await room('Paris 1')
    expect(scopes).toEqual([])
    const lyon = await room('LYON 2')
    expect((await me(customer, id))?.access.grants[0]?.scope).toEqual([lyon])
    expect(scopes).toMatchObject([{ tenant: customer, person: id }])
  })
})
