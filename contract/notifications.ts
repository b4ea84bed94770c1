import { z } from 'zod'
import { EndpointId, GroupId, IncidentId, Millis, NoticeId, NotifyRuleId, PersonId, RoomId, TenantId } from './ids.ts'
import { limits } from './limits.ts'
import { Severity, SignalId } from './signals.ts'
import { typedName } from './text.ts'
import { isTimeZone } from './timeZone.ts'

/**
 * Who is told what of incidents, how and when (INC-6). A rule is a person's own (console, desktop, their own e-mail address), or the
 * tenant's (addresses, endpoints). Whether something is told is decided by one pure function of the service, which also answers why.
 */

const name = z.string().max(limits.nameChars)

/**
 * What may be told of an incident. `raised`: it became graver because nobody attended to it. `closed`: what the reader reported by hand was
 * closed, and why.
 */
export const NotifyEvent = z.enum(['opened', 'raised', 'resolved', 'assigned', 'mentioned', 'closed'])
export type NotifyEvent = z.infer<typeof NotifyEvent>

/** Severities that nobody is told of unless a rule names them. */
const unasked: ReadonlySet<string> = new Set(['recommended'])
/** What a rule begins with. */
export const usualSeverities: readonly Severity[] = Severity.options.filter((severity) => !unasked.has(severity))

/** Hours of a week by a place's clock: ISO days (1 Monday), from minute to minute of the day; past midnight where `to` is not later. */
export const Hours = z.object({
  days: z.array(z.int().min(1).max(7)).min(1).max(7),
  from: z.int().min(0).max(1_439),
  to: z.int().min(0).max(1_439),
})
export type Hours = z.infer<typeof Hours>

export const NotifyWhat = z.object({
  events: z.array(NotifyEvent).min(1).max(NotifyEvent.options.length),
  severities: z.array(Severity).min(1).max(Severity.options.length),
  /** Rooms of any of these groups; none named: any room. */
  groups: z.array(GroupId).max(limits.namedInNotifyRule),
  /** Only what is the person's own: they are its owner. What is assigned to them and mentions them is theirs always. */
  mine: z.boolean(),
})
export type NotifyWhat = z.infer<typeof NotifyWhat>

export const NotifyWhen = z.object({
  timeZone: z.string().max(64).refine(isTimeZone, 'Not a time zone.'),
  /** E-mail, desktop and endpoints are told in these hours alone; what comes outside of them waits. Absent: always. */
  hours: Hours.optional(),
  /** And not in these. */
  quiet: Hours.optional(),
})
export type NotifyWhen = z.infer<typeof NotifyWhen>

export const NotifyLanguage = z.enum(['en', 'fr'])
export type NotifyLanguage = z.infer<typeof NotifyLanguage>

/** `me`: whose rule it is. A notice on the desktop is in the console's list, too. */
export const NotifyTo = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('me'), console: z.boolean(), desktop: z.boolean(), email: z.boolean() }),
  z.object({
    kind: z.literal('others'),
    addresses: z.array(z.email().max(254)).max(limits.namedInNotifyRule),
    endpoints: z.array(EndpointId).max(limits.namedInNotifyRule),
  }),
])
export type NotifyTo = z.infer<typeof NotifyTo>

/** What somebody says a rule is. */
export const NotifyRuleDraft = z.object({
  name: typedName(),
  on: z.boolean(),
  what: NotifyWhat,
  when: NotifyWhen,
  language: NotifyLanguage,
  to: NotifyTo,
})
export type NotifyRuleDraft = z.infer<typeof NotifyRuleDraft>

/** `owner`: whose it is; null: the tenant's. `since`: it tells nothing that happened before. */
export const NotifyRule = NotifyRuleDraft.extend({ name, id: NotifyRuleId, owner: PersonId.nullable(), since: Millis, changedAt: Millis })
export type NotifyRule = z.infer<typeof NotifyRule>
export const NotifyRuleList = z.object({
  items: z.array(NotifyRule),
  /** Whether this service sends e-mail at all. */
  mail: z.boolean(),
})
export type NotifyRuleList = z.infer<typeof NotifyRuleList>

/** Where others are told. Its secret is written, and never told again. */
export const EndpointKind = z.enum(['webhook'])
export type EndpointKind = z.infer<typeof EndpointKind>
export const EndpointDraft = z.object({
  name: typedName(),
  kind: EndpointKind,
  url: z.url({ protocol: /^https?$/u }).max(2_000),
  on: z.boolean(),
  /** `whsec_` and 24 to 64 bytes in base64 (Standard Webhooks). Absent: the one from before. */
  secret: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/u, 'whsec_ and 24 to 64 bytes in base64.')
    .optional(),
})
export type EndpointDraft = z.infer<typeof EndpointDraft>

/** Why a delivery could not be made. */
export const DeliveryProblem = z.enum([
  'addressForbidden',
  'notSecure',
  'unreached',
  'tooSlow',
  'answered',
  'answerTooLarge',
  'redirected',
  'refused',
  'notConfigured',
])
export type DeliveryProblem = z.infer<typeof DeliveryProblem>

export const Endpoint = EndpointDraft.omit({ secret: true }).extend({
  name,
  id: EndpointId,
  /** Since when every delivery to it has failed; and since when it is switched off for that. */
  failingSince: Millis.nullable(),
  switchedOffAt: Millis.nullable(),
  /** The last that was sent or tried, by itself or as a test. `status`: of an HTTP answer. */
  last: z
    .object({ at: Millis, ok: z.boolean(), test: z.boolean(), problem: DeliveryProblem.optional(), status: z.int().optional() })
    .nullable(),
})
export type Endpoint = z.infer<typeof Endpoint>
export const EndpointList = z.object({ items: z.array(Endpoint) })
export type EndpointList = z.infer<typeof EndpointList>

