import type { Kysely } from 'kysely'
import { z } from 'zod'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { Member } from '../../contract/policy.ts'
import type { Ids } from '../../contract/system.ts'
import { typedName } from '../../contract/text.ts'
import type { GroundDeps } from '../ground/deps.ts'
import type { Store } from '../ground/store/store.ts'
import type { DirectoryGroupTable, ServiceTables } from '../ground/store/tables.ts'
import { membersOf } from './embedded.ts'
import { passwords } from './passwords.ts'

/** Changes of the embedded directory, by this machine's user. */

const reference = z.string().trim().min(1).max(254)
/** Name, domain or id; may be left out where there is only one. */
const organisation = reference.optional()

/** Groups are named by name or id, people by e-mail; `member` may be either. */
export const DirectoryEdit = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('addPerson'),
    organisation,
    email: z.email().max(254),
    name: typedName(),
    /** May be left out only where nobody has one (the demo). */
    password: z.string().min(12).max(200).optional(),
    globalAdministrator: z.boolean().default(false),
  }),
  z.object({ type: z.literal('removePerson'), email: reference }),
  z.object({ type: z.literal('addGroup'), organisation, name: typedName(), description: z.string().max(limits.commentChars).default('') }),
  z.object({ type: z.literal('removeGroup'), organisation, group: reference }),
  z.object({ type: z.literal('addMember'), organisation, group: reference, member: reference }),
  z.object({ type: z.literal('removeMember'), organisation, group: reference, member: reference }),
])
export type DirectoryEdit = z.infer<typeof DirectoryEdit>

export const DirectoryListing = z.object({
  organisations: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      domains: z.array(z.string()),
      people: z.array(z.object({ id: z.string(), name: z.string(), email: z.string(), globalAdministrator: z.boolean() })),
      groups: z.array(
        z.object({ id: z.string(), name: z.string(), description: z.string(), members: z.array(Member.extend({ name: z.string() })) }),
      ),
    }),
  ),
})
export type DirectoryListing = z.infer<typeof DirectoryListing>

/** What was edited, for the audit. */
export interface EditedDirectory {
  readonly directory: string
  readonly id: string
  readonly name: string
  readonly operation: 'Create' | 'Update' | 'Delete'
}

type Db = Kysely<ServiceTables>

/**
 * Makes one change, or none.
 * @throws RoomkeeperError directory.notFound, request.conflict (a name in use, a circle of groups), request.invalid
 */
export async function editDirectory(
  { store, random }: Pick<GroundDeps, 'store' | 'random'>,
  edit: DirectoryEdit,
): Promise<EditedDirectory> {
  const password = edit.type === 'addPerson' && edit.password !== undefined ? await passwords.hash(edit.password, random) : null
  return store.writeService((db) => apply(db, store.ids, edit, password))
}

async function apply(db: Db, ids: Ids, edit: DirectoryEdit, password: string | null): Promise<EditedDirectory> {
  if (edit.type === 'addPerson') return addPerson(db, ids(), edit, password)
  if (edit.type === 'removePerson') return removePerson(db, edit.email)
  const directory = await directoryOf(db, edit.organisation)
  if (edit.type === 'addGroup') return addGroup(db, ids(), directory, edit)
  const group = await groupOf(db, directory, edit.group)
  if (edit.type === 'removeGroup') {
    await dropMember(db, directory, group.id)
    await db.deleteFrom('directoryGroup').where('id', '=', group.id).execute()
    return { directory, id: group.id, name: group.name, operation: 'Delete' }
  }
  const member = await memberOf(db, directory, edit.member)
  const others = membersOf(group).filter(({ id }) => id !== member.id)
  if (edit.type === 'addMember') {
    await refuseCircle(db, directory, group, member)
    others.push(member)
  } else if (others.length === membersOf(group).length) {
    throw notFound(`${edit.member} is not a member of ${group.name}.`)
  }
  await db
    .updateTable('directoryGroup')
    .set({ members: JSON.stringify(others) })
    .where('id', '=', group.id)
    .execute()
  return { directory, id: group.id, name: group.name, operation: 'Update' }
}

async function addPerson(
  db: Db,
  id: string,
  edit: Extract<DirectoryEdit, { type: 'addPerson' }>,
  password: string | null,
): Promise<EditedDirectory> {
  const directory = await directoryOf(db, edit.organisation)
  const email = edit.email.toLowerCase()
  if (await db.selectFrom('directoryAccount').select('id').where('email', '=', email).executeTakeFirst())
    throw conflict(`There is an account ${email} already.`)
  if (password === null && (await db.selectFrom('directoryAccount').select('id').where('password', 'is not', null).executeTakeFirst())) {
    throw new RoomkeeperError('request.invalid', {
      field: 'password',
      detail: 'People of this directory sign in with a password; this one needs one, too.',
    })
  }
  await db
    .insertInto('directoryAccount')
    .values({ id, directory, kind: 'person', email, name: edit.name, password, globalAdministrator: Number(edit.globalAdministrator) })
    .execute()
  return { directory, id, name: edit.name, operation: 'Create' }
}

