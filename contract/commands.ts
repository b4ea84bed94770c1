import { z } from 'zod'
import { type Access, may, mayEverywhere, mayManageCustomers } from './access.ts'
import { type ChangeKind, Licence } from './entities.ts'
import { ErrorCode, Problem } from './errors.ts'
import {
  AssignmentId,
  CommandKey,
  EndpointId,
  GroupId,
  IncidentId,
  LinkId,
  Millis,
  NotifyRuleId,
  PersonId,
  ReportId,
  RequestId,
  RoleId,
  RoomId,
  SuppressionId,
} from './ids.ts'
import { limits } from './limits.ts'
import { EndpointDraft, NotifyRuleDraft } from './notifications.ts'
import { Permission } from './permissions.ts'
import { AssignmentScope, ChangeControl, GroupRule, Member } from './policy.ts'
import { SettingsChanges } from './settings.ts'
import { suppressionSaid } from './suppression.ts'
import { typedName, typedText } from './text.ts'
import { isTimeZone } from './timeZone.ts'

/**
 * What an operator can do to the tenant's data. One command is one intention: it is kept durably in the console's
 * outbox, sent once, and either applied or refused as a whole.
 */

const note = typedText(limits.commentChars).optional()
const text = typedText(limits.commentChars).or(z.literal(''))
const name = typedName()
const placeName = name.or(z.literal(''))
/** An IANA time zone that this program knows. */
const TimeZone = z.string().max(64).refine(isTimeZone, 'Not a time zone.')
const members = z.array(Member).max(limits.membersPerAssignment)
const rooms = z.array(RoomId).min(1).max(limits.roomsPerCommand)
const assignment = { assignment: AssignmentId, name, description: text, notify: z.boolean(), members, scope: AssignmentScope }

const areOnce = (ids: readonly string[]): boolean => new Set(ids).size === ids.length

/** Those about one incident. */
export const IncidentCommand = z.discriminatedUnion('type', [
  z.object({ type: z.literal('incident.acknowledge'), incident: IncidentId, note }),
  z.object({ type: z.literal('incident.unacknowledge'), incident: IncidentId }),
  z.object({ type: z.literal('incident.assign'), incident: IncidentId, owner: PersonId.nullable() }),
  z.object({ type: z.literal('incident.comment'), incident: IncidentId, text: typedText(limits.commentChars) }),
  /** Out of its storm, or a part of one again. */
  z.object({ type: z.literal('incident.standAlone'), incident: IncidentId, alone: z.boolean() }),
  /** Of one that was reported by hand (INC-4). */
  z.object({ type: z.literal('issue.close'), incident: IncidentId, reason: typedText(limits.commentChars) }),
])
export type IncidentCommand = z.infer<typeof IncidentCommand>

/** What consoles keep in their outbox until it is sent, also offline. */
export const QueuedCommand = z.discriminatedUnion('type', [
  ...IncidentCommand.options,
  z.object({ type: z.literal('rooms.enrol'), rooms }),
  z.object({ type: z.literal('rooms.unenrol'), rooms }),
  z.object({
    type: z.literal('settings.change'),
    changes: SettingsChanges,
  }),
  z.object({ type: z.literal('rooms.ring'), rooms, ring: name }),
  z.object({ type: z.literal('rooms.licence'), rooms, licence: Licence }),
  /** One room: names are no matter of many. */
  z.object({ type: z.literal('rooms.rename'), rooms: rooms.length(1), name }),
  z.object({
    type: z.literal('rooms.move'),
    rooms,
    place: z.object({ country: placeName, city: placeName, building: placeName, floor: placeName, timeZone: TimeZone }).partial(),
  }),
  /** The device of the first, which is in onboarding, takes the place of the second one's: a machine that was re-imaged or exchanged. */
  z.object({
    type: z.literal('rooms.replace'),
    rooms: rooms.length(2).refine(([next, former]) => next !== former, 'A room does not take its own place.'),
  }),
  /** What is wrong in these rooms by somebody's word (INC-4): an incident in each, by these ids in the order of the rooms. */
  z
    .object({
      type: z.literal('issue.report'),
      report: ReportId,
      rooms: rooms.max(limits.roomsPerReport),
      incidents: z.array(IncidentId).min(1).max(limits.roomsPerReport),
      text: typedText(limits.commentChars),
      high: z.boolean(),
    })
    .refine(({ rooms, incidents }) => rooms.length === incidents.length, { path: ['incidents'], message: 'One for each room.' })
    .refine(({ rooms, incidents }) => areOnce(rooms) && areOnce(incidents), { path: ['rooms'], message: 'Each once.' }),
  /** Makes a suppression (ROM-3), or says anew what one is: another end, other rooms. */
  z.object({ type: z.literal('suppression.save'), ...suppressionSaid }),
  /** Ends it at once, in these rooms, or in each of its rooms where one may; it is over where none is left. */
  z.object({ type: z.literal('suppression.end'), suppression: SuppressionId, within: rooms.optional() }),
  /** It has no end, and is still wanted. */
  z.object({ type: z.literal('suppression.confirm'), suppression: SuppressionId }),
])
export type QueuedCommand = z.infer<typeof QueuedCommand>

