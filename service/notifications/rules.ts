import { z } from 'zod'
import type { Access } from '../../contract/access.ts'
import { accessOf, assignmentsOf, type ResolvedPolicy } from '../../contract/evaluate.ts'
import type { GroupId, PersonId, RoomId } from '../../contract/ids.ts'
import {
  Endpoint,
  EndpointDraft,
  type NotifyEvent,
  type NotifyLanguage,
  type NotifyRule,
  NotifyRuleDraft,
  usualSeverities,
} from '../../contract/notifications.ts'
import { subjectOf as personSubject } from '../access/resolved.ts'
import type { PersonTable } from '../ground/store/tables.ts'
import type { TenantSelects } from '../ground/store/tenantTables.ts'
import type { JudgedRule, Reader } from './judge.ts'
import type { DeliveryTable, EndpointTable, NotifyRuleTable } from './tables.ts'

/** The rules of a tenant as they are judged: people's own, the tenant's, those of assignments with e-mail on, and the product's. */

/** Whom a rule tells, and by what. A person, an address or an endpoint. */
export type Target = Pick<DeliveryTable, 'channel' | 'target'> & { readonly reader: PersonId | null }

export interface Rule extends JudgedRule {
  /** Null: that of the reader's own rules, else English. */
  readonly language: NotifyLanguage | null
  /** A notice is shown on the desktop, too. */
  readonly desktop: boolean
  /** `about`: whom it is about, for a rule that tells those. */
  targets(about: ReadonlySet<PersonId>): Iterable<Target>
}

/** The stored text was checked before it was stored, by the schema of its time. */
const Stored = z.string().transform((text, context) => {
  const parsed = NotifyRuleDraft.safeParse(JSON.parse(text))
  if (parsed.success) return parsed.data
  context.addIssue({ code: 'custom', message: 'A stored rule has another form.' })
  return z.NEVER
})

/** Undefined where a newer version wrote it, and this one does not know what it means. */
export function ruleOf({ id, owner, body, since, changedAt }: NotifyRuleTable): NotifyRule | undefined {
  const draft = Stored.safeParse(body)
  return draft.success ? { ...draft.data, id, owner, since, changedAt } : undefined
}

const StoredEndpoint = EndpointDraft.omit({ secret: true })

export function endpointOf({ id, body, failingSince, switchedOffAt, last }: EndpointTable): Endpoint {
  return Endpoint.parse({
    ...StoredEndpoint.parse(JSON.parse(body)),
    id,
    failingSince,
    switchedOffAt,
    last: last === null ? null : JSON.parse(last),
  })
}

/** One's own rule, or the tenant's. */
export function ownRule(rule: NotifyRule): Rule {
  const { id, name, on, since, what, when, language, owner, to } = rule
  const targets: Target[] = []
  if (to.kind === 'me' && owner !== null) {
    if (to.console || to.desktop) targets.push({ channel: 'console', target: owner, reader: owner })
    if (to.email) targets.push({ channel: 'email', target: owner, reader: owner })
  } else if (to.kind === 'others') {
    for (const address of to.addresses) targets.push({ channel: 'email', target: address, reader: null })
    for (const endpoint of to.endpoints) targets.push({ channel: 'webhook', target: endpoint, reader: null })
  }
  const origin = owner === null ? 'tenant' : 'person'
  return { id, name, origin, on, since, what, when, language, desktop: to.kind === 'me' && to.desktop, targets: () => targets }
}

const always = { on: true, since: 0, when: null, language: null, desktop: false } as const

/** What every tenant begins with: whoever is given an incident, is mentioned, or reported what is closed, reads so in the console. */
export const productRule: Rule = {
  ...always,
  id: 'product',
  name: '',
  origin: 'product',
  what: { events: ['assigned', 'mentioned', 'closed'], severities: usualSeverities.slice(), groups: [], mine: true },
  targets: (about) => [...about].map((person) => ({ channel: 'console', target: person, reader: person })),
}

const ofAssignments: readonly NotifyEvent[] = ['opened', 'raised', 'resolved']

/** Everything of a tenant that says who is told what. */
export interface Rules {
  readonly all: ReadonlyMap<string, Rule>
  readonly readers: ReadonlyMap<PersonId, Reader & { readonly name: string; readonly language: NotifyLanguage | null }>
  readonly endpoints: ReadonlyMap<string, Endpoint & { readonly secret: string; readonly savedBy: PersonId | null }>
  readonly inGroup: (group: GroupId, room: RoomId) => boolean
}

/** `resolved`: the tenant's policy. Costs as much as there are people and rules. */
export async function rulesOf(tables: TenantSelects, resolved: ResolvedPolicy): Promise<Rules> {
  const rules = (await tables.notifyRule().selectAll().orderBy('id').execute()).flatMap((row) => ruleOf(row) ?? [])
  const people = await tables.person().selectAll().orderBy('id').execute()
  const all = new Map<string, Rule>([[productRule.id, productRule]])
  const languages = new Map<PersonId, NotifyLanguage>()
  for (const rule of rules) {
    all.set(rule.id, ownRule(rule))
    if (rule.owner !== null) languages.set(rule.owner, rule.language)
  }
  for (const rule of assignmentRules(resolved, people)) all.set(rule.id, rule)
  return {
    all,
    readers: new Map(people.map((row) => [row.id, readerOf(row, resolved, languages)])),
    endpoints: new Map(
      (await tables.endpoint().selectAll().execute()).map((row) => [
        row.id,
        { ...endpointOf(row), secret: row.secret, savedBy: row.savedBy },
      ]),
    ),
    inGroup: groupTest(resolved),
  }
}

/** E-mail for the members of assignments that have it on, over the rooms of the assignment (ACC-4). */
function assignmentRules(resolved: ResolvedPolicy, people: readonly PersonTable[]): Rule[] {
  const notifying = new Set([...resolved.assignments.values()].filter(({ assignment }) => assignment.notify))
  if (notifying.size === 0) return []
  const members = new Map([...notifying].map((each): [typeof each, Target[]] => [each, []]))
  for (const row of people) {
    for (const each of assignmentsOf(resolved, personSubject(row)))
      members.get(each)?.push({ channel: 'email', target: row.id, reader: row.id })
  }
  return [...members].map(([{ assignment, scope }, targets]) => ({
    ...always,
    id: assignment.id,
    name: assignment.name,
    origin: 'assignment',
    rooms: scope === 'all' ? scope : new Set(scope),
    what: { events: [...ofAssignments], severities: usualSeverities.slice(), groups: [], mine: false },
    targets: () => targets,
  }))
}

function readerOf(row: PersonTable, resolved: ResolvedPolicy, languages: ReadonlyMap<PersonId, NotifyLanguage>) {
  let access: Access | undefined
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    removed: row.removedAt !== null,
    language: languages.get(row.id) ?? null,
    /** Worked out for those of whom it is asked. */
    get access(): Access {
      return (access ??= accessOf(resolved, personSubject(row)))
    },
  }
}

function groupTest({ groups }: ResolvedPolicy): Rules['inGroup'] {
  const sets = new Map<GroupId, ReadonlySet<RoomId>>()
  return (group, room) => {
    let rooms = sets.get(group)
    if (rooms === undefined) sets.set(group, (rooms = new Set(groups.get(group))))
    return rooms.has(room)
  }
}
