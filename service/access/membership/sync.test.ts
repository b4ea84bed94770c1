import { pino } from 'pino'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { may } from '../../../contract/access.ts'
import { ChangeKind } from '../../../contract/entities.ts'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { AssignmentId, LinkId, RoleId, type TenantId } from '../../../contract/ids.ts'
import { limits } from '../../../contract/limits.ts'
import { systemAt, realSystem } from '../../../contract/testing/system.ts'
import { until } from '../../../contract/testing/wait.ts'
import type { DirectoryReader } from '../../directory/directory.ts'
import { DirectoryEdit, editDirectory } from '../../directory/edits.ts'
import { EmbeddedDirectory } from '../../directory/embedded.ts'
import { system } from '../../ground/store/transaction.ts'
import { ada, bela, cyd, finn, makeOrganisations, type Organisations } from '../../testing/directory/organisations.ts'
import { changePolicy } from '../policies.ts'
import { DirectorySync } from './sync.ts'

let made: Organisations
let sync: DirectorySync
let now = 1_000
/** Stands in for a directory that cannot be reached. */
let down = false
let asked = 0

beforeEach(async () => {
  now = 1_000
  down = false
  asked = 0
  made = await makeOrganisations(() => now)
  const embedded = new EmbeddedDirectory(made.store)
  const through = async <T>(work: () => Promise<T>): Promise<T> => {
    asked += 1
    if (down) throw new RoomkeeperError('directory.unavailable')
    return work()
  }
  const directory: DirectoryReader = {
    search: (...args) => through(() => embedded.search(...args)),
    principals: (...args) => through(() => embedded.principals(...args)),
    membersOf: (...args) => through(() => embedded.membersOf(...args)),
    groupsOf: (...args) => through(() => embedded.groupsOf(...args)),
    domainsOf: (...args) => through(() => embedded.domainsOf(...args)),
  }
  sync = new DirectorySync({ store: made.store, directory, ...systemAt(() => now), log: pino({ level: 'silent' }) })
})
afterEach(async () => {
  sync.close()
  await made.close()
})

const edit = (change: object) => editDirectory({ store: made.store, ...realSystem }, DirectoryEdit.parse(change))

async function assign(
  tenant: TenantId,
  members: { kind: 'person' | 'group'; id: string }[],
  role = 'siteLead',
  link: LinkId | null = null,
): Promise<AssignmentId> {
  const id = AssignmentId.parse(v7())
  await made.store.write(tenant, system, (tx) =>
    changePolicy(tx, 'system', async () => {
      await tx.insert
        .assignment({
          id,
          link,
          role: RoleId.parse(role),
          name: role,
          description: '',
          notify: 0,
          builtIn: 0,
          members: JSON.stringify(members),
          scope: JSON.stringify('all'),
        })
        .execute()
    }),
  )
  return id
}

async function linkWithFabrikam(): Promise<LinkId> {
  const id = LinkId.parse(v7())
  await made.store.write(made.contoso, system, (tx) =>
    changePolicy(tx, 'system', async () => {
      await tx.insert
        .link({
          id,
          domain: 'fabrikam.example',
          status: 'active',
          partner: made.fabrikam,
          partnerName: 'Fabrikam',
          invitedAt: now,
          expiresAt: now + 1,
          acceptedAt: now,
          changeControl: JSON.stringify(Object.fromEntries(ChangeKind.options.map((kind) => [kind, 'automatic']))),
          scope: JSON.stringify('all'),
          remoteAccess: 0,
          multiFactor: 0,
        })
        .execute()
    }),
  )
  return id
}

const read = (tenant: TenantId) => made.store.read(tenant, 'wholeTenant')
const groupRow = (id: string) => read(made.contoso).tables.securityGroup().selectAll().where('id', '=', id).executeTakeFirst()

/** Whether someone may see rooms in a tenant; undefined: they are not known there. */
async function sees(objectId: string, tenant = made.contoso): Promise<boolean | undefined> {
  const row = await read(tenant).tables.person().select('id').where('objectId', '=', objectId).executeTakeFirst()
  const me = row && (await read(tenant).get('me', row.id))
  return me && may(me.access, 'rooms.view')
}

