import { z } from 'zod'
import { PolicyCommand } from './commands.ts'
import { Problem } from './errors.ts'
import { AssignmentId, GroupId, LinkId, Millis, PersonId, RoleId, RoomId, TenantId } from './ids.ts'
import { limits } from './limits.ts'
import { Permission } from './permissions.ts'
import { Assignment, GroupRule, Link, Member } from './policy.ts'

/**
 * The HTTP interface of roles, assignments, groups, partners, explanation and audit. Changes are commands
 * (contract/commands.ts). A partner's person names the customer in the header `Roomkeeper-Tenant`, here, on
 * `/v1/commands`, `/v1/snapshot` and the feed's upgrade; without it everything is about the caller's own tenant.
 *
 * GET  /v1/roles                    roles.view: RoleList
 * GET  /v1/assignments[?role=&link=]   roles.view: AssignmentList
 * GET  /v1/groups[?group=]          groups.view or roles.view: GroupList, cut to the rooms in scope
 * POST /v1/groups/preview           groups.view: which rooms a rule finds, GroupPreview
 * GET  /v1/directory?text=&kind=    roles.modify or settings.modify, or who manages customers: PrincipalList
 * POST /v1/commands/preview         as the command itself: Effect
 * GET  /v1/explain?permission=&room=   roles.view: WhoCan
 * GET  /v1/explain/people/:person   roles.view: WhatCan
 * GET  /v1/partners                 settings.view or roles.view: PartnerList (the customer's side)
 * GET  /v1/customers                any person: CustomerList (the partner's side; invitations only for who manages customers)
 * GET  /v1/policy                   roles.view over all rooms: the policy as YAML (text/yaml)
 * GET  /v1/audit?…                  Pro Manager or Global Administrator: AuditPage
 * GET  /v1/audit.csv?from=&to=      the same: the CSV of AUD-1 (text/csv)
 * GET  /v1/audit/check              the same: AuditCheck
 */
export const tenantHeader = 'roomkeeper-tenant'

/** A person or security group, by name. `known`: false where the directory does not know the id (any more). */
export const Principal = Member.extend({ name: z.string(), email: z.string(), known: z.boolean() })
export type Principal = z.infer<typeof Principal>
export const PrincipalList = z.object({ items: z.array(Principal), more: z.boolean() })
export const DirectoryQuery = z.object({ text: z.string().max(limits.nameChars).default(''), kind: Member.shape.kind.optional() })

export const Role = z.object({
  id: RoleId,
  builtIn: z.boolean(),
  name: z.string(),
  description: z.string(),
  permissions: z.array(Permission),
  /** Partner roles: the link they belong to. Of the built-in Primary Admin: null, it is every partner's. */
  link: LinkId.nullable(),
  side: z.enum(['customer', 'partner']),
  /** Names it had before; search finds it by them. */
  formerly: z.array(z.string()),
  scopeFixedToAll: z.boolean(),
  assignments: z.int().min(0),
})
export type Role = z.infer<typeof Role>
export const RoleList = z.object({ items: z.array(Role) })

/** An assignment with names. `reaches`: how many people it reaches as far as they are known, and over how many rooms. */
export const AssignmentView = Assignment.extend({
  members: z.array(Principal),
  rooms: z.array(z.object({ id: RoomId, name: z.string(), building: z.string() })),
  groups: z.array(z.object({ id: GroupId, name: z.string(), rooms: z.int() })),
  reaches: z.object({ people: z.int(), rooms: z.int() }),
  /** When the members of its security groups were last read, and whether the directory could not be reached since. */
  groupsReadAt: Millis.nullable(),
  directoryDown: z.boolean(),
})
export type AssignmentView = z.infer<typeof AssignmentView>
export const AssignmentList = z.object({ items: z.array(AssignmentView) })
export const AssignmentQuery = z.object({ role: RoleId.optional(), link: LinkId.optional() })

/** A room group as far as the caller's rooms go: `rooms` names only those, `total` counts only those. */
export const GroupView = z.object({
  id: GroupId,
  name: z.string(),
  description: z.string(),
  rule: GroupRule.nullable(),
  /** The named ones, the first of them; `total` with those that the rule finds. */
  rooms: z.array(z.object({ id: RoomId, name: z.string(), building: z.string() })),
  total: z.int(),
  usedBy: z.int(),
})
export type GroupView = z.infer<typeof GroupView>
export const GroupList = z.object({ items: z.array(GroupView) })
/** `group`: this one alone, with all of its named rooms. */
export const GroupQuery = z.object({ group: GroupId.optional() })
export const GroupPreviewRequest = z.object({ rooms: z.array(RoomId).max(limits.roomsPerScope), rule: GroupRule.nullable() })
export const GroupPreview = z.object({ total: z.int(), rooms: z.array(z.object({ id: RoomId, name: z.string(), building: z.string() })) })

export const PersonBrief = z.object({
  id: PersonId,
  name: z.string(),
  email: z.string(),
  link: LinkId.nullable(),
  organisation: z.string().optional(),
})
export type PersonBrief = z.infer<typeof PersonBrief>

