import { z } from 'zod'
import { ChangeKind, Place } from './entities.ts'
import { AssignmentId, GroupId, LinkId, Millis, RoleId, RoomId, TenantId } from './ids.ts'
import { limits } from './limits.ts'
import { Permission } from './permissions.ts'

/** What a tenant's people and partners may do, as it is stored: roles, room groups, assignments and partner links. */

const name = z.string().max(limits.nameChars)
const description = z.string().max(limits.commentChars)

/** A person or a security group of the directory, by its object id (or, for people, by their id here). */
export const Member = z.object({ kind: z.enum(['person', 'group']), id: z.string().min(1).max(64) })
export type Member = z.infer<typeof Member>

/** A role that people made; the built-in ones are in permissions.ts. `link`: a partner's own role, apart from the customer's. */
export const CustomRole = z.object({
  id: RoleId,
  link: LinkId.nullable(),
  name,
  description,
  permissions: z.array(Permission).min(1).max(Permission.options.length),
})
export type CustomRole = z.infer<typeof CustomRole>

export const GroupRule = z.object({
  /** Whether a room must meet all conditions or any. */
  match: z.enum(['all', 'any']),
  conditions: z
    .array(
      z.object({
        field: z.enum(['name', 'country', 'city', 'building', 'floor']),
        is: z.enum(['equal', 'notEqual', 'contains', 'startsWith']),
        value: z.string().min(1).max(limits.nameChars),
      }),
    )
    .min(1)
    .max(limits.conditionsPerRule),
})
export type GroupRule = z.infer<typeof GroupRule>

/** Rooms under one name: the named ones, and those that the rule finds, now and later. */
export const RoomGroup = z.object({
  id: GroupId,
  name,
  description,
  rooms: z.array(RoomId).max(limits.roomsPerScope),
  rule: GroupRule.nullable(),
})
export type RoomGroup = z.infer<typeof RoomGroup>

/** What an assignment or a link is over. */
export const AssignmentScope = z.union([
  z.literal('all'),
  z.object({ rooms: z.array(RoomId).max(limits.roomsPerScope), groups: z.array(GroupId).max(limits.groupsPerScope) }),
])
export type AssignmentScope = z.infer<typeof AssignmentScope>

export const Assignment = z.object({
  id: AssignmentId,
  /** A partner's own assignment, with members of the partner's directory. */
  link: LinkId.nullable(),
  role: RoleId,
  name,
  description,
  /** E-mail notifications to its members. */
  notify: z.boolean(),
  members: z.array(Member).max(limits.membersPerAssignment),
  /** Of "Assigned admins" always the link's own scope. */
  scope: AssignmentScope,
  /** "Assigned admins" of a link (PAR-3). */
  builtIn: z.boolean(),
})
export type Assignment = z.infer<typeof Assignment>

export const ChangeControl = z.record(ChangeKind, z.enum(['automatic', 'manual']))
export type ChangeControl = z.infer<typeof ChangeControl>

export const Link = z.object({
  id: LinkId,
  /** The customer. */
  tenant: TenantId,
  /** The partner's domain as invited, lower case, in ASCII. */
  domain: z.string().max(253),
  status: z.enum(['invited', 'active']),
  /** The organisation that accepted. */
  partner: TenantId.nullable(),
  partnerName: name,
  invitedAt: Millis,
  expiresAt: Millis,
  acceptedAt: Millis.nullable(),
  changeControl: ChangeControl,
  scope: AssignmentScope,
  /** The customer lets this partner hold remote access; its primary admins may then grant it. */
  remoteAccess: z.boolean(),
  /** The partner's people need a token that says they signed in with more than a password (PAR-7). */
  multiFactor: z.boolean(),
})
export type Link = z.infer<typeof Link>

export const Policy = z.object({
  roles: z.array(CustomRole),
  groups: z.array(RoomGroup),
  assignments: z.array(Assignment),
  links: z.array(Link),
})
export type Policy = z.infer<typeof Policy>

/** What rules look at. */
export const RoomFacts = z.object({ id: RoomId, name, place: Place })
export type RoomFacts = Pick<z.infer<typeof RoomFacts>, 'id' | 'name'> & { place: Pick<Place, 'country' | 'city' | 'building' | 'floor'> }
