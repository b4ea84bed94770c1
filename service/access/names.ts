import { tenantManagerRole } from '../../contract/access.ts'
import type { ErrorCode } from '../../contract/errors.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { LinkId, RoleId } from '../../contract/ids.ts'
import { plainName } from '../../contract/names.ts'
import { BuiltInRole, builtInRoles } from '../../contract/permissions.ts'

/** What roles, assignments and groups have in common: names of their own, limits, and built-in ones. */

interface Named {
  readonly id: string
  readonly name: string
}

/**
 * Names are unique among what whoever gives one can see: what is hidden is confirmed by no refusal, so it may have the same
 * name. One that stays as it was is not looked at again.
 * @throws RoomkeeperError `code`, field `name`, where another one has this name; case does not matter.
 */
export function checkName(code: ErrorCode, { id, name }: Named, known: Named | undefined, shown: Iterable<Named>): void {
  if (known && plainName(known.name) === plainName(name)) return
  for (const other of shown) {
    if (other.id !== id && plainName(other.name) === plainName(name))
      throw new RoomkeeperError(code, { field: 'name', detail: `There is one called "${other.name}" already.` })
  }
}

/** The built-in roles of either side, by both of their names. */
export const builtInNames: readonly Named[] = BuiltInRole.options.flatMap((id) => [
  { id, name: builtInRoles[id].en },
  { id, name: builtInRoles[id].fr },
])

/** @throws RoomkeeperError policy.tooMany where one more would be more than `limit`. */
export function checkCount(known: boolean, count: number, limit: number): void {
  if (!known && count >= limit) throw new RoomkeeperError('policy.tooMany', { params: { limit } })
}

export const isBuiltInRole = (id: RoleId): boolean => BuiltInRole.safeParse(id).success || id === tenantManagerRole

/** A partner's things are apart from the customer's own and from other partners' (PAR-4). */
export const sameSide = <T extends { readonly link: LinkId | null }>(items: readonly T[], link: LinkId | null): T[] =>
  items.filter((item) => item.link === link)