/** What changes who may do what: sent to the service at once or not at all, never from an outbox. */
export const PolicyCommand = z.discriminatedUnion('type', [
  /**
   * Makes or replaces a custom role; a partner's person makes one of their own link. `first`: its first assignment (ACC-5),
   * made together with it or not at all, and previewed with it.
   */
  z.object({
    type: z.literal('role.save'),
    role: RoleId,
    name,
    description: text,
    permissions: z.array(Permission).min(1).max(Permission.options.length),
    first: z.object(assignment).optional(),
  }),
  /** Its assignments go with it. */
  z.object({ type: z.literal('role.delete'), role: RoleId }),
  z.object({ type: z.literal('assignment.save'), role: RoleId, ...assignment }),
  z.object({ type: z.literal('assignment.delete'), assignment: AssignmentId }),
  z.object({
    type: z.literal('group.save'),
    group: GroupId,
    name,
    description: text,
    rooms: z.array(RoomId).max(limits.roomsPerScope),
    rule: GroupRule.nullable(),
  }),
  z.object({ type: z.literal('group.delete'), group: GroupId }),
  z.object({
    type: z.literal('partner.invite'),
    link: LinkId,
    domain: z.string().min(1).max(253),
    days: z.int().min(1).max(limits.invitationDaysAtMost),
    changeControl: ChangeControl,
    scope: AssignmentScope,
    remoteAccess: z.boolean(),
    multiFactor: z.boolean(),
    /** The terms were read and agreed to. */
    agreed: z.literal(true),
  }),
  /** The scope is that of Assigned admins: it is changed there, by `assignment.save` (PAR-4). */
  z.object({
    type: z.literal('partner.change'),
    link: LinkId,
    changeControl: ChangeControl,
    remoteAccess: z.boolean(),
    multiFactor: z.boolean(),
  }),
  z.object({ type: z.literal('partner.remove'), link: LinkId }),
  /** The partner's side, in its own tenant: the first to accept names the primary admins (PAR-2). */
  z.object({ type: z.literal('invitation.accept'), link: LinkId, admins: members.min(1) }),
  z.object({ type: z.literal('invitation.deny'), link: LinkId }),
  z.object({ type: z.literal('customer.leave'), link: LinkId }),
  /** Who accepts invitations and manages customers, beside Pro Managers and Global Administrators (PAR-2). */
  z.object({ type: z.literal('tenantManagers.set'), members }),
  z.object({ type: z.literal('request.decide'), request: RequestId, approve: z.boolean(), note }),
  /** Who asked takes it back. */
  z.object({ type: z.literal('request.withdraw'), request: RequestId }),
  /** Roles, assignments, groups and links as a file: all of it or nothing. */
  z.object({ type: z.literal('policy.import'), yaml: z.string().min(1).max(limits.policyFileChars) }),
  /** Makes or replaces a rule of who is told what (INC-6): one's own, or the tenant's, as `to` says. That stays as it was made. */
  z.object({ type: z.literal('notifications.saveRule'), rule: NotifyRuleId, draft: NotifyRuleDraft }),
  z.object({ type: z.literal('notifications.deleteRule'), rule: NotifyRuleId }),
  z.object({ type: z.literal('endpoints.save'), endpoint: EndpointId, draft: EndpointDraft }),
  /** Rules that name it name it no more. */
  z.object({ type: z.literal('endpoints.delete'), endpoint: EndpointId }),
  /** Sends it something that says that it is a test; what came of it stands on the endpoint. */
  z.object({ type: z.literal('endpoints.test'), endpoint: EndpointId }),
])
export type PolicyCommand = z.infer<typeof PolicyCommand>