async function removePerson(db: Db, email: string): Promise<EditedDirectory> {
  const account = await db
    .selectFrom('directoryAccount')
    .select(['id', 'directory', 'name'])
    .where('email', '=', email.toLowerCase())
    .where('kind', '=', 'person')
    .executeTakeFirst()
  if (!account) throw notFound(`There is no person ${email}.`)
  await dropMember(db, account.directory, account.id)
  await db.deleteFrom('directoryAccount').where('id', '=', account.id).execute()
  // Sessions at the issuer, codes that are on their way and refresh tokens.
  await db.deleteFrom('issuerState').where('payload', 'like', `%"accountId":"${account.id}"%`).execute()
  return { ...account, operation: 'Delete' }
}

async function addGroup(
  db: Db,
  id: string,
  directory: string,
  { name, description }: Extract<DirectoryEdit, { type: 'addGroup' }>,
): Promise<EditedDirectory> {
  if ((await groupsOf(db, directory)).some((group) => group.name === name)) throw conflict(`There is a group ${name} already.`)
  await db.insertInto('directoryGroup').values({ id, directory, name, description, members: '[]' }).execute()
  return { directory, id, name, operation: 'Create' }
}

/** Takes someone, or a group, out of all groups. */
async function dropMember(db: Db, directory: string, id: string): Promise<void> {
  for (const group of await groupsOf(db, directory)) {
    const others = membersOf(group).filter((member) => member.id !== id)
    if (others.length === membersOf(group).length) continue
    await db
      .updateTable('directoryGroup')
      .set({ members: JSON.stringify(others) })
      .where('id', '=', group.id)
      .execute()
  }
}

/** A group that is in itself, at any depth, would be resolved, but nobody means it. */
async function refuseCircle(db: Db, directory: string, group: DirectoryGroupTable, member: Member): Promise<void> {
  if (member.kind !== 'group') return
  const groups = new Map((await groupsOf(db, directory)).map((row) => [row.id, row]))
  const below = new Set([member.id])
  for (const id of below) {
    const row = groups.get(id)
    for (const next of row ? membersOf(row) : []) if (next.kind === 'group') below.add(next.id)
  }
  if (below.has(group.id)) throw conflict(`${group.name} would be a member of itself.`)
}

/** @throws RoomkeeperError directory.notFound; request.invalid where there are several and none is named */
async function directoryOf(db: Db, wanted: string | undefined): Promise<string> {
  const all = await db.selectFrom('directoryTenant').selectAll().execute()
  if (wanted === undefined) {
    const [only] = all
    if (only && all.length === 1) return only.id
    throw new RoomkeeperError('request.invalid', {
      field: 'organisation',
      detail: all.length === 0 ? 'There is no organisation yet.' : `Say of which organisation: ${all.map(({ name }) => name).join(', ')}.`,
    })
  }
  const text = wanted.toLowerCase()
  const found = all.find(({ id, name, domains }) => id === wanted || name.toLowerCase() === text || domains.includes(JSON.stringify(text)))
  if (!found) throw notFound(`There is no organisation ${wanted}.`)
  return found.id
}

const groupsOf = (db: Db, directory: string): Promise<DirectoryGroupTable[]> =>
  db.selectFrom('directoryGroup').selectAll().where('directory', '=', directory).execute()

async function groupOf(db: Db, directory: string, wanted: string): Promise<DirectoryGroupTable> {
  const found = (await groupsOf(db, directory)).find(({ id, name }) => id === wanted || name.toLowerCase() === wanted.toLowerCase())
  if (!found) throw notFound(`There is no group ${wanted}.`)
  return found
}

async function memberOf(db: Db, directory: string, wanted: string): Promise<Member> {
  const person = await db
    .selectFrom('directoryAccount')
    .select('id')
    .where('directory', '=', directory)
    .where('kind', '=', 'person')
    .where((where) => where.or([where('email', '=', wanted.toLowerCase()), where('id', '=', wanted)]))
    .executeTakeFirst()
  if (person) return { kind: 'person', id: person.id }
  return { kind: 'group', id: (await groupOf(db, directory, wanted)).id }
}

const notFound = (detail: string): RoomkeeperError => new RoomkeeperError('directory.notFound', { detail })
const conflict = (detail: string): RoomkeeperError => new RoomkeeperError('request.conflict', { detail })

/** Everything, by organisation and name. */
export async function listDirectory({ service }: Store): Promise<DirectoryListing> {
  const accounts = await service.selectFrom('directoryAccount').selectAll().where('kind', '=', 'person').orderBy('name').execute()
  const groups = await service.selectFrom('directoryGroup').selectAll().orderBy('name').execute()
  const names = new Map([...accounts, ...groups].map(({ id, name }) => [id, name]))
  return {
    organisations: (await service.selectFrom('directoryTenant').selectAll().orderBy('name').execute()).map(
      ({ id: directory, name, domains }) => ({
        id: directory,
        name,
        domains: z.array(z.string()).parse(JSON.parse(domains)),
        people: accounts
          .filter((account) => account.directory === directory)
          .map(({ id, name, email, globalAdministrator }) => ({ id, name, email, globalAdministrator: globalAdministrator === 1 })),
        groups: groups
          .filter((group) => group.directory === directory)
          .map((group) => ({
            id: group.id,
            name: group.name,
            description: group.description,
            members: membersOf(group).map((member) => ({ ...member, name: names.get(member.id) ?? '' })),
          })),
      }),
    ),
  }
}
