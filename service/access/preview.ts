import { type Access, may, scopeOf } from '../../contract/access.ts'
import type { PolicyCommand } from '../../contract/commands.ts'
import type { RoomkeeperError } from '../../contract/errors.ts'
import { accessChange, type AccessChange, accessOf, type ResolvedPolicy } from '../../contract/evaluate.ts'
import type { RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { Effect, PersonBrief } from '../../contract/policyApi.ts'
import type { Caller } from '../ground/caller.ts'
import { Instead } from '../ground/commands/handler.ts'
import { contextOf, readyFor } from '../ground/commands/submit.ts'
import type { GroundDeps } from '../ground/deps.ts'
import type { PersonTable } from '../ground/store/tables.ts'
import { membersChanged } from './refresh.ts'
import { resolvedOf, subjectOf } from './resolved.ts'

/** Ends the transaction of a preview, which is never committed. */
class Undone extends Error {}

interface Seen {
  readonly caller: Caller
  readonly before: ResolvedPolicy
  readonly after: ResolvedPolicy
  readonly people: readonly { row: PersonTable; was: PersonTable | undefined }[]
  readonly rooms: readonly RoomId[]
  readonly changes: Effect['changes']
}

/**
 * What a command would change for whom, before it is saved (ACC-7): it is applied, looked at, and undone. The refusals
 * are those of the command itself. The writer is busy as long as the command takes; what follows from it is worked out
 * afterwards, once per combination of assignments and not per person.
 * @throws RoomkeeperError the command's refusal
 */
export async function preview(
  deps: Pick<GroundDeps, 'store' | 'access' | 'commands'>,
  caller: Caller,
  command: PolicyCommand,
): Promise<Effect> {
  const ready = await readyFor(deps, caller, command)
  let seen: Seen | undefined
  try {
    await deps.store.write(caller.tenant, caller.doer, async (tx) => {
      await ready.know(tx)
      const context = await contextOf(deps, tx, caller, tx.at)
      await ready.check(context)
      const before = await resolvedOf(tx)
      const known = new Map((await tx.tables.person().selectAll().execute()).map((row) => [row.id, row]))
      const changes = await ready.changes(context)
      await ready.apply(context)
      const after = await resolvedOf(tx)
      const people = (await membersChanged(before, after).of(tx)).map((row) => ({ row, was: known.get(row.id) }))
      seen = { caller: context.caller, before, after, people, rooms: [...(await tx.roomFacts()).keys()], changes }
      throw new Undone()
    })
  } catch (error) {
    if (error instanceof Instead && error.fails) return { ...nothing, fails: failureOf(error.fails) }
    if (!(error instanceof Undone)) throw error
  }
  return seen ? effectOf(seen) : nothing
}

const failureOf = ({ code, details: { detail } }: RoomkeeperError): Effect['fails'] => (detail === undefined ? { code } : { code, detail })

const nothing: Effect = { gain: { people: 0, rooms: 0 }, lose: { people: 0, rooms: 0 }, people: [], changes: [] }

/** A partner's person is told of their own side only (PAR-4); who does not see roles is told how many, and not who. */
function effectOf({ caller: { link, access }, before, after, people, rooms, changes }: Seen): Effect {
  const known = new Map<string, AccessChange | undefined>()
  const changeOf = (was: Access, now: Access): AccessChange | undefined => {
    const key = JSON.stringify(
      [was, now].map(({ globalAdministrator, grants }) => [globalAdministrator, grants.map(({ assignment }) => assignment)]),
    )
    if (!known.has(key)) known.set(key, accessChange(was, now, rooms))
    return known.get(key)
  }
  const affected: { row: PersonTable; change: AccessChange }[] = []
  for (const { row, was } of people) {
    if (link !== undefined && row.link !== link) continue
    const subject = subjectOf(row)
    // Whose row the command makes had nothing before.
    const had = accessOf(before, was ? subjectOf(was) : subject)
    const change = changeOf(had, accessOf(after, subject))
    if (change) affected.push({ row, change })
  }
  const gaining = affected.filter(({ change }) => change.roomsGained.length + change.permissionsGained.length > 0)
  const losing = affected.filter(({ change }) => loses(change))
  // With roles.view over some rooms, people are named by what they gain and lose there, and what is elsewhere is only counted.
  const seen = may(access, 'roles.view') ? scopeOf(access, 'roles.view') : new Set<RoomId>()
  const within = (some: readonly RoomId[]): number => (seen === 'all' ? some.length : some.filter((room) => seen.has(room)).length)
  const isTold = ({ change }: (typeof affected)[number]): boolean =>
    seen === 'all' || within(change.roomsGained) + within(change.roomsLost) > 0
  const distinct = (some: readonly (readonly RoomId[])[]): number => new Set(new Set(some).values().flatMap((list) => list)).size
  return {
    gain: { people: gaining.length, rooms: distinct(gaining.map(({ change }) => change.roomsGained)) },
    lose: { people: losing.length, rooms: distinct(losing.map(({ change }) => change.roomsLost)) },
    people: [...losing, ...affected.filter(({ change }) => !loses(change))]
      .filter(isTold)
      .slice(0, limits.peopleNamed)
      .map(({ row, change }) => ({
        person: briefOf(row, before, after),
        roomsGained: within(change.roomsGained),
        roomsLost: within(change.roomsLost),
        permissionsGained: [...change.permissionsGained],
        permissionsLost: [...change.permissionsLost],
      })),
    changes,
  }
}

const loses = ({ roomsLost, permissionsLost }: AccessChange): boolean => roomsLost.length + permissionsLost.length > 0

function briefOf({ id, name, email, link }: PersonTable, ...policies: readonly ResolvedPolicy[]): PersonBrief {
  const partner = link === null ? undefined : policies.flatMap(({ links }) => links.get(link) ?? [])[0]
  return { id, name, email, link, ...(partner ? { organisation: partner.link.partnerName } : {}) }
}
