import { z } from 'zod'
import { Entry, Incident, Me, Room } from './entities.ts'
import { Millis, PersonId, RoomId, TenantId } from './ids.ts'
import { limits } from './limits.ts'
import { SignalId, SignalValue } from './signals.ts'
import { typedName } from './text.ts'

/**
 * Bodies of the HTTP interface, version 1. The routes themselves, each with the permission it needs, are declared in
 * the service; `/v1/openapi.json` is made from these schemas.
 *
 * GET  /.well-known/roomkeeper          where the parts of this service are (public)
 * POST /v1/setup                        the first tenant and administrator of an empty service (loopback, once)
 * POST /v1/enrolments                   a device enrols (contract/agent.ts)
 * GET  /v1/agent                        the agents' socket
 * GET  /v1/feed                         the consoles' socket (contract/feed.ts)
 * GET  /v1/snapshot                     pages of all that the caller may see
 * POST /v1/commands                     one command (contract/commands.ts)
 * GET  /v1/me                           who the caller is and what they may do
 * GET  /v1/rooms, /v1/rooms/:room       rooms.view
 * GET  /v1/rooms/:room/transitions     contract/transitions.ts: rooms.view
 * GET  /v1/rooms/:room/state?at=        the room as it was at a moment: rooms.view
 * GET  /v1/incidents, /v1/incidents/:incident, /v1/incidents/:incident/entries   incidents.view: also those that consoles have let go
 * POST /v1/commands/preview             what a command on roles, assignments, groups or links would change for whom
 * GET  /v1/roles, /v1/assignments …     contract/policyApi.ts: roles, groups, partners, explain, audit
 * GET  /v1/notifications/rules, /v1/notifications/endpoints   contract/notifications.ts: incidents.view; settings.modify
 * GET  /v1/incidents/:incident/notifications   why one was, or was not, told of it: incidents.view
 * POST /v1/notifications/try            what a rule would have told: incidents.view
 * POST /v1/notifications/read           marks one's own notices as read
 * GET  /v1/people                       people known in this tenant: incidents.view
 * POST /v1/people/owners                whom incidents of some rooms can be given to: incidents.view
 * GET  /v1/enrolment/key                rooms.downloadKey
 * POST /v1/enrolment/key/reset          rooms.resetKey
 * GET  /v1/enrolment/installer          rooms.create or settings.view
 * GET  /v1/openapi.json, /healthz               public
 */

export const Discovery = z.object({
  product: z.literal('roomkeeper'),
  version: z.string(),
  /** The name devices sign for; stable for the life of the service's data. */
  service: z.string(),
  issuer: z.string(),
  /** Client id and scope for consoles at the issuer. */
  clientId: z.string(),
  scope: z.string(),
  /** The port of the address that the issuer sends people back to (`http://localhost:PORT`); left out: any free one. */
  redirectPort: z.int().min(1).max(65_535).optional(),
  /** What consoles ask the issuer for a token for (RFC 8707); left out: the issuer knows by the scope. */
  resource: z.string().optional(),
  /** Whether the issuer is the embedded one, which lives on loopback only. */
  embeddedIssuer: z.boolean(),
  /** No tenant yet: the console shows the first-start screen. */
  setupRequired: z.boolean(),
})
export type Discovery = z.infer<typeof Discovery>

export const SetupRequest = z.object({
  tenant: typedName(),
  name: typedName(),
  email: z.email().max(254),
  password: z.string().min(12).max(200),
})
export type SetupRequest = z.infer<typeof SetupRequest>
export const SetupAnswer = z.object({ tenant: TenantId })

const list = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().optional(), total: z.int() })

export const ListQuery = z.object({
  after: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(limits.listRows).default(100),
})
export const RoomList = list(Room)
export const IncidentList = list(Incident)
export type IncidentList = z.infer<typeof IncidentList>
export const EntryList = list(Entry)
export type EntryList = z.infer<typeof EntryList>
export const IncidentQuery = ListQuery.extend({
  status: z.enum(['needAction', 'investigating', 'resolved', 'open']).optional(),
  room: RoomId.optional(),
})
export const RoomQuery = ListQuery.extend({ name: z.string().max(limits.nameChars).optional() })

export const RoomMomentQuery = z.object({ at: z.coerce.number().pipe(Millis) })
/**
 * A room at a moment: from the checkpoint before it and what happened since, so by what was told to the service, not by raw reports.
 * `state`: null where nothing is kept of the room from before that moment.
 */
export const RoomMoment = z.object({
  at: Millis,
  checkpointAt: Millis.nullable(),
  state: Room.pick({ lifecycle: true, health: true, healthSince: true, connected: true, incidents: true })
    .extend({ signals: z.partialRecord(SignalId, z.object({ value: SignalValue, since: Millis })) })
    .nullable(),
})
export type RoomMoment = z.infer<typeof RoomMoment>

export const MeAnswer = Me

/** `organisation`: the partner's name, where the person is a partner's. */
export const Person = z.object({ id: PersonId, name: z.string(), email: z.string(), organisation: z.string().optional() })
export type Person = z.infer<typeof Person>
export const PeopleList = z.object({ items: z.array(Person) })
/** Of which rooms' incidents: who sees all of them. */
export const OwnersQuery = z.object({ rooms: z.array(RoomId).min(1).max(limits.pickedRows) })

export const EnrolmentKey = z.object({ key: z.string(), madeAt: Millis })
export type EnrolmentKey = z.infer<typeof EnrolmentKey>
