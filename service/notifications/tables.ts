import type { EndpointId, EntryId, IncidentId, NotifyRuleId, PersonId, TenantId } from '../../contract/ids.ts'
import type { DeliveryProblem, NotifyEvent } from '../../contract/notifications.ts'

declare module '../ground/store/tables.ts' {
  interface Tables {
    notifyRule: NotifyRuleTable
    endpoint: EndpointTable
    delivery: DeliveryTable
    notifyCursor: NotifyCursorTable
    notifyEpisode: NotifyEpisodeTable
  }
}

export interface NotifyRuleTable {
  tenant: TenantId
  id: NotifyRuleId
  /** Null: the tenant's. */
  owner: PersonId | null
  /** NotifyRuleDraft as JSON. */
  body: string
  /** It tells nothing that came before (UTC ms). */
  since: number
  changedAt: number
}

export interface EndpointTable {
  tenant: TenantId
  id: EndpointId
  /** EndpointDraft without its secret, as JSON. */
  body: string
  /** Read by what sends, and by nothing else. */
  secret: string
  /** Who saved it last, and is told when it is switched off. */
  savedBy: PersonId | null
  failingSince: number | null
  switchedOffAt: number | null
  /** The last that was sent or tried, as JSON. */
  last: string | null
}

/** One thing that is told one person, address or endpoint by one rule; once, by its key. */
export interface DeliveryTable {
  tenant: TenantId
  id: string
  key: string
  /** An own rule, the tenant's, an assignment, or the product's. */
  rule: string
  channel: 'console' | 'email' | 'webhook'
  /** A person, an address, an endpoint. */
  target: string
  event: NotifyEvent
  /** What it is told as a part of (`subjectOf`). */
  subject: string
  incident: IncidentId
  /** The opening that it belongs to: the entry that opened it. */
  episode: string
  /** What happened. */
  entry: EntryId
  receivedAt: number
  state: 'waiting' | 'told' | 'not'
  /** Why it waits, or was not told. */
  why: string | null
  tries: number
  /** When it is looked at next; null: never again. */
  dueAt: number | null
  problem: DeliveryProblem | null
  /** Of an HTTP or SMTP answer. */
  status: number | null
  changedAt: number
}

/** How far the change log has been followed. */
export interface NotifyCursorTable {
  tenant: TenantId
  seq: number
}

/** The newest opening of an incident. */
export interface NotifyEpisodeTable {
  tenant: TenantId
  incident: IncidentId
  episode: string
}
