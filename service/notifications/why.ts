import type { Entry, Incident } from '../../contract/entities.ts'
import { limits } from '../../contract/limits.ts'
import type { NotifyEvent, NotToldReason, WaitReason, WhyItem } from '../../contract/notifications.ts'
import { NotToldReason as Reasons, WaitReason as Waits } from '../../contract/notifications.ts'
import type { Caller } from '../ground/caller.ts'
import type { TenantReader } from '../ground/store/reader.ts'
import { happeningsOf } from './happenings.ts'
import { type Happening, isPersonal, judge, subjectOf, type Verdict } from './judge.ts'
import { isAtOnce } from './pending.ts'
import type { Rule, Rules, Target } from './rules.ts'
import type { DeliveryTable } from './tables.ts'

/** "Why did I (not) get this?": what was made of an incident, and by the same function what was not, and why (INC-6). */

interface Asked {
  readonly read: TenantReader
  readonly caller: Pick<Caller, 'person'>
  /** They may read the tenant's rules. */
  readonly others: boolean
  readonly rules: Rules
  readonly now: number
  readonly waitMs: number
  readonly mail: boolean
}

export async function whyOf(incident: Incident, asked: Asked): Promise<WhyItem[]> {
  const { read, caller, rules, others } = asked
  const isAbout = ({ reader }: Target): boolean => reader === caller.person || (reader === null && others)
  const rows = await read.tables.delivery().selectAll().where('incident', '=', incident.id).orderBy('receivedAt', 'desc').execute()
  const made = rows.filter((row) => row.target === caller.person || (others && rules.all.get(row.rule)?.origin === 'tenant'))
  const said = made.slice(0, limits.triedLines).map((row) => itemOf(row, asked))
  const has = new Set(made.map(({ rule, event, target, episode }) => [rule, event, target, episode].join('/')))
  for (const happening of await happeningsOfOpening(incident, asked)) {
    for (const rule of rules.all.values()) {
      for (const target of rule.targets(happening.about)) {
        if (!isAbout(target) || has.has([rule.id, happening.event, target.target, happening.episode].join('/'))) continue
        const verdict = judgeNow(rule, target, happening, incident, asked)
        // By the rule as it is it would have been told; it was not when this happened.
        const why = verdict.say === 'no' ? verdict.why : 'ruleChanged'
        said.push({ ...headOf(rule, target, happening.event, happening.receivedAt, rules), told: { state: 'not', why } })
      }
    }
  }
  return said.sort((a, b) => b.at - a.at)
}

function headOf(rule: Rule | undefined, { channel, target, reader }: Target, event: NotifyEvent, at: number, rules: Rules) {
  const to = reader === null ? { to: rules.endpoints.get(target)?.name ?? target } : {}
  const named = rule ?? { id: '', name: '', origin: 'person' as const }
  return { rule: { id: named.id, name: named.name, origin: named.origin }, channel, ...to, event, at }
}

function itemOf(row: DeliveryTable, { rules, caller }: Asked): WhyItem {
  const { channel, target, event, receivedAt } = row
  const reader = target === caller.person ? caller.person : null
  return { ...headOf(rules.all.get(row.rule), { channel, target, reader }, event, receivedAt, rules), told: toldOf(row) }
}

function toldOf({ state, why, dueAt, tries, changedAt }: DeliveryTable): WhyItem['told'] {
  if (state === 'told') return { state: 'told', at: changedAt }
  if (state === 'waiting') return { state: 'waits', until: dueAt ?? changedAt, why: waitOf(why), tries }
  return { state: 'not', why: reasonOf(why) }
}

/** What this service itself has written there. */
const reasonOf = (why: string | null): NotToldReason => Reasons.safeParse(why).data ?? 'ruleGone'
const waitOf = (why: string | null): WaitReason => Waits.safeParse(why).data ?? 'retry'

/** What the opening at hand, or the last one, has told: its beginning and, as far as they came, what followed. */
async function happeningsOfOpening(incident: Incident, { read, rules }: Asked): Promise<Happening[]> {
  const query = { room: incident.room, states: [incident.id], past: true, descending: true, limit: limits.listRows }
  const entries = (await read.list('entry', query)).reverse()
  const first = entries.findLastIndex(({ kind }) => kind === 'opened')
  const opened: Entry | undefined = entries[first]
  if (opened === undefined) return []
  return entries.slice(first).flatMap((entry) => {
    const told = happeningsOf(entry, incident, opened.id, rules.readers.values())
    return told.filter(({ event }) => !isPersonal(event))
  })
}

function judgeNow(rule: Rule, { channel, target, reader }: Target, happening: Happening, incident: Incident, asked: Asked): Verdict {
  const { rules, now, waitMs, mail } = asked
  const endpoint = rules.endpoints.get(target)
  const isOn = endpoint?.on === true && endpoint.switchedOffAt === null
  return judge(rule, happening, {
    ...{ now, channel, mail, inGroup: rules.inGroup, already: false, before: null, tries: 0, episode: happening.episode },
    reader: reader === null ? null : (rules.readers.get(reader) ?? null),
    ...(channel === 'webhook' ? { endpoint: endpoint === undefined ? 'gone' : isOn ? 'on' : 'off' } : {}),
    status: incident.status,
    subject: subjectOf(incident),
    owner: incident.owner?.id ?? null,
    gatheredAt: happening.receivedAt + (isAtOnce({ channel, event: happening.event }) ? 0 : waitMs),
  })
}
