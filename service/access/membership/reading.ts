import { RoomkeeperError } from '../../../contract/errors.ts'
import type { PersonId } from '../../../contract/ids.ts'
import { limits } from '../../../contract/limits.ts'
import type { Clock } from '../../../contract/system.ts'
import { inTime } from '../../../contract/timing.ts'
import type { DirectoryPerson, DirectoryPrincipal, DirectoryReader } from '../../directory/directory.ts'
import { isPerson } from '../../directory/embedded.ts'
import type { PersonTable, SecurityGroupTable } from '../../ground/store/tables.ts'
import type { TenantTransaction } from '../../ground/store/transaction.ts'
import { groupsOfPerson, type KnownPerson, knowPeople, setRemoved } from '../people.ts'
import { isStillSource, type Source } from './sources.ts'

/** What a directory said about whom a tenant's assignments name, and what is kept of it. */

export interface Reading {
  readonly source: Source
  /** When it was begun (ms): what is newer stays. */
  readonly at: number
  /** Members of the groups that were read; of one that is gone there are none. `whole`: all of them are here. */
  readonly groups: ReadonlyMap<string, { readonly people: readonly DirectoryPerson[]; readonly whole: boolean; readonly exists: boolean }>
  /** Named people and groups as the directory knows them. */
  readonly named: readonly DirectoryPrincipal[]
  /** It said of everyone who was asked for whether it has them: of those whom it does not name, it has none. */
  readonly answered: boolean
  /** Why it could not be read to its end. */
  readonly failed: RoomkeeperError | undefined
}

/**
 * Reads a source. Where the directory cannot be reached, what was read until then stands, and the rest is not tried; a
 * group that it refuses to tell of holds up no other.
 */
export async function readSource(directory: DirectoryReader, source: Source, at: number): Promise<Reading> {
  const groups = new Map<string, { people: readonly DirectoryPerson[]; whole: boolean; exists: boolean }>()
  let named: readonly DirectoryPrincipal[] = []
  let answered = false
  let failed: RoomkeeperError | undefined
  try {
    for (const group of source.groups) {
      try {
        const members = await present(directory.membersOf(source.directory, group))
        groups.set(group, { people: members?.people ?? [], whole: !members?.more, exists: members !== undefined })
      } catch (error) {
        if (!(error instanceof RoomkeeperError) || error.details.params?.['status'] === undefined) throw error
        failed = error
      }
    }
    const ids = source.groups.union(source.named).union(source.known)
    if (ids.size > 0) named = await directory.principals(source.directory, [...ids])
    answered = true
  } catch (error) {
    if (!(error instanceof RoomkeeperError)) throw error
    failed = error
  }
  return { source, at, groups, named, answered, failed }
}

/** The same for someone who waits: what does not answer within the time of one request counts as not reached. */
export async function readInTime({ directory, clock }: { directory: DirectoryReader; clock: Clock }, source: Source): Promise<Reading> {
  const at = clock.now()
  return inTime(clock, limits.directoryRequestMs, readSource(directory, source, at), () => ({
    source,
    at,
    groups: new Map(),
    named: [],
    answered: false,
    failed: new RoomkeeperError('directory.unavailable'),
  }))
}

async function present<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof RoomkeeperError && error.code === 'directory.notFound') return undefined
    throw error
  }
}

/**
 * Keeps a reading: people with their names and groups, whose access follows in the same commit, and what is known of the
 * groups themselves. What could not be read stays as it was last known, marked as such. Screens are told when that
 * changes, or a name. `byCommand`: a command names these groups, whose own record says to whom they give something.
 */
export async function keepReading(tx: TenantTransaction, reading: Reading, byCommand = false): Promise<void> {
  const { source, at, named } = reading
  if (!(await isStillSource(tx.tables, source))) return
  const { issuer, directory, link } = source
  await keepRemoved(tx, reading, byCommand)
  const stored = await tx.tables.person().selectAll().where('issuer', '=', issuer).where('directory', '=', directory).execute()
  const known = new Map(stored.map((row) => [row.objectId, row]))

  const people: KnownPerson[] = []
  const seen = new Map<string, DirectoryPerson>()
  for (const found of named) if (isPerson(found) && source.named.has(found.id)) seen.set(found.id, found)
  const memberships = new Map<string, string[]>()
  for (const [group, { people }] of reading.groups) {
    for (const person of people) {
      seen.set(person.id, person)
      memberships.set(person.id, [...(memberships.get(person.id) ?? []), group])
    }
  }
  for (const { objectId, name, email, groups } of stored) {
    // Someone of a group that was read, who may not be in it any more.
    if (!seen.has(objectId) && groups !== '[]') seen.set(objectId, { kind: 'person', id: objectId, name, email })
  }
  for (const { id: objectId, name, email } of seen.values()) {
    const row = known.get(objectId)
    const had = row ? groupsOfPerson(row) : []
    const kept = had.filter((group) => reading.groups.get(group)?.whole !== true)
    const ids = [...kept, ...(memberships.get(objectId) ?? [])]
    const changes = new Set(ids).size !== had.length || ids.some((id) => !had.includes(id))
    // Their own tenant's data may be newer where the directory holds no name.
    people.push({
      issuer,
      directory,
      objectId,
      link,
      name: name || (row?.name ?? ''),
      email: email || (row?.email ?? ''),
      ...(changes ? { groups: { ids, at } } : {}),
    })
  }
  const now = await knowPeople(tx, people)
  const { names, isNew } = await keepGroups(tx, reading)
  const moves = movesOf(reading, now, (objectId) => {
    const row = known.get(objectId)
    return row ? groupsOfPerson(row) : []
  })
  for (const [group, { came, went }] of moves) {
    if (byCommand && isNew(group)) continue
    tx.audit({
      category: 'User',
      objectName: names.get(group) || group,
      operation: 'Update',
      detail: {
        action: 'group.read',
        group,
        link,
        came: came.length,
        went: went.length,
        ...namedIn('cameIds', came),
        ...namedIn('wentIds', went),
      },
    })
  }
}

