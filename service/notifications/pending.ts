import type { Entry, Incident } from '../../contract/entities.ts'
import { PersonId } from '../../contract/ids.ts'
import type { RoomFacts } from '../../contract/policy.ts'
import type { TenantReader } from '../ground/store/reader.ts'
import { happeningsOf } from './happenings.ts'
import { type Happening, isPersonal, judge, type Standing, subjectOf, type Verdict } from './judge.ts'
import type { Rule, Rules } from './rules.ts'
import type { DeliveryTable } from './tables.ts'

/** A delivery that is due, with all that is known of it, and what is to be done with it now. */
export interface Pending {
  readonly row: DeliveryTable
  readonly verdict: Verdict
  /** Where the verdict is to send, all of these are there. */
  readonly rule?: Rule
  readonly happening?: Happening
  readonly incident?: Incident
  readonly entry?: Entry
  readonly room?: RoomFacts
}

/** Something that is to be sent now. */
export type Sending = Required<Pending>
export const isSending = (pending: Pending): pending is Sending => pending.verdict.say === 'send'

const byAge = (one: DeliveryTable, other: DeliveryTable): number => one.receivedAt - other.receivedAt || (one.id < other.id ? -1 : 1)

/** What the same receiver is told of the same. */
const sameThing = ({ channel, target, event, subject, episode, entry }: DeliveryTable): string =>
  [channel, target, event, subject, isPersonal(event) ? entry : episode].join('/')
const sameOpening = ({ channel, target, incident, episode }: DeliveryTable): string => [channel, target, incident, episode].join('/')

interface Facts {
  readonly now: number
  readonly waitMs: number
  readonly mail: boolean
  readonly rules: Rules
}

/** What is to be done with deliveries of one tenant at this moment. */
export async function judgePending(read: TenantReader, due: readonly DeliveryTable[], facts: Facts): Promise<Pending[]> {
  const incidentIds = [...new Set(due.map(({ incident }) => incident))]
  const incidents = await read.getMany('incident', incidentIds)
  const entries = await read.getMany('entry', [...new Set(due.map(({ entry }) => entry))])
  const rooms = await read.roomFacts()
  const { tables } = read
  const episodes = new Map(
    (await tables.notifyEpisode().selectAll().where('incident', 'in', incidentIds).execute()).map((row) => [row.incident, row.episode]),
  )
  const siblings = await tables.delivery().selectAll().where('incident', 'in', incidentIds).execute()
  const history = new History(siblings)
  return [...due].sort(byAge).map((row): Pending => {
    const pending = judgeOne(row)
    history.decided(row, pending.verdict)
    return pending
  })

  function judgeOne(row: DeliveryTable): Pending {
    const rule = facts.rules.all.get(row.rule)
    const incident = incidents.get(row.incident)
    const entry = entries.get(row.entry)
    if (rule === undefined) return { row, verdict: { say: 'no', why: 'ruleGone' } }
    const person = row.channel === 'webhook' ? undefined : facts.rules.readers.get(PersonId.safeParse(row.target).data ?? nobody)
    const people = person ? [person] : facts.rules.readers.values()
    const told = incident && entry ? happeningsOf(entry, incident, row.episode, people) : []
    const happening = told.find(({ event }) => event === row.event)
    const room = incident && rooms.get(incident.room)
    if (!incident || !entry || !happening || !room) return { row, verdict: { say: 'no', why: 'over' } }
    const standing: Standing = {
      now: facts.now,
      channel: row.channel,
      reader: person ?? null,
      inGroup: facts.rules.inGroup,
      mail: facts.mail,
      ...(row.channel === 'webhook' ? { endpoint: endpointIs(row.target, facts.rules) } : {}),
      status: incident.status,
      subject: subjectOf(incident),
      episode: episodes.get(row.incident) ?? row.episode,
      owner: incident.owner?.id ?? null,
      ...history.of(row),
      tries: row.tries,
      gatheredAt: row.receivedAt + (isAtOnce(row) ? 0 : facts.waitMs),
    }
    return { row, verdict: judge(rule, happening, standing), rule, happening, incident, entry, room }
  }
}

/** What became of the other deliveries of the same incidents, with what has been decided of those that are due together. */
class History {
  readonly #told = new Set<string>()
  readonly #states = new Map<string, DeliveryTable['state']>()
  readonly #openings: ReadonlyMap<string, readonly DeliveryTable[]>

  constructor(rows: readonly DeliveryTable[]) {
    for (const row of rows) {
      this.#states.set(row.id, row.state)
      if (row.state === 'told') this.#told.add(sameThing(row))
    }
    this.#openings = Map.groupBy(rows, sameOpening)
  }

  /** What goes together goes in its order: one that is to be sent now is no longer waited for. */
  decided(row: DeliveryTable, { say }: Verdict): void {
    if (say === 'wait') return
    this.#states.set(row.id, say === 'send' ? 'told' : 'not')
    if (say === 'send') this.#told.add(sameThing(row))
  }

  of(row: DeliveryTable): Pick<Standing, 'already' | 'openingTold' | 'before'> {
    const others = (this.#openings.get(sameOpening(row)) ?? []).filter((other) => other.id !== row.id && !isPersonal(other.event))
    // One that was tried, and given up, may have come all the same.
    const openings = others.filter(({ event }) => event !== 'resolved')
    const first = isPersonal(row.event) ? [] : others.filter((other) => this.#states.get(other.id) === 'waiting' && byAge(other, row) < 0)
    return {
      already: this.#told.has(sameThing(row)),
      ...(openings.length > 0 ? { openingTold: openings.some(({ id, tries }) => tries > 0 || this.#states.get(id) !== 'not') } : {}),
      before: first.length === 0 ? null : Math.max(...first.map(({ dueAt }) => dueAt ?? 0)),
    }
  }
}

const nobody = PersonId.parse('00000000-0000-7000-8000-000000000000')

/** What is done to somebody stands in their list at once. */
export const isAtOnce = ({ channel, event }: Pick<DeliveryTable, 'channel' | 'event'>): boolean =>
  channel === 'console' && isPersonal(event)

function endpointIs(id: string, { endpoints }: Rules): NonNullable<Standing['endpoint']> {
  const endpoint = endpoints.get(id)
  if (endpoint === undefined) return 'gone'
  return endpoint.on && endpoint.switchedOffAt === null ? 'on' : 'off'
}
