import { z } from 'zod'

/**
 * Ids are UUIDv7 text made by whoever creates the thing; the brand keeps a room's id from being passed where a
 * device's is wanted. Incident numbers are the one exception: integers, given by the service, per tenant.
 */
const uuid = z.uuid().max(36)

export const TenantId = uuid.brand<'TenantId'>()
export type TenantId = z.infer<typeof TenantId>
export const RoomId = uuid.brand<'RoomId'>()
export type RoomId = z.infer<typeof RoomId>
export const DeviceId = uuid.brand<'DeviceId'>()
export type DeviceId = z.infer<typeof DeviceId>
export const IncidentId = uuid.brand<'IncidentId'>()
export type IncidentId = z.infer<typeof IncidentId>
export const EntryId = uuid.brand<'EntryId'>()
export type EntryId = z.infer<typeof EntryId>
export const AssignmentId = uuid.brand<'AssignmentId'>()
export type AssignmentId = z.infer<typeof AssignmentId>
export const RoleId = z.string().min(1).max(64).brand<'RoleId'>()
export type RoleId = z.infer<typeof RoleId>
/** A group of rooms. */
export const GroupId = uuid.brand<'GroupId'>()
export type GroupId = z.infer<typeof GroupId>
/** The link between a customer and one partner, from its invitation on. */
export const LinkId = uuid.brand<'LinkId'>()
export type LinkId = z.infer<typeof LinkId>
/** What a partner asked for and the customer has to decide; equal to the key of the command that waits. */
export const RequestId = uuid.brand<'RequestId'>()
export type RequestId = z.infer<typeof RequestId>
/** The idempotency key of a command: a UUIDv7 made when the operator acted. */
export const CommandKey = uuid.brand<'CommandKey'>()
export type CommandKey = z.infer<typeof CommandKey>
/** A remote session (REM-3). */
export const SessionId = uuid.brand<'SessionId'>()
export type SessionId = z.infer<typeof SessionId>
/** A rule of who is told what, how and when (INC-6); where others are told; and one line of what a person was told. */
export const NotifyRuleId = uuid.brand<'NotifyRuleId'>()
export type NotifyRuleId = z.infer<typeof NotifyRuleId>
export const EndpointId = uuid.brand<'EndpointId'>()
export type EndpointId = z.infer<typeof EndpointId>
export const NoticeId = uuid.brand<'NoticeId'>()
export type NoticeId = z.infer<typeof NoticeId>
/** What keeps incidents of rooms from beginning for a while (ROM-3). */
export const StormId = uuid.brand<'StormId'>()
export type StormId = z.infer<typeof StormId>
export const SuppressionId = uuid.brand<'SuppressionId'>()
export type SuppressionId = z.infer<typeof SuppressionId>
/** What somebody reported by hand, over one or more rooms (INC-4). */
export const ReportId = uuid.brand<'ReportId'>()
export type ReportId = z.infer<typeof ReportId>
/** One report journal of one device; a re-imaged device starts a new one. */
export const JournalId = uuid.brand<'JournalId'>()
export type JournalId = z.infer<typeof JournalId>
/** A boot of a device. */
export const BootId = z.string().min(1).max(64).brand<'BootId'>()
export type BootId = z.infer<typeof BootId>

/** When a thing was made, by the clock of whoever made it (UTC ms). */
export const madeAt = (id: string): Millis => Number.parseInt(id.replace('-', '').slice(0, 12), 16)

/**
 * A person is (issuer, directory tenant id, object id) and never `sub`, which Entra makes different per application.
 * The service gives each triple one UUID when it first sees it.
 */
export const PersonId = uuid.brand<'PersonId'>()
export type PersonId = z.infer<typeof PersonId>

/** Integer UTC milliseconds. */
export const Millis = z.int().min(0).max(8_640_000_000_000_000)
export type Millis = z.infer<typeof Millis>
