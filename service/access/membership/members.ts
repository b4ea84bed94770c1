import { RoomkeeperError } from '../../../contract/errors.ts'
import type { LinkId, TenantId } from '../../../contract/ids.ts'
import type { Member } from '../../../contract/policy.ts'
import type { PersonTable } from '../../ground/store/tables.ts'
import { system, type TenantTransaction } from '../../ground/store/transaction.ts'
import { groupsOfPerson, knowPeople, type KnownPerson } from '../people.ts'
import { keepReading, type Reading } from './reading.ts'
import { isStillSource, type Source } from './sources.ts'

/** What a command has to know from the directory of the caller's own organisation. */
export interface Asked {
  /** The organisation's verified domains, as they are kept; empty where the command does not depend on them. */
  readonly domains: readonly string[]
  /** What it says of the members that the command names; not there where it names none. */
  readonly members?: AskedMembers
}

export interface AskedMembers {
  /** The tenant whose people they are. */
  readonly home: TenantId
  /** Its source is the side that names them: of the link under which they come to stand, or the tenant's own. */
  readonly reading: Reading
}

/**
 * The members that someone names, each once and by the directory's object id, as far as they are people or security
 * groups of the naming side's own directory: whom it does not have cannot be named anew. While it cannot be asked, who is
 * known of it can; nobody else. `before`: who was named already and may stay.
 * @throws RoomkeeperError directory.unavailable; `refused` for the first that is none of it.
 */
export async function ownMembers(
  tx: TenantTransaction,
  members: readonly Member[],
  { members: asked }: Asked,
  refused: (member: Member) => RoomkeeperError,
  before: readonly Member[] = [],
): Promise<Member[]> {
  const found = new Map<string, Member>()
  const side = asked && (await sideOf(tx, asked))
  for (const { kind, id } of members) {
    const member = { kind, id: kind === 'person' ? (side?.objectIds.get(id) ?? id) : id }
    const stays = before.some((one) => one.kind === kind && one.id === member.id)
    if (!stays) {
      // Nobody was asked, as rights or members were others then: that says nothing of anyone, and is asked when it is sent again.
      if (!asked || !side) throw new RoomkeeperError('directory.unavailable', { field: 'members' })
      if (!isOwn(member, asked, side)) throw refused(member)
    }
    found.set(`${kind}/${member.id}`, member)
  }
  return [...found.values()]
}

export const notInDirectory = ({ kind, id }: Member): RoomkeeperError =>
  new RoomkeeperError('directory.notFound', { field: 'members', detail: `The directory has no such ${kind}: ${id}` })

/** What is known here of a naming side's people and groups. */
interface Side {
  /** By either id. */
  readonly objectIds: ReadonlyMap<string, string>
  readonly people: ReadonlySet<string>
  readonly groups: ReadonlySet<string>
}

async function sideOf(tx: TenantTransaction, { home: tenant, reading: { source } }: AskedMembers): Promise<Side> {
  const home = tx.on(tenant)
  const rows = [
    ...(await home.tables.person().selectAll().where('link', 'is', null).execute()),
    ...(source.link === null ? [] : await tx.tables.person().selectAll().where('link', '=', source.link).execute()),
  ]
  const groups = [home, tx].map((there) => there.tables.securityGroup().select('id').where('directory', '=', source.directory).execute())
  const here = rows.filter(({ removedAt }) => removedAt === null)
  return {
    objectIds: new Map(rows.map(({ id, objectId }) => [id, objectId])),
    people: new Set(here.map(({ objectId }) => objectId)),
    groups: new Set([...(await Promise.all(groups)).flat().map(({ id }) => id), ...here.flatMap(groupsOfPerson)]),
  }
}

/** @throws RoomkeeperError directory.unavailable where only the directory could say. */
function isOwn({ kind, id }: Member, { reading: { named, answered } }: AskedMembers, { people, groups }: Side): boolean {
  if (named.some((one) => one.kind === kind && one.id === id)) return true
  if (answered) return false
  if ((kind === 'person' ? people : groups).has(id)) return true
  throw new RoomkeeperError('directory.unavailable', { field: 'members' })
}

/**
 * Keeps what the directory said of the members that a command names, before anything is decided by it: they are known in
 * this tenant, under the link where they come from a partner. Of a directory that could not be read, who is known at home
 * comes to be known here with what is known there.
 */
export async function knowMembers(tx: TenantTransaction, { members: asked }: Asked): Promise<void> {
  if (!asked) return
  const { home, reading } = asked
  const { source } = reading
  // An invitation is none yet, and stands in another tenant.
  if (!(await isStillSource(tx.tables, source))) return
  await tx.as(system, () => keepReading(tx, reading, true))
  if (source.link === null || !reading.failed) return
  const rows = await tx.on(home).tables.person().selectAll().where('link', 'is', null).where('removedAt', 'is', null).execute()
  await knowFromHome(tx, source.link, rows, source)
}

async function knowFromHome(tx: TenantTransaction, link: LinkId, rows: readonly PersonTable[], source: Source): Promise<void> {
  const { named, groups, issuer, directory } = source
  const known = new Set((await tx.tables.person().select('objectId').where('link', '=', link).execute()).map(({ objectId }) => objectId))
  const come = rows.filter(
    (row) => !known.has(row.objectId) && (named.has(row.objectId) || groupsOfPerson(row).some((group) => groups.has(group))),
  )
  await knowPeople(
    tx,
    come.map((row): KnownPerson => {
      const { objectId, name, email, groupsAt } = row
      return { issuer, directory, objectId, name, email, link, groups: { ids: groupsOfPerson(row), at: groupsAt } }
    }),
  )
}