/** Whom the directory does not have any more, and whom it has again. Whom an assignment names and nobody knows is known as removed, too. */
async function keepRemoved(tx: TenantTransaction, { source, at, named, answered }: Reading, byCommand: boolean): Promise<void> {
  if (!answered) return
  const { issuer, directory, link } = source
  const people = source.named.union(source.known)
  const there = new Set(named.filter((found) => isPerson(found)).map(({ id }) => id))
  const rows = await tx.tables
    .person()
    .select(['objectId', 'removedAt'])
    .where('issuer', '=', issuer)
    .where('directory', '=', directory)
    .execute()
  const removed = new Map(rows.map(({ objectId, removedAt }) => [objectId, removedAt !== null]))
  const gone = [...people.difference(there)]
  const unknown = byCommand ? [] : gone.filter((id) => !removed.has(id))
  await knowPeople(
    tx,
    unknown.map((objectId): KnownPerson => ({ issuer, directory, objectId, name: objectId, email: '', link })),
  )
  await setRemoved(tx, source, [...unknown, ...gone.filter((id) => removed.get(id) === false)], true, at)
  await setRemoved(
    tx,
    source,
    [...people.intersection(there)].filter((id) => removed.get(id) === true),
    false,
    at,
  )
}

interface Moves {
  readonly came: PersonId[]
  readonly went: PersonId[]
}

/**
 * Who came into a security group or left it, of all those that assignments name: that gives or takes access (AUD-1). Also
 * when a group is read for the first time: nothing else says to whom the assignment gave it, and it is one record per
 * group, however many there are.
 */
function movesOf(
  { groups }: Reading,
  people: readonly PersonTable[],
  groupsBefore: (objectId: string) => readonly string[],
): Map<string, Moves> {
  const moves = new Map<string, Moves>()
  for (const row of people) {
    const had = new Set(groupsBefore(row.objectId))
    const has = new Set(groupsOfPerson(row))
    for (const group of had.symmetricDifference(has)) {
      if (!groups.has(group)) continue
      const there = moves.get(group) ?? { came: [], went: [] }
      moves.set(group, there)
      there[has.has(group) ? 'came' : 'went'].push(row.id)
    }
  }
  return moves
}

const namedIn = (name: string, people: readonly PersonId[]): Record<string, readonly PersonId[]> =>
  people.length === 0 ? {} : { [name]: people.slice(0, limits.peopleNamed) }

/** @returns the names of the groups, as far as they are known; also of those that are gone. And which are read for the first time. */
async function keepGroups(
  tx: TenantTransaction,
  { source, at, groups, named, failed }: Reading,
): Promise<{ names: ReadonlyMap<string, string>; isNew: (group: string) => boolean }> {
  const { directory, link } = source
  const names = new Map(named.filter(({ kind }) => kind === 'group').map(({ id, name }) => [id, name]))
  const before = new Map(
    (await tx.tables.securityGroup().selectAll().where('directory', '=', directory).execute()).map((row) => [row.id, row]),
  )
  for (const { id, name } of before.values()) if (!names.has(id)) names.set(id, name)
  const known = new Set(before.keys())
  const isNew = (group: string): boolean => !known.has(group)
  let shown = false
  for (const id of source.groups) {
    const was = before.get(id)
    before.delete(id)
    const read = groups.get(id)
    if (read?.exists === false) {
      if (was) await tx.delete.securityGroup().where('directory', '=', directory).where('id', '=', id).execute()
      shown ||= was !== undefined
      continue
    }
    const now: Omit<SecurityGroupTable, 'tenant'> = {
      directory,
      id,
      name: names.get(id) ?? '',
      readAt: read ? at : (was?.readAt ?? null),
      failedAt: read || !failed ? null : (was?.failedAt ?? at),
      whole: read ? Number(read.whole) : (was?.whole ?? 1),
    }
    if (was) await tx.update.securityGroup().where('directory', '=', directory).where('id', '=', id).set(now).execute()
    else await tx.insert.securityGroup(now).execute()
    shown ||= was?.name !== now.name || (was.failedAt === null) !== (now.failedAt === null)
  }
  for (const id of source.whole ? before.keys() : [])
    await tx.delete.securityGroup().where('directory', '=', directory).where('id', '=', id).execute()
  if (!shown) return { names, isNew }
  tx.put('policy', { id: tx.tenant, at: tx.at })
  if (link !== null) tx.put('policy', { id: link, at: tx.at })
  return { names, isNew }
}