export const Command = z.discriminatedUnion('type', [...QueuedCommand.options, ...PolicyCommand.options])
export type Command = z.infer<typeof Command>
export type CommandType = Command['type']

export const commandTypes = Command.options.map((option) => option.shape.type.value)

/**
 * What a command is about, and so where its permission is needed. Every command says it, so that none can forget it:
 * - `rooms`: the rooms that it names or is over, or its incident's: on each of them
 * - `tenant`: no room (architecture rule 14): over all rooms, in one's own tenant
 * - `touched`: what a request touches (`mayDecide`), in one's own tenant
 * - `held`: roles, assignments, groups and one's own rules of notification: on any room; what it gives, changes and takes is cut to the
 *   rooms where one holds it
 */
export type About = 'rooms' | 'tenant' | 'touched' | 'held'

/** `customers`: to manage the customers of one's own organisation (`mayManageCustomers`); `own`: nothing but being who asked. */
type Needs = { readonly permission: Permission; readonly about: About } | 'customers' | 'own'

/** What each command needs. */
export const commandNeeds = {
  'incident.acknowledge': { permission: 'incidents.update', about: 'rooms' },
  'incident.unacknowledge': { permission: 'incidents.update', about: 'rooms' },
  'incident.assign': { permission: 'incidents.update', about: 'rooms' },
  'incident.comment': { permission: 'incidents.update', about: 'rooms' },
  'incident.standAlone': { permission: 'incidents.update', about: 'rooms' },
  'issue.report': { permission: 'incidents.update', about: 'rooms' },
  'issue.close': { permission: 'incidents.update', about: 'rooms' },
  'rooms.enrol': { permission: 'rooms.create', about: 'rooms' },
  'rooms.unenrol': { permission: 'rooms.unenroll', about: 'rooms' },
  'rooms.ring': { permission: 'rings.modify', about: 'rooms' },
  'rooms.licence': { permission: 'rooms.modify', about: 'rooms' },
  'rooms.rename': { permission: 'rooms.modify', about: 'rooms' },
  'rooms.move': { permission: 'rooms.modify', about: 'rooms' },
  'rooms.replace': { permission: 'rooms.create', about: 'rooms' },
  'suppression.save': { permission: 'rooms.modify', about: 'rooms' },
  'suppression.end': { permission: 'rooms.modify', about: 'rooms' },
  'suppression.confirm': { permission: 'rooms.modify', about: 'rooms' },
  'settings.change': { permission: 'settings.modify', about: 'tenant' },
  'role.save': { permission: 'roles.modify', about: 'held' },
  'role.delete': { permission: 'roles.modify', about: 'held' },
  'assignment.save': { permission: 'roles.modify', about: 'held' },
  'assignment.delete': { permission: 'roles.modify', about: 'held' },
  'group.save': { permission: 'groups.modify', about: 'held' },
  'group.delete': { permission: 'groups.modify', about: 'held' },
  'partner.invite': { permission: 'settings.modify', about: 'tenant' },
  'partner.change': { permission: 'settings.modify', about: 'tenant' },
  'partner.remove': { permission: 'settings.modify', about: 'tenant' },
  'invitation.accept': 'customers',
  'invitation.deny': 'customers',
  'customer.leave': 'customers',
  'tenantManagers.set': { permission: 'settings.modify', about: 'tenant' },
  'request.decide': { permission: 'settings.modify', about: 'touched' },
  'request.withdraw': 'own',
  'policy.import': { permission: 'roles.modify', about: 'tenant' },
  /** One's own; of the tenant's, the handler asks for settings.modify over all rooms (`mayRuleOthers`). */
  'notifications.saveRule': { permission: 'incidents.view', about: 'held' },
  'notifications.deleteRule': { permission: 'incidents.view', about: 'held' },
  'endpoints.save': { permission: 'settings.modify', about: 'tenant' },
  'endpoints.delete': { permission: 'settings.modify', about: 'tenant' },
  'endpoints.test': { permission: 'settings.modify', about: 'tenant' },
} as const satisfies Readonly<Record<CommandType, Needs>>