export const Channel = z.enum(['console', 'desktop', 'email', 'webhook'])
export type Channel = z.infer<typeof Channel>

/** Where a rule comes from: the product, an assignment with e-mail on, a person, or the tenant. */
export const RuleOrigin = z.enum(['product', 'assignment', 'person', 'tenant'])
export type RuleOrigin = z.infer<typeof RuleOrigin>

/** Why something was not told. */
export const NotToldReason = z.enum([
  'ruleOff',
  'ruleNewer',
  'ruleChanged',
  'ruleGone',
  'event',
  'severity',
  'group',
  'notMine',
  'ownDoing',
  'removed',
  'noAccess',
  'noAddress',
  'noMail',
  'endpointOff',
  'endpointGone',
  'over',
  'openingNotTold',
  'already',
  'storm',
  'tooLong',
  'gaveUp',
])
export type NotToldReason = z.infer<typeof NotToldReason>
export const WaitReason = z.enum(['gathering', 'hours', 'before', 'retry'])
export type WaitReason = z.infer<typeof WaitReason>

/** "Why did I (not) get this?": of each rule that the asker may know of, what became of it. */
export const WhyItem = z.object({
  rule: z.object({ id: z.string().max(64), name, origin: RuleOrigin }),
  channel: Channel,
  /** An address, or the name of an endpoint; absent: the asker themselves. */
  to: z.string().max(254).optional(),
  event: NotifyEvent,
  at: Millis,
  told: z.discriminatedUnion('state', [
    z.object({ state: z.literal('told'), at: Millis }),
    z.object({ state: z.literal('waits'), until: Millis, why: WaitReason, tries: z.int() }),
    z.object({ state: z.literal('not'), why: NotToldReason }),
  ]),
})
export type WhyItem = z.infer<typeof WhyItem>
export const WhyAnswer = z.object({ items: z.array(WhyItem) })
export type WhyAnswer = z.infer<typeof WhyAnswer>

/** What a rule would have told of what is kept; `others`: the rule of the tenant it would be. */
export const TryRequest = z.object({ rule: NotifyRuleDraft })
export const TryAnswer = z.object({
  /** How far back is kept. */
  from: Millis,
  told: z.int(),
  /** Of those, how many would have waited for the hours. */
  later: z.int(),
  looked: z.int(),
  lines: z.array(
    z.object({
      at: Millis,
      event: NotifyEvent,
      incident: IncidentId,
      number: z.int(),
      room: RoomId,
      roomName: name,
      signal: SignalId,
      severity: Severity,
      told: z.boolean(),
      later: z.boolean(),
      why: NotToldReason.optional(),
    }),
  ),
})
export type TryAnswer = z.infer<typeof TryAnswer>

/** What somebody was told, in their list. Theirs alone. */
export const Notice = z.object({
  id: NoticeId,
  person: PersonId,
  at: Millis,
  /**
   * `endpointOff`: an endpoint of the tenant was switched off; `suppressionAsks`: a suppression that one answers for has no end, and nobody
   * has confirmed it for a while (ROM-3). Of these there is no incident.
   */
  what: z.enum([...NotifyEvent.options, 'endpointOff', 'suppressionAsks']),
  incident: z
    .object({ id: IncidentId, number: z.int().min(1), room: RoomId, roomName: name, signal: SignalId, severity: Severity })
    .optional(),
  /** Who did it, where somebody did. */
  by: name.optional(),
  /** A comment's beginning, what an endpoint is called, or why something is suppressed or closed. */
  text: z.string().max(limits.deviceTextChars).optional(),
  /** It is shown by itself, where the operator allows that. */
  desktop: z.boolean(),
  readAt: Millis.optional(),
})
export type Notice = z.infer<typeof Notice>

/** Marks notices as read; those that are gone count as read. */
export const NoticesRead = z.object({ notices: z.array(NoticeId).min(1).max(limits.noticesOfPerson) })

const nothing = z.object({}).strict()
const ofTenant = z.object({ tenant: TenantId }).strict()

/** Calls of the bridge (bridge.ts) about notifications. */
export const noticeCalls = {
  /** What the operator was told (INC-6), of all open organisations, the newest first; from the cache. */
  'notices.list': {
    input: nothing,
    output: z.object({ rows: z.array(Notice.extend({ tenant: z.object({ id: TenantId, name: z.string() }) })) }),
  },
  /** Only with the service. */
  'notices.read': { input: ofTenant.extend(NoticesRead.shape), output: nothing },
  /** Shows something by the system, where the host can; the window's own words. The topic `noticeOpened` says which was chosen. */
  'notices.show': {
    input: z.object({ notice: NoticeId, title: z.string().max(limits.deviceTextChars), body: z.string().max(limits.deviceTextChars) }),
    output: nothing,
  },
  /** Rules and endpoints of the tenant that is entered: only with the service. They are changed by `policy.apply`. */
  'notices.rules': { input: nothing, output: NotifyRuleList },
  'notices.endpoints': { input: nothing, output: EndpointList },
  'notices.why': { input: z.object({ incident: IncidentId }), output: WhyAnswer },
  'notices.try': { input: ofTenant.extend(TryRequest.shape), output: TryAnswer },
} as const
