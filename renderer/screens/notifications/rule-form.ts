import type { EndpointId, GroupId } from '../../../contract/ids.ts'
import {
  type Hours,
  NotifyEvent,
  type NotifyLanguage,
  type NotifyRule,
  NotifyRuleDraft,
  usualSeverities,
} from '../../../contract/notifications.ts'
import { Severity } from '../../../contract/signals.ts'

/** A rule of notification as it stands in its form: times as people type them, addresses as lines. */
export interface RuleForm {
  name: string
  on: boolean
  events: NotifyEvent[]
  severities: Severity[]
  groups: GroupId[]
  mine: boolean
  timeZone: string
  hours: HoursForm
  quiet: HoursForm
  console: boolean
  desktop: boolean
  email: boolean
  addresses: string
  endpoints: EndpointId[]
  language: NotifyLanguage
}

interface HoursForm {
  on: boolean
  workdays: boolean
  from: string
  to: string
}

const workdays = [1, 2, 3, 4, 5]
const everyDay = [...workdays, 6, 7]

const clockOf = (minutes: number): string => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`

function minutesOf(clock: string): number {
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/u.exec(clock) ?? []
  return Number(hours ?? Number.NaN) * 60 + Number(minutes)
}

const hoursForm = (hours: Hours | undefined, usual: Pick<HoursForm, 'from' | 'to' | 'workdays'>): HoursForm =>
  hours === undefined
    ? { on: false, ...usual }
    : { on: true, workdays: hours.days.every((day) => day < 6), from: clockOf(hours.from), to: clockOf(hours.to) }

const hoursOf = ({ workdays: only, from, to }: HoursForm): Hours => ({
  days: only ? workdays : everyDay,
  from: minutesOf(from),
  to: minutesOf(to),
})

/** The product tells them whom they are about. */
const ofOneself: ReadonlySet<NotifyEvent> = new Set<NotifyEvent>(['assigned', 'mentioned', 'closed'])

/** What a person may be told; of the organisation's rules, what others may be. */
export const eventsOf = (kind: 'me' | 'others'): readonly NotifyEvent[] =>
  kind === 'me' ? NotifyEvent.options.filter((event) => !ofOneself.has(event)) : NotifyEvent.options

/** `rule`: the one that is changed; absent: a new one. */
export function formOf(rule: NotifyRule | undefined, timeZone: string, language: NotifyLanguage): RuleForm {
  const { what, when, to } = rule ?? {}
  return {
    name: rule?.name ?? '',
    on: rule?.on ?? true,
    events: what ? [...what.events] : ['opened', 'resolved'],
    severities: what ? [...what.severities] : [...usualSeverities],
    groups: what ? [...what.groups] : [],
    mine: what?.mine ?? false,
    timeZone: when?.timeZone ?? timeZone,
    hours: hoursForm(when?.hours, { workdays: true, from: '08:00', to: '18:00' }),
    quiet: hoursForm(when?.quiet, { workdays: false, from: '22:00', to: '07:00' }),
    console: to?.kind === 'me' ? to.console : true,
    desktop: to?.kind === 'me' && to.desktop,
    email: to?.kind === 'me' && to.email,
    addresses: to?.kind === 'others' ? to.addresses.join('\n') : '',
    endpoints: to?.kind === 'others' ? [...to.endpoints] : [],
    language: rule?.language ?? language,
  }
}

const linesOf = (text: string): string[] =>
  text
    .split(/[\s,;]+/u)
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** The rule that the form says; or the fields that are wrong. */
export function draftOf(
  form: RuleForm,
  kind: 'me' | 'others',
): { draft: NotifyRuleDraft; wrong: null } | { draft: null; wrong: ReadonlySet<string> } {
  const { name, on, events, severities, groups, mine, timeZone, hours, quiet, language } = form
  const parsed = NotifyRuleDraft.safeParse({
    ...{ name, on, language },
    what: { events, severities, groups, mine: kind === 'me' && mine },
    when: { timeZone, ...(hours.on ? { hours: hoursOf(hours) } : {}), ...(quiet.on ? { quiet: hoursOf(quiet) } : {}) },
    to:
      kind === 'me'
        ? { kind, console: form.console || form.desktop, desktop: form.desktop, email: form.email }
        : { kind, addresses: linesOf(form.addresses), endpoints: form.endpoints },
  })
  const wrong = new Set(parsed.success ? [] : parsed.error.issues.map(({ path }) => path.slice(0, 2).join('.')))
  const tells = kind === 'me' ? form.console || form.desktop || form.email : linesOf(form.addresses).length + form.endpoints.length > 0
  if (!tells) wrong.add('to')
  return parsed.success && wrong.size === 0 ? { draft: parsed.data, wrong: null } : { draft: null, wrong }
}

export const severities = Severity.options