/** What a command would change, before it is saved: "3 people lose 41 rooms". */
export const Effect = z.object({
  /** People who gain, or lose, a room or a permission; distinct rooms among all of them. */
  gain: z.object({ people: z.int(), rooms: z.int() }),
  lose: z.object({ people: z.int(), rooms: z.int() }),
  /** The first of them, those who lose first. */
  people: z.array(
    z.object({
      person: PersonBrief,
      roomsGained: z.int(),
      roomsLost: z.int(),
      permissionsGained: z.array(Permission),
      permissionsLost: z.array(Permission),
    }),
  ),
  /** Lines of a policy file's difference; empty for other commands. */
  changes: z.array(
    z.object({
      what: z.enum(['role', 'assignment', 'group', 'partner']),
      name: z.string(),
      change: z.enum(['create', 'update', 'delete']),
    }),
  ),
  /** Of an approval: why what was asked for cannot be done any more. It can be decided, and changes nothing. */
  fails: Problem.pick({ code: true, detail: true }).optional(),
})
export type Effect = z.infer<typeof Effect>
export const PreviewRequest = z.object({ command: PolicyCommand })

/** One way in which someone holds a permission: person → (security group) → assignment → role → scope. */
export const Chain = z.object({
  /** Of a Global Administrator there is nothing more to say. */
  kind: z.enum(['globalAdministrator', 'assignment']),
  /** The security group they are in; absent: named directly. */
  group: z.object({ id: z.string(), name: z.string(), readAt: Millis.nullable() }).optional(),
  assignment: z.object({ id: AssignmentId, name: z.string() }).optional(),
  role: z.object({ id: RoleId, name: z.string(), builtIn: z.boolean() }).optional(),
  /** How the room is in scope: all rooms, named itself, or by these groups. */
  scope: z.object({ kind: z.enum(['all', 'room', 'groups', 'link']), groups: z.array(z.string()) }).optional(),
  /** Rooms it reaches in all. */
  rooms: z.int(),
  partner: z.string().optional(),
})
export type Chain = z.infer<typeof Chain>

/** Who can do this, and why? (ACC-7) `total` counts all of them, `people` names the first. */
export const WhoCan = z.object({
  permission: Permission,
  room: RoomId.nullable(),
  total: z.int(),
  people: z.array(z.object({ person: PersonBrief, chains: z.array(Chain) })),
  directoryDown: z.boolean(),
})
export type WhoCan = z.infer<typeof WhoCan>
export const WhoCanQuery = z.object({ permission: Permission, room: RoomId.optional() })

/** What someone can reach. */
export const WhatCan = z.object({
  person: PersonBrief,
  /** Per permission that they hold: over how many rooms, or all, and through what. */
  permissions: z.array(z.object({ permission: Permission, all: z.boolean(), rooms: z.int(), chains: z.array(Chain) })),
  /** Rooms they may see, the first of them. */
  rooms: z.array(z.object({ id: RoomId, name: z.string(), building: z.string() })),
  roomsTotal: z.int(),
})
export type WhatCan = z.infer<typeof WhatCan>

/** A link as the customer sees it. */
export const PartnerView = Link.extend({
  /** An invitation that waited too long. */
  expired: z.boolean(),
  rooms: z.array(z.object({ id: RoomId, name: z.string(), building: z.string() })),
  groups: z.array(z.object({ id: GroupId, name: z.string(), rooms: z.int() })),
  roomsTotal: z.int(),
  /** The id of "Assigned admins", once it was accepted. */
  assignedAdmins: AssignmentId.nullable(),
  admins: z.int(),
})
export type PartnerView = z.infer<typeof PartnerView>
export const PartnerList = z.object({ items: z.array(PartnerView) })

/** A link, or an invitation, as the partner sees it. */
export const CustomerView = z.object({
  link: LinkId,
  tenant: TenantId,
  name: z.string(),
  status: z.enum(['invited', 'expired', 'active']),
  invitedAt: Millis,
  expiresAt: Millis,
  acceptedAt: Millis.nullable(),
  roomsTotal: z.int(),
  changeControl: Link.shape.changeControl,
  remoteAccess: z.boolean(),
  multiFactor: z.boolean(),
  /** Whether the caller has rooms there. */
  mine: z.boolean(),
})
export type CustomerView = z.infer<typeof CustomerView>
export const CustomerList = z.object({
  items: z.array(CustomerView),
  /** Whether the caller may accept, deny and leave. */
  mayManage: z.boolean(),
  tenantManagers: z.array(Principal),
})

export const AuditQuery = z.object({
  from: z.coerce.number().int().min(0).optional(),
  to: z.coerce.number().int().min(0).optional(),
  category: z.string().max(64).optional(),
  operation: z.enum(['Create', 'Update', 'Delete']).optional(),
  resultStatus: z.enum(['Successful', 'Failed']).optional(),
  /** Part of a name of a person or an object. */
  text: z.string().max(limits.nameChars).optional(),
  /** The number of the record after which (going back) the page starts. */
  before: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(limits.auditRows).default(100),
})
export const AuditRecordView = z.object({
  number: z.int(),
  at: Millis,
  category: z.string(),
  /** What was done: an `AuditAction`, or a newer or older service's word; null in records from before there were any. */
  action: z.string().nullable(),
  objectName: z.string(),
  operation: z.enum(['Create', 'Update', 'Delete']),
  resultStatus: z.enum(['Successful', 'Failed']),
  userId: z.string(),
  userTenantId: z.string(),
  /** The person's name; null: the system. */
  user: z.string().nullable(),
  organisation: z.string().nullable(),
  detail: z.record(z.string(), z.unknown()),
})
export type AuditRecordView = z.infer<typeof AuditRecordView>
export const AuditPage = z.object({ items: z.array(AuditRecordView), next: z.int().nullable() })
/** `broken`: the number of the first record that does not fit the chain. */
export const AuditCheck = z.object({ records: z.int(), from: Millis.nullable(), head: z.string().nullable(), broken: z.int().nullable() })
export type AuditCheck = z.infer<typeof AuditCheck>
export const AuditRange = z.object({ from: z.coerce.number().int().min(0), to: z.coerce.number().int().min(0) })