/** The customers that Finn sees in his own tenant. */
async function customersOfFinn(): Promise<string[]> {
  const row = await read(made.fabrikam).tables.person().select('id').where('objectId', '=', finn.id).executeTakeFirstOrThrow()
  return ((await read(made.fabrikam).get('me', row.id))?.customers ?? []).map(({ name }) => name)
}

/** Reads the tenant's directories once, to the end. */
async function readOnce(tenant = made.contoso): Promise<void> {
  now += 1_000
  sync.want(tenant)
  await until('the directory to be read', () => !sync.busy)
}

describe('security groups that assignments name', () => {
  it('give access to everyone in them, at any depth, before they sign in', async () => {
    await assign(made.contoso, [{ kind: 'group', id: 'all' }])
    expect(await sees(ada.id)).toBeUndefined()
    await readOnce()
    expect([await sees(ada.id), await sees(bela.id), await sees(cyd.id), await sees(finn.id)]).toEqual([true, true, true, undefined])
    expect(await groupRow('all')).toMatchObject({ name: 'All operations', directory: 'contoso', readAt: 2_000, failedAt: null })
    expect(
      await read(made.contoso).tables.person().select(['name', 'email', 'seenAt']).where('objectId', '=', bela.id).executeTakeFirst(),
    ).toEqual({ name: bela.name, email: bela.email, seenAt: null })
  })

  it('take it away when they are emptied, and consoles are told of it in the same commit', async () => {
    await assign(made.contoso, [{ kind: 'group', id: 'ops' }])
    await readOnce()
    await edit({ type: 'removeMember', organisation: 'contoso', group: 'ops', member: ada.email })
    await edit({ type: 'removeMember', organisation: 'contoso', group: 'ops', member: bela.email })
    const scopes: string[] = []
    made.bus.subscribe('scope', ({ person }) => scopes.push(person))
    await readOnce()
    expect([await sees(ada.id), await sees(bela.id)]).toEqual([false, false])
    expect(scopes).toHaveLength(2)
  })

  it('take it away when they are deleted, and are no longer known', async () => {
    await assign(made.contoso, [{ kind: 'group', id: 'ops' }])
    await readOnce()
    await edit({ type: 'removeGroup', organisation: 'contoso', group: 'ops' })
    await readOnce()
    expect(await sees(ada.id)).toBe(false)
    expect(await groupRow('ops')).toBeUndefined()
  })

  it('keep their last known members, marked, while the directory cannot be reached', async () => {
    await assign(made.contoso, [{ kind: 'group', id: 'ops' }])
    await readOnce()
    await edit({ type: 'removeMember', organisation: 'contoso', group: 'ops', member: ada.email })
    down = true
    await readOnce()
    await readOnce()
    expect(await sees(ada.id)).toBe(true)
    expect(await groupRow('ops')).toMatchObject({ name: 'Operations', readAt: 2_000, failedAt: 3_000 })
    down = false
    await readOnce()
    expect(await sees(ada.id)).toBe(false)
    expect(await groupRow('ops')).toMatchObject({ readAt: 5_000, failedAt: null })
  })

  it('are not asked about one after the other once the directory is found to be down', async () => {
    await assign(
      made.contoso,
      ['ops', 'all', 'ring1', 'ring2'].map((id) => ({ kind: 'group', id })),
    )
    down = true
    await readOnce()
    expect(asked).toBe(1)
    expect(await groupRow('ring2')).toMatchObject({ readAt: null, failedAt: 2_000 })
  })

  it('hold up no others when the directory refuses to tell of one', async () => {
    const embedded = new EmbeddedDirectory(made.store)
    const membersOf: DirectoryReader['membersOf'] = async (directory, group) => {
      if (group === 'all') throw new RoomkeeperError('directory.unavailable', { params: { status: 403 } })
      return embedded.membersOf(directory, group)
    }
    sync = new DirectorySync({
      store: made.store,
      directory: Object.assign(new EmbeddedDirectory(made.store), { membersOf }),
      ...systemAt(() => now),
      log: pino({ level: 'silent' }),
    })
    await assign(
      made.contoso,
      ['all', 'ops'].map((id) => ({ kind: 'group', id })),
    )
    await readOnce()
    expect(await sees(ada.id)).toBe(true)
    expect([await groupRow('all'), await groupRow('ops')]).toMatchObject([
      { readAt: null, failedAt: 2_000 },
      { readAt: 2_000, failedAt: null },
    ])
    await edit({ type: 'removeMember', organisation: 'contoso', group: 'ops', member: ada.email })
    await readOnce()
    expect(await sees(ada.id)).toBe(false)
  })

  it('leave alone what people are in otherwise', async () => {
    await assign(made.contoso, [{ kind: 'group', id: 'ops' }])
    await readOnce()
    await made.store.write(made.contoso, system, (tx) =>
      tx.update
        .person()
        .where('objectId', '=', ada.id)
        .set({ groups: JSON.stringify(['elsewhere', 'ops']) })
        .execute(),
    )
    await edit({ type: 'removeMember', organisation: 'contoso', group: 'ops', member: ada.email })
    await readOnce()
    expect(await read(made.contoso).tables.person().select('groups').where('objectId', '=', ada.id).executeTakeFirst()).toEqual({
      groups: '["elsewhere"]',
    })
  })

  it('are forgotten when no assignment names them any more', async () => {
    const id = await assign(made.contoso, [{ kind: 'group', id: 'ops' }])
    await readOnce()
    await made.store.write(made.contoso, system, (tx) =>
      changePolicy(tx, 'system', () => tx.delete.assignment().where('id', '=', id).execute()),
    )
    await readOnce()
    expect(await groupRow('ops')).toBeUndefined()
    expect(await sees(ada.id)).toBe(false)
  })
})

