import type { z } from 'zod'
import { type Access, mayManageCustomers, scopeOf, tenantManagerRole } from '../../contract/access.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { assignmentsOf, type ResolvedPolicy } from '../../contract/evaluate.ts'
import type { AssignmentId, RoomId } from '../../contract/ids.ts'
import type { Link, RoomFacts } from '../../contract/policy.ts'
import type { CustomerList, CustomerView, PartnerView } from '../../contract/policyApi.ts'
import type { AccessDeps } from '../access/deps.ts'
import { linkIsShown } from '../access/explain.ts'
import { isExpired, linkOf } from '../access/links.ts'
import { subjectOf } from '../access/people.ts'
import { Names } from '../access/views.ts'
import { domainsAsKept } from '../directory/domains.ts'
import type { Caller } from '../ground/caller.ts'

type Deps = Pick<AccessDeps, 'store' | 'access' | 'directory' | 'clock'>
type Rooms = ReadonlyMap<RoomId, RoomFacts>
type Seen = 'all' | ReadonlySet<RoomId>

/** The customer's side: its partners and invitations, cut to the rooms of whoever looks; a partner's person sees their own link. */
export async function partnersOf({ store, access, clock }: Deps, caller: Caller): Promise<PartnerView[]> {
  const read = store.read(caller.tenant, 'wholeTenant')
  const resolved = await access.resolved(caller.tenant)
  const rooms = await read.roomFacts()
  const seen = seenBy(caller.access)
  const people = await read.tables.person().selectAll().where('link', 'is not', null).execute()
  /** How many people each assignment of partners reaches. */
  const reached = new Map<AssignmentId, number>()
  for (const row of people)
    for (const { assignment } of assignmentsOf(resolved, subjectOf(row))) reached.set(assignment.id, (reached.get(assignment.id) ?? 0) + 1)
  return resolved.policy.links
    .filter(({ id }) => linkIsShown(caller.access, id, resolved))
    .map((link) => {
      const assignedAdmins = resolved.policy.assignments.find((one) => one.builtIn && one.link === link.id)?.id ?? null
      const admins = assignedAdmins === null ? 0 : (reached.get(assignedAdmins) ?? 0)
      return { ...link, ...cut(link, resolved, rooms, seen), expired: isExpired(link, clock.now()), assignedAdmins, admins }
    })
}

/** The rooms that someone may hear of, on screens about roles and settings. */
function seenBy(access: Access): Seen {
  const [roles, settings] = [scopeOf(access, 'roles.view'), scopeOf(access, 'settings.view')]
  return roles === 'all' || settings === 'all' ? 'all' : new Set([...roles, ...settings])
}

/** A link's rooms and groups, without those that are not seen: neither named nor counted. */
function cut(
  { id, scope }: Link,
  { links, policy, groups }: ResolvedPolicy,
  rooms: Rooms,
  seen: Seen,
): Pick<PartnerView, 'scope' | 'rooms' | 'groups' | 'roomsTotal'> {
  const isSeen = (room: RoomId): boolean => rooms.has(room) && (seen === 'all' || seen.has(room))
  const over = links.get(id)?.scope ?? []
  const roomsTotal = (over === 'all' ? [...rooms.keys()] : over).filter(isSeen).length
  if (scope === 'all') return { scope, rooms: [], groups: [], roomsTotal }
  const names = new Map(policy.groups.map((group) => [group.id, group.name]))
  const named = scope.groups
    .map((group) => ({ id: group, name: names.get(group) ?? '', rooms: (groups.get(group) ?? []).filter(isSeen).length }))
    .filter((group) => seen === 'all' || group.rooms > 0)
  const ids = scope.rooms.filter(isSeen)
  return {
    scope: { rooms: ids, groups: named.map((group) => group.id) },
    rooms: ids.flatMap((room) => {
      const facts = rooms.get(room)
      return facts ? [{ id: room, name: facts.name, building: facts.place.building }] : []
    }),
    groups: named,
    roomsTotal,
  }
}

/**
 * The partner's side (PAR-2, PAR-8): the customers of the caller's own organisation. Who does not manage them sees only
 * those where they have rooms, and no invitation.
 * @throws RoomkeeperError access.denied in the name of a customer
 */
export async function customersOf(deps: Deps, caller: Caller): Promise<z.infer<typeof CustomerList>> {
  const { store, clock } = deps
  if (caller.access.link !== undefined) throw new RoomkeeperError('access.denied')
  const mayManage = mayManageCustomers(caller.access)
  const own = store.read(caller.tenant, 'wholeTenant')
  const me = await own.get('me', caller.person)
  const items: CustomerView[] = []
  for (const { customer, ...row } of await store.linksOfPartner(caller.tenant, mayManage ? await domainsOf(deps, caller) : [])) {
    const link = linkOf(row)
    const mine = me?.customers?.some((one) => one.link === link.id) ?? false
    if (!mayManage && !mine) continue
    items.push({
      link: link.id,
      tenant: link.tenant,
      name: customer,
      status: isExpired(link, clock.now()) ? 'expired' : link.status,
      invitedAt: link.invitedAt,
      expiresAt: link.expiresAt,
      acceptedAt: link.acceptedAt,
      roomsTotal: await roomsOf(deps, caller, link, mayManage),
      changeControl: link.changeControl,
      remoteAccess: link.remoteAccess,
      multiFactor: link.multiFactor,
      mine,
    })
  }
  items.sort((a, b) => a.name.localeCompare(b.name) || (a.link < b.link ? -1 : 1))
  const { policy } = await deps.access.resolved(caller.tenant)
  const managers = policy.assignments.find(({ role, link }) => role === tenantManagerRole && link === null)?.members ?? []
  const names = new Names(
    await own.tables.person().selectAll().where('link', 'is', null).execute(),
    await own.tables.securityGroup().selectAll().execute(),
  )
  return { items, mayManage, tenantManagers: mayManage ? managers.map((member) => names.principal(null, member)) : [] }
}

/** Who manages customers knows how many rooms a link is over; anyone else, how many of them are theirs. */
async function roomsOf({ store, access }: Deps, caller: Caller, link: Link, mayManage: boolean): Promise<number> {
  const there = store.read(link.tenant, 'wholeTenant')
  const me = mayManage ? undefined : await there.get('me', caller.person)
  const scope = mayManage ? (await access.resolved(link.tenant)).links.get(link.id)?.scope : me && scopeOf(me.access, 'rooms.view')
  if (scope === undefined) return 0
  const rooms = await there.roomFacts()
  return scope === 'all' ? rooms.size : [...scope].filter((room) => rooms.has(room)).length
}

async function domainsOf({ directory }: Deps, { doer }: Caller): Promise<string[]> {
  try {
    return doer.kind === 'person' ? domainsAsKept(await directory.domainsOf(doer.userTenantId)) : []
  } catch (error) {
    // Customers are shown all the same; invitations are when the directory can say whose they are.
    if (error instanceof RoomkeeperError) return []
    throw error
  }
}
