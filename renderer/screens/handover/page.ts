import type { Handover } from '../../../contract/pictures.ts'
import type { IncidentView, OutboxItem, RoomRow } from '../../../contract/views.ts'
import { faultOf } from '../../words/state.ts'

/** What a hand-over is said with: messages, and numbers and times as the operator's language writes them. */
export interface HandoverWords {
  t(key: string, named?: Record<string, unknown>, plural?: number): string
  number(value: number): string
  moment(at: number): string
  span(ms: number): string
}

export interface HandoverLine {
  readonly id: string
  /** What it is about, and the address of that; absent: it has none. */
  readonly head: string
  readonly to?: string
  /** What is to be known of it, each in a few words. */
  readonly facts: readonly string[]
}
export interface HandoverSection {
  readonly name: string
  readonly title: string
  /** Said where there is nothing. */
  readonly none: string
  readonly lines: readonly HandoverLine[]
  /** Said where there are more than are shown. */
  readonly more?: string
}
export interface HandoverPage {
  readonly title: string
  /** From when to when, and how old what is told is. */
  readonly when: string
  readonly sections: readonly HandoverSection[]
}

/** What whoever comes next needs of an incident that is open, in this order. */
const openFacts: readonly ((incident: IncidentView, words: HandoverWords) => string | undefined)[] = [
  (incident, { t, number, moment }) =>
    t('handover.since', { since: moment(incident.openedAt ?? incident.since), openings: number(incident.openings) }, incident.openings),
  ({ owner }, { t }) => (owner ? t('handover.owner', { name: owner.name }) : t('handover.nobody')),
  ({ acknowledged }, { t }) =>
    acknowledged &&
    (acknowledged.note
      ? t('handover.note', { name: acknowledged.by.name, text: acknowledged.note })
      : t('incident.acknowledgedBy', { name: acknowledged.by.name })),
  ({ lastComment }, { t }) => lastComment && t('handover.comment', { name: lastComment.by.name, text: lastComment.text }),
]

/** All that is handed over, as it is read: the screen draws it, and `markdownOf` writes it. */
export function handoverPage(handover: Handover, words: HandoverWords): HandoverPage {
  const { t, number, moment, span } = words
  const { from, until } = handover
  const headOf = (incident: IncidentView): string =>
    [
      `${incident.number} ${t(faultOf(incident.signal))}`,
      [incident.roomName, incident.place.building].filter(Boolean).join(', '),
      incident.tenant?.name,
    ]
      .filter(Boolean)
      .join(' · ')
  const lineOf = (incident: IncidentView, facts: readonly (string | undefined)[]): HandoverLine => ({
    id: incident.id,
    head: headOf(incident),
    to: `/incidents/${incident.id}`,
    facts: facts.filter((fact) => fact !== undefined),
  })
  const section = (name: string, total: number, lines: readonly HandoverLine[]): HandoverSection => ({
    name,
    title: t('handover.counted', { title: t(`handover.${name}`), n: number(total) }),
    none: t(`handover.none.${name}`),
    lines,
    ...(total > lines.length && lines.length > 0
      ? { more: t('handover.more', { n: number(total - lines.length) }, total - lines.length) }
      : {}),
  })
  const { open, flapping, opened, resolved, lost, pending, investigating } = handover
  const roomLine = (room: RoomRow): HandoverLine => ({
    id: room.id,
    head: [[room.name, room.place.building].filter(Boolean).join(', '), room.tenant?.name].filter(Boolean).join(' · '),
    to: `/rooms/${room.id}`,
    facts: [t('handover.silent', { time: span(until - room.lastContactAt), at: moment(room.lastContactAt) })],
  })
  const pendingLine = ({ key, command, subject, issuedAt, state }: OutboxItem): HandoverLine => ({
    id: key,
    head: [t(`command.${command.type}`), subject].filter(Boolean).join(' · '),
    facts: [`${t(`outbox.state.${state}`)}, ${moment(issuedAt)}`],
  })
  return {
    title: t('screen.handover'),
    when: t('handover.when', { from: moment(from), until: moment(until) }),
    sections: [
      {
        ...section(
          'open',
          open.total,
          open.rows.map((one) =>
            lineOf(
              one,
              openFacts.map((fact) => fact(one, words)),
            ),
          ),
        ),
        ...(investigating > 0 && open.total <= open.rows.length
          ? { more: t('handover.investigating', { n: number(investigating) }, investigating) }
          : {}),
      },
      section(
        'flapping',
        flapping.total,
        flapping.rows.map((one) => lineOf(one, [t('handover.times', { n: number(one.openings) }, one.openings)])),
      ),
      section(
        'opened',
        opened.total,
        opened.rows.map((one) => lineOf(one, [t(`handover.now.${one.status}`)])),
      ),
      section(
        'resolved',
        resolved.total,
        resolved.rows.map((one) => lineOf(one, [one.status === 'resolved' ? undefined : t('handover.again')])),
      ),
      section('lost', lost.total, lost.rows.map(roomLine)),
      section('pending', pending.length, pending.map(pendingLine)),
    ],
  }
}

/** What people and devices wrote means nothing in Markdown, and stays on its line. The spaces of French stay. */
const plain = (text: string): string =>
  text
    .replace(/[^\S\u00a0]+/gu, ' ')
    .trim()
    .replace(/[\\`*_{}[\]<>#|~!&@]/gu, String.raw`\$&`)
    .replace(/^([-+=]|\d+(?=[.)]))/u, String.raw`\$1`)
    // Nothing becomes a link that nobody has made one.
    .replace(/:\/\//gu, String.raw`\://`)

/** A hand-over as Markdown, for a ticket or a chat. */
export function markdownOf({ title, when, sections }: HandoverPage): string {
  const parts = sections.map(({ title: heading, none, lines, more }) =>
    [
      `## ${plain(heading)}`,
      '',
      ...(lines.length === 0 ? [plain(none)] : []),
      ...lines.flatMap(({ head, facts }) => [`- **${plain(head)}**`, ...facts.map((fact) => `  - ${plain(fact)}`)]),
      ...(more === undefined ? [] : ['', plain(more)]),
    ].join('\n'),
  )
  return `# ${plain(title)}\n\n${plain(when)}\n\n${parts.join('\n\n')}\n`
}