describe('[AUD-1] the audit log', () => {
  const records = async () => {
    const rows = await read(made.contoso).tables.audit().selectAll().where('category', '=', 'User').orderBy('number').execute()
    return rows.map(({ objectName, operation, resultStatus, userId, actor, detail }) => ({
      objectName,
      operation,
      resultStatus,
      by: actor ?? userId,
      detail: JSON.parse(detail) as unknown,
    }))
  }
  const idOf = async (objectId: string) =>
    (await read(made.contoso).tables.person().select('id').where('objectId', '=', objectId).executeTakeFirstOrThrow()).id
  const moved = (detail: object) => ({
    operation: 'Update',
    resultStatus: 'Successful',
    by: '',
    detail: { action: 'group.read', group: 'ops', link: null, ...detail },
  })

  it('has one record for each group whose members came or went, by the system, and none where nobody did', async () => {
    await assign(made.contoso, [{ kind: 'group', id: 'ops' }])
    await readOnce()
    const [first, ...others] = await records()
    expect(others).toEqual([])
    const [adaId, belaId] = [await idOf(ada.id), await idOf(bela.id)]
    expect(first).toMatchObject({ objectName: 'Operations', ...moved({ came: 2, went: 0 }) })
    await readOnce()
    expect(await records()).toHaveLength(1)

    await edit({ type: 'removeMember', organisation: 'contoso', group: 'ops', member: ada.email })
    await edit({ type: 'addMember', organisation: 'contoso', group: 'ops', member: cyd.email })
    await readOnce()
    const cydId = await idOf(cyd.id)
    expect((await records()).slice(1)).toEqual([
      { objectName: 'Operations', ...moved({ came: 1, went: 1, cameIds: [cydId], wentIds: [adaId] }) },
    ])

    await edit({ type: 'removeGroup', organisation: 'contoso', group: 'ops' })
    await readOnce()
    expect((await records()).slice(2)).toEqual([
      { objectName: 'Operations', ...moved({ came: 0, went: 2, wentIds: expect.arrayContaining([belaId, cydId]) as unknown }) },
    ])
    await readOnce()
    expect(await records()).toHaveLength(3)
  })

  it('says nothing while a directory cannot be reached, and counts more people than it names', async () => {
    const people = Array.from({ length: limits.peopleNamed + 5 }, (_, n) => ({
      kind: 'person' as const,
      id: `object-${n}`,
      name: `Person ${n}`,
      email: '',
    }))
    let answer = people
    const reader: DirectoryReader = Object.assign(new EmbeddedDirectory(made.store), {
      membersOf: async () => (down ? Promise.reject(new RoomkeeperError('directory.unavailable')) : { people: answer, more: false }),
    })
    sync = new DirectorySync({ store: made.store, directory: reader, ...systemAt(() => now), log: pino({ level: 'silent' }) })
    await assign(made.contoso, [{ kind: 'group', id: 'ops' }])
    await readOnce()
    answer = []
    down = true
    await readOnce()
    const [first, ...others] = await records()
    expect(others).toEqual([])
    expect(first?.detail).toMatchObject({ came: people.length })
    expect(first?.detail).toHaveProperty('cameIds.length', limits.peopleNamed)
  })
})

