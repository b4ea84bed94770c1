import { generateKeyPair, SignJWT } from 'jose'
import { pino } from 'pino'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { AssignmentId, RoleId } from '../../../contract/ids.ts'
import type { Member } from '../../../contract/policy.ts'
import { systemAt } from '../../../contract/testing/system.ts'
import { until } from '../../../contract/testing/wait.ts'
import { embeddedIssuerName } from '../../directory/accounts.ts'
import { globalAdministratorRole } from '../../directory/directory.ts'
import type { DirectoryReader } from '../../directory/directory.ts'
import { EmbeddedDirectory } from '../../directory/embedded.ts'
import { Budgets } from '../../ground/budgets.ts'
import { system } from '../../ground/store/transaction.ts'
import { ada, bela, cyd, makeOrganisations, type Organisations } from '../../testing/directory/organisations.ts'
import { saveAssignment } from '../assignments.ts'
import { changePolicy } from '../policies.ts'
import { AccessService } from '../service.ts'
import { DirectorySync } from './sync.ts'

/** A directory whose accounts can be disabled and enabled again, as Graph's can, and that can be away. */

const issuer = 'https://issuer.example'
let made: Organisations
let sync: DirectorySync
let access: AccessService
let now = 0
let disabled: Set<string>
let down = false
let tokenOf: (person: { id: string; name: string; email: string }, claims?: Record<string, unknown>) => Promise<string>

beforeEach(async () => {
  now = 1_800_000_000_000
  disabled = new Set()
  down = false
  made = await makeOrganisations(() => now)
  const embedded = new EmbeddedDirectory(made.store)
  const answered = <T>(work: () => Promise<T>): Promise<T> => (down ? Promise.reject(new RoomkeeperError('directory.unavailable')) : work())
  const directory: DirectoryReader = Object.assign(new EmbeddedDirectory(made.store), {
    principals: (tenant: string, ids: readonly string[]) =>
      answered(async () => (await embedded.principals(tenant, ids)).filter(({ id }) => !disabled.has(id))),
    membersOf: (tenant: string, group: string) =>
      answered(async () => {
        const { people, more } = await embedded.membersOf(tenant, group)
        return { people: people.filter(({ id }) => !disabled.has(id)), more }
      }),
  })
  const log = pino({ level: 'silent' })
  sync = new DirectorySync({ store: made.store, directory, ...systemAt(() => now), log })
  const keys = await generateKeyPair('ES256')
  access = new AccessService({
    store: made.store,
    bus: made.bus,
    log,
    budgets: new Budgets({ now: () => now }),
    directory,
    rules: { issuer, audience: 'roomkeeper', storedAs: embeddedIssuerName, keys: async () => keys.publicKey, ...systemAt(() => now) },
  })
  tokenOf = ({ id, name, email }, claims = {}) =>
    new SignJWT({ tid: 'contoso', oid: id, name, email, groups: [], ...claims })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(issuer)
      .setAudience('roomkeeper')
      .setIssuedAt(now / 1000)
      .setExpirationTime(now / 1000 + 36_000)
      .sign(keys.privateKey)
})
afterEach(async () => {
  sync.close()
  access.close()
  await made.close()
})

async function readOnce(tenant = made.contoso): Promise<void> {
  now += 1_000
  sync.want(tenant)
  await until('the directory to be read', () => !sync.busy)
}
const assign = (name: string, role: string, members: Member[]) =>
  made.store.write(made.contoso, system, (tx) =>
    saveAssignment(tx, { id: AssignmentId.parse(v7()), name, role: RoleId.parse(role), members, scope: 'all' }),
  )
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'let in',
    (error: unknown) => (error instanceof RoomkeeperError ? error.code : String(error)),
  )
const proManagers = async (): Promise<Member[]> => {
  const rows = await made.store
    .read(made.contoso, 'wholeTenant')
    .tables.assignment()
    .select('members')
    .where('role', '=', RoleId.parse('proManager'))
    .execute()
  return rows.flatMap(({ members }) => JSON.parse(members) as Member[])
}

describe('an account that is found to be disabled or deleted when the directory is read', () => {
  it('[ACC-6] holds nothing from then on, and again what it had when it is back', async () => {
    await assign('Leads', 'siteLead', [{ kind: 'group', id: 'ops' }])
    const token = await tokenOf(ada, { groups: ['ops'] })
    await readOnce()
    expect((await access.authenticate(token)).access.grants).toHaveLength(1)
    disabled.add(ada.id)
    await readOnce()
    expect(await codeOf(access.authenticate(token))).toBe('auth.removed')
    disabled.delete(ada.id)
    await readOnce()
    expect((await access.authenticate(token)).access.grants).toHaveLength(1)
  })

  it('is noticed of people whom no assignment names: a Global Administrator', async () => {
    const token = await tokenOf(ada, { wids: [globalAdministratorRole] })
    expect((await access.authenticate(token)).access.globalAdministrator).toBe(true)
    await readOnce()
    disabled.add(ada.id)
    const scopes: string[] = []
    made.bus.subscribe('scope', ({ person }) => scopes.push(person))
    await readOnce()
    expect(scopes).toHaveLength(1)
    expect(await codeOf(access.authenticate(await tokenOf(ada, { wids: [globalAdministratorRole] })))).toBe('auth.removed')
  })

  it('is not taken for one while the directory cannot be read', async () => {
    const token = await tokenOf(ada)
    await access.authenticate(token)
    disabled.add(ada.id)
    down = true
    await readOnce()
    expect(await codeOf(access.authenticate(token))).toBe('let in')
    down = false
    await readOnce()
    expect(await codeOf(access.authenticate(token))).toBe('auth.removed')
  })

  it('makes nobody known by a token that outlived it; while the directory is away the token counts', async () => {
    const token = await tokenOf(bela)
    disabled.add(bela.id)
    expect(await codeOf(access.authenticate(token))).toBe('auth.removed')
    disabled.add(ada.id)
    down = true
    const other = await tokenOf(ada)
    expect(await codeOf(access.authenticate(other))).toBe('let in')
    down = false
    await readOnce()
    expect(await codeOf(access.authenticate(other))).toBe('auth.removed')
  })
})

describe('the last Pro Manager', () => {
  it('[ACC-3] who is removed is followed by who lost it in the same reading, never by who was removed', async () => {
    await assign('By group', 'proManager', [{ kind: 'group', id: 'ops' }])
    await readOnce()
    disabled.add(ada.id)
    disabled.add(cyd.id)
    await made.store.writeService((db) => db.updateTable('directoryGroup').set({ members: '[]' }).where('id', '=', 'ops').execute())
    await readOnce()
    const members = await proManagers()
    expect(members).toContainEqual({ kind: 'person', id: bela.id })
    expect(members).not.toContainEqual({ kind: 'person', id: ada.id })
  })

  it('[ACC-3] who is removed and has nobody beside them leaves it to a Global Administrator to appoint the next', async () => {
    const cydToken = await tokenOf(cyd)
    await access.authenticate(cydToken)
    disabled.add(cyd.id)
    await readOnce()
    expect(await proManagers()).toEqual([{ kind: 'person', id: cyd.id }])
    expect(await codeOf(access.authenticate(cydToken))).toBe('auth.removed')
    await assign('Next', 'proManager', [{ kind: 'person', id: ada.id }])
    await made.store.write(made.contoso, system, async (tx) => {
      await changePolicy(tx, 'system', () => tx.delete.assignment().where('name', '=', 'Pro Managers').execute())
    })
    expect(await proManagers()).toEqual([{ kind: 'person', id: ada.id }])
  })
})
