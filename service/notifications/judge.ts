import { type Access, may } from '../../contract/access.ts'
import type { Incident } from '../../contract/entities.ts'
import type { EntryId, GroupId, IncidentId, Millis, PersonId, RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { NotifyEvent, NotifyWhat, NotifyWhen, NotToldReason, RuleOrigin, WaitReason } from '../../contract/notifications.ts'
import type { Severity } from '../../contract/signals.ts'
import { opensAt } from './hours.ts'

/** Whether a rule tells somebody of something (INC-6). Pure: the same function decides, is asked why, and tries a rule on the past. */

/** A rule as it is judged. */
export interface JudgedRule {
  readonly id: string
  readonly name: string
  readonly origin: RuleOrigin
  readonly on: boolean
  readonly since: Millis
  readonly what: NotifyWhat
  /** Null: always. */
  readonly when: NotifyWhen | null
  /** Absent: any that the reader sees. */
  readonly rooms?: 'all' | ReadonlySet<RoomId>
}

/** Something that happened to an incident, of which somebody may want to be told. */
export interface Happening {
  readonly event: NotifyEvent
  readonly entry: EntryId
  readonly incident: IncidentId
  readonly subject: string
  readonly episode: string
  readonly room: RoomId
  readonly receivedAt: Millis
  readonly severity: Severity
  /** Who did it; null: nobody. */
  readonly actor: PersonId | null
  /** Whose the incident is. */
  readonly owner: PersonId | null
  /** Whom it is about: who was given the incident, who is mentioned, who reported it. */
  readonly about: ReadonlySet<PersonId>
}

/** A person, as they are now. */
export interface Reader {
  readonly id: PersonId
  readonly access: Access
  readonly email: string
  readonly removed: boolean
}

/** How things stand when it is asked. */
export interface Standing {
  readonly now: Millis
  readonly channel: 'console' | 'email' | 'webhook'
  /** Whom it is for; null: an address or an endpoint of the tenant. */
  readonly reader: Reader | null
  readonly inGroup: (group: GroupId, room: RoomId) => boolean
  /** The service sends e-mail. */
  readonly mail: boolean
  /** Of an endpoint. */
  readonly endpoint?: 'on' | 'off' | 'gone'
  /** Of the incident, and the opening at hand. */
  readonly status: Incident['status']
  readonly subject: string
  readonly episode: string
  readonly owner: PersonId | null
  /** What became of the same thing for the same receiver, by this or another rule. */
  readonly already: boolean
  /** Of a resolution: whether its opening was told the same receiver; undefined: no rule would have. */
  readonly openingTold?: boolean
  /** Something of the same opening is to be told the same receiver first, and is tried next at this moment; null: nothing is. */
  readonly before: Millis | null
  readonly tries: number
  /** When the wait for what belongs together is over. */
  readonly gatheredAt: Millis
}

export type Verdict =
  | { readonly say: 'send' }
  | { readonly say: 'wait'; readonly until: Millis; readonly why: WaitReason }
  | { readonly say: 'no'; readonly why: NotToldReason }

const no = (why: NotToldReason): Verdict => ({ say: 'no', why })

/** What it is told as a part of: itself, or the incident that stands for its storm. */
export const subjectOf = ({ id, storm }: Pick<Incident, 'id' | 'storm'>): string => storm?.first ?? id

/** What is done to somebody, and not by an opening. */
export const isPersonal = (event: NotifyEvent): boolean => event === 'assigned' || event === 'mentioned' || event === 'closed'

export function judge(rule: JudgedRule, happening: Happening, standing: Standing): Verdict {
  const refused = refusedByRule(rule, happening) ?? refusedByReader(rule, happening, standing) ?? refusedByStanding(happening, standing)
  if (refused !== undefined) return no(refused)
  const { now, channel, gatheredAt, before } = standing
  if (now < gatheredAt) return { say: 'wait', until: gatheredAt, why: 'gathering' }
  // A list disturbs nobody.
  if (rule.when !== null && channel !== 'console') {
    const opens = opensAt(rule.when, now)
    if (opens === null) return no('tooLong')
    if (opens > now) return { say: 'wait', until: opens, why: 'hours' }
  }
  if (before !== null) return { say: 'wait', until: Math.max(before, now + 1_000), why: 'before' }
  return { say: 'send' }
}

function refusedByRule({ on, since, what }: JudgedRule, { event, receivedAt }: Happening): NotToldReason | undefined {
  if (!on) return 'ruleOff'
  if (receivedAt < since) return 'ruleNewer'
  return what.events.includes(event) ? undefined : 'event'
}

const isIn = (rooms: JudgedRule['rooms'], room: RoomId): boolean => rooms === undefined || rooms === 'all' || rooms.has(room)

function refusedByReader({ what, rooms }: JudgedRule, happening: Happening, { reader, inGroup }: Standing): NotToldReason | undefined {
  const { event, room, severity, actor, owner, about } = happening
  if (reader?.removed) return 'removed'
  if (reader && !may(reader.access, 'incidents.view', room)) return 'noAccess'
  if (reader && isPersonal(event)) {
    if (!about.has(reader.id)) return 'notMine'
  } else {
    if (!isIn(rooms, room)) return 'group'
    if (!what.severities.includes(severity)) return 'severity'
    if (what.groups.length > 0 && !what.groups.some((group) => inGroup(group, room))) return 'group'
    if (reader && what.mine && owner !== reader.id) return 'notMine'
  }
  return reader && actor === reader.id ? 'ownDoing' : undefined
}

function refusedByStanding(happening: Happening, standing: Standing): NotToldReason | undefined {
  const { channel, reader, mail, endpoint, already, tries, now } = standing
  if (channel === 'email' && !mail) return 'noMail'
  if (channel === 'email' && reader?.email === '') return 'noAddress'
  if (endpoint === 'gone') return 'endpointGone'
  if (endpoint === 'off') return 'endpointOff'
  if (already) return 'already'
  // Once it was tried it may be there already: then it goes on, so that what follows finds it.
  if (tries > 0) return undefined
  if (isInStorm(happening, standing)) return 'storm'
  if (now - happening.receivedAt > limits.tellableMs) return 'tooLong'
  return isOver(happening, standing)
}

/** What is done to somebody is told of each; so is the end of what was told before it came to a storm. */
const isInStorm = ({ event, incident }: Happening, { subject, openingTold }: Standing): boolean =>
  subject !== incident && !isPersonal(event) && !(event === 'resolved' && openingTold === true)

function isOver({ event, episode, about }: Happening, standing: Standing): NotToldReason | undefined {
  switch (event) {
    case 'opened':
    case 'raised':
      return standing.status === 'resolved' || standing.episode !== episode ? 'over' : undefined
    case 'resolved':
      return standing.openingTold === false ? 'openingNotTold' : undefined
    case 'assigned':
      return standing.owner === null || !about.has(standing.owner) ? 'over' : undefined
    case 'mentioned':
    case 'closed':
      return undefined
  }
}
