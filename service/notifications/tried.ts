import type { Entry, Incident } from '../../contract/entities.ts'
import type { IncidentId, NotifyRuleId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { NotifyRuleDraft, TryAnswer } from '../../contract/notifications.ts'
import { dayMs, kept } from '../../contract/retention.ts'
import type { Caller } from '../ground/caller.ts'
import type { TenantReader } from '../ground/store/reader.ts'
import { happeningsOf } from './happenings.ts'
import { type Happening, judge, subjectOf, type Verdict } from './judge.ts'
import { ownRule, type Rules } from './rules.ts'

/** What a rule would have told of what is kept, by the function that decides (INC-6). Cut to what the asker may see. */

interface Asked {
  readonly read: TenantReader
  readonly caller: Pick<Caller, 'person'>
  readonly rules: Rules
  readonly now: number
  readonly waitMs: number
}

/** An entry with what it told, the opening it belonged to, and what came of that within the wait. */
interface Past {
  readonly entry: Entry
  readonly incident: Incident
  readonly happening: Happening
  readonly episode: string
}

export async function tryRule(draft: NotifyRuleDraft, asked: Asked): Promise<TryAnswer> {
  const { read, caller, rules, now, waitMs } = asked
  const from = now - kept.pastEntryDays * dayMs
  const owner = draft.to.kind === 'me' ? caller.person : null
  // Never stored: it is judged as if it had been there all the time.
  const id = '00000000-0000-7000-8000-000000000000' as NotifyRuleId
  const rule = ownRule({ ...draft, on: true, id, owner, since: 0, changedAt: now })
  const entries = await entriesSince(read, from)
  const past = await happened(read, entries, rules)
  const endings = new Map(
    past.flatMap(({ happening, episode }) => (happening.event === 'resolved' ? [[episode, happening.receivedAt]] : [])),
  )
  const openings = new Map(past.map(({ entry, happening }) => [String(entry.id), happening.receivedAt]))
  const rooms = await read.roomFacts()
  const answer: TryAnswer = { from, told: 0, later: 0, looked: past.length, lines: [] }
  for (const { entry, incident, happening, episode } of past.reverse()) {
    const [target] = rule.targets(happening.about)
    const at = happening.receivedAt + waitMs
    const endedAt = endings.get(episode)
    const isOver = endedAt !== undefined && endedAt < at
    const wasOver =
      happening.event === 'resolved' && rule.what.events.includes('opened') && isOver && (openings.get(episode) ?? 0) + waitMs > endedAt
    const verdict: Verdict = judge(rule, happening, {
      ...{
        now: at,
        channel: target?.channel ?? 'console',
        mail: true,
        endpoint: 'on',
        inGroup: rules.inGroup,
        already: false,
        before: null,
      },
      ...{ tries: 0, episode, subject: subjectOf(incident), owner: happening.owner, gatheredAt: at },
      reader: owner === null ? null : (rules.readers.get(owner) ?? null),
      status: isOver ? 'resolved' : 'needAction',
      ...(wasOver ? { openingTold: false } : {}),
    })
    const told = verdict.say !== 'no'
    const later = verdict.say === 'wait'
    answer.told += Number(told)
    answer.later += Number(later)
    if (answer.lines.length >= limits.triedLines || (!told && verdict.why === 'event')) continue
    const { number, room, signal } = incident
    answer.lines.push({
      at: entry.at,
      ...{ event: happening.event, incident: incident.id, number, room, roomName: rooms.get(room)?.name ?? '', signal },
      ...{ severity: happening.severity, told, later },
      ...(verdict.say === 'no' ? { why: verdict.why } : {}),
    })
  }
  return answer
}

/** The newest first, up to so many; returned from the oldest on. */
async function entriesSince(read: TenantReader, from: number): Promise<Entry[]> {
  const all: Entry[] = []
  for (let after: string | undefined; all.length < limits.triedEntries;) {
    const page = await read.list('entry', {
      past: true,
      descending: true,
      limit: limits.listRows,
      ...(after === undefined ? {} : { after }),
    })
    all.push(...page.filter(({ receivedAt }) => receivedAt >= from))
    const last = page.at(-1)
    if (last === undefined || last.receivedAt < from || page.length < limits.listRows) break
    after = last.id
  }
  return all.sort((a, b) => a.receivedAt - b.receivedAt || (a.id < b.id ? -1 : 1))
}

async function happened(read: TenantReader, entries: readonly Entry[], rules: Rules): Promise<Past[]> {
  const incidents = await read.getMany('incident', [...new Set(entries.map(({ incident }) => incident))])
  const episodes = new Map<IncidentId, string>()
  return entries.flatMap((entry) => {
    const incident = incidents.get(entry.incident)
    if (incident === undefined) return []
    if (entry.kind === 'opened') episodes.set(incident.id, entry.id)
    const episode = episodes.get(incident.id) ?? ''
    return happeningsOf(entry, incident, episode, rules.readers.values()).map((happening) => ({ entry, incident, happening, episode }))
  })
}