describe('people', () => {
  it('who are named themselves are known by name, and renamed when the directory renames them', async () => {
    await assign(made.contoso, [{ kind: 'person', id: bela.id }])
    await readOnce()
    expect(await sees(bela.id)).toBe(true)
    await made.store.writeService((db) => db.updateTable('directoryAccount').set({ name: 'Béla Nagy' }).where('id', '=', bela.id).execute())
    await readOnce()
    const row = await read(made.contoso).tables.person().select(['id', 'name']).where('objectId', '=', bela.id).executeTakeFirst()
    expect(row?.name).toBe('Béla Nagy')
    expect((row && (await read(made.contoso).get('me', row.id)))?.name).toBe('Béla Nagy')
  })

  it('of a partner are those of its own directory, and lose the customer with the group', async () => {
    const link = await linkWithFabrikam()
    await assign(made.contoso, [{ kind: 'person', id: ada.id }], 'primaryAdmin', link)
    await assign(
      made.contoso,
      ['field', 'ops'].map((id) => ({ kind: 'group', id })),
      'primaryAdmin',
      link,
    )
    await readOnce(made.fabrikam)
    await readOnce()
    expect(await sees(finn.id)).toBe(true)
    expect(await groupRow('field')).toMatchObject({ directory: 'fabrikam', name: 'Field engineers' })
    // A group of the customer means nothing under the partner's link.
    expect(await groupRow('ops')).toBeUndefined()
    // Nor does a person of the customer: the partner's directory has none of that id, and nothing is told of them.
    expect(await sees(ada.id)).toBe(false)
    expect(
      await read(made.contoso)
        .tables.person()
        .select(['name', 'email', 'link', 'removedAt'])
        .where('objectId', '=', ada.id)
        .executeTakeFirst(),
    ).toEqual({ name: ada.id, email: '', link, removedAt: now })
    expect(
      await read(made.contoso).tables.person().select(['link', 'directory']).where('objectId', '=', finn.id).executeTakeFirst(),
    ).toEqual({ link, directory: 'fabrikam' })
    expect(await customersOfFinn()).toEqual(['Contoso'])
    await edit({ type: 'removeMember', organisation: 'fabrikam', group: 'field', member: finn.email })
    await readOnce()
    expect(await sees(finn.id)).toBe(false)
    expect(await customersOfFinn()).toEqual([])
  })

  it('of a partner whose link ended while its directory was read stay away', async () => {
    const link = await linkWithFabrikam()
    await assign(made.contoso, [{ kind: 'group', id: 'field' }], 'primaryAdmin', link)
    const { store, contoso } = made
    const ending: DirectoryReader = {
      search: async () => ({ items: [], more: false }),
      groupsOf: async () => [],
      domainsOf: async () => [],
      principals: async () => [],
      membersOf: async (directory) => {
        if (directory === 'fabrikam') {
          await store.write(contoso, system, (tx) =>
            changePolicy(tx, 'system', async () => {
              await tx.delete.assignment().where('link', '=', link).execute()
              await tx.delete.link().where('id', '=', link).execute()
            }),
          )
        }
        return { people: [{ kind: 'person', ...finn }], more: false }
      },
    }
    sync = new DirectorySync({ store, directory: ending, ...systemAt(() => now), log: pino({ level: 'silent' }) })
    await readOnce()
    expect(await sees(finn.id)).toBeUndefined()
  })
})