/** What commands need beside that, on the same rooms: a device that takes a place is let in, and the one before is cut off. */
export const alsoNeeded: Readonly<Partial<Record<CommandType, Permission>>> = { 'rooms.replace': 'rooms.unenroll' }

/**
 * May this person send commands of this type at all? For one about rooms: about some room. The service refuses with
 * access.denied where not, before it looks at what the command names; the console shows its button by the same rule.
 */
export function mayCommand(access: Access, type: CommandType): boolean {
  const needs: Needs = commandNeeds[type]
  const also = alsoNeeded[type]
  if (also !== undefined && !may(access, also)) return false
  if (needs === 'own') return true
  if (needs === 'customers') return mayManageCustomers(access)
  switch (needs.about) {
    case 'rooms':
    case 'held':
      return may(access, needs.permission)
    case 'touched':
      return access.link === undefined && may(access, needs.permission)
    case 'tenant':
      return mayEverywhere(access, needs.permission)
  }
}

/** Whether someone says what the tenant tells others: its rules and endpoints (INC-6). */
export const mayRuleOthers = (access: Access): boolean => mayEverywhere(access, 'settings.modify')

/** Whether someone may import at all: its preview names all that is there. What else they hold decides what they may change by it. */
export const mayImport = (access: Access): boolean => mayCommand(access, 'policy.import') && mayEverywhere(access, 'roles.view')

/** The kind of change control that a partner's command falls under (PAR-1); null: a partner cannot send it, or it is their own affair. */
export const changeKindOf: Readonly<Record<CommandType, ChangeKind | null>> = {
  'incident.acknowledge': 'incidents',
  'incident.unacknowledge': 'incidents',
  'incident.assign': 'incidents',
  'incident.comment': 'incidents',
  'incident.standAlone': 'incidents',
  'issue.report': 'incidents',
  'issue.close': 'incidents',
  'rooms.enrol': 'rooms',
  'rooms.unenrol': 'rooms',
  'rooms.ring': 'rings',
  'rooms.licence': 'rooms',
  'rooms.rename': 'rooms',
  'rooms.move': 'rooms',
  'rooms.replace': 'rooms',
  'suppression.save': 'rooms',
  'suppression.end': 'rooms',
  'suppression.confirm': 'rooms',
  'settings.change': null,
  'role.save': 'roles',
  'role.delete': 'roles',
  'assignment.save': 'roles',
  'assignment.delete': 'roles',
  'group.save': null,
  'group.delete': null,
  'partner.invite': null,
  'partner.change': null,
  'partner.remove': null,
  'invitation.accept': null,
  'invitation.deny': null,
  'customer.leave': null,
  'tenantManagers.set': null,
  'request.decide': null,
  'request.withdraw': null,
  'policy.import': null,
  'notifications.saveRule': null,
  'notifications.deleteRule': null,
  'endpoints.save': null,
  'endpoints.delete': null,
  'endpoints.test': null,
}

/**
 * A command on its way: the key makes a second delivery harmless, `issuedAt` is when the operator acted. `sentAt`: the time by the same
 * clock when this was sent; with it only the time between the two counts, and the clock may be wrong.
 */
export const CommandRequest = z.object({ key: CommandKey, issuedAt: Millis, sentAt: Millis.optional(), command: Command })
export type CommandRequest = z.infer<typeof CommandRequest>

/**
 * What became of it, stored under its key and its sender; a stored outcome answers every retry of the same command alike,
 * also when its sender may do it no more. An applied
 * command also leaves a `receipt` row in the feed, behind the rows that it changed and in the same batch: once that is
 * in the copy, the console's overlay can go.
 *
 * Over HTTP `applied` is a 200 with this body; a refusal is a problem with its code and that code's status, on every
 * retry alike. 401, 429 and 5xx are no outcomes: nothing was stored, the same key may be sent again.
 */
export const CommandOutcome = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('applied'), at: Millis }),
  /** Waits for the customer's decision (PAR-5); over HTTP a 200 too. The receipt follows when it was approved and done. */
  z.object({ outcome: z.literal('requested'), request: RequestId, expiresAt: Millis }),
  z.object({ outcome: z.literal('refused'), code: ErrorCode, ...Problem.pick({ field: true, detail: true, params: true }).shape }),
])
export type CommandOutcome = z.infer<typeof CommandOutcome>
