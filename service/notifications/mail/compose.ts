import { limits } from '../../../contract/limits.ts'
import type { NotifyLanguage } from '../../../contract/notifications.ts'
import { cleanText } from '../../../contract/text.ts'
import { escapeHtml } from '../../identity/pages.ts'
import type { Sending } from '../pending.ts'
import { signalWord } from './signalWords.ts'
import { filled, mailWords } from './words.ts'

/** One e-mail, plain and HTML, of all that is told one reader together (INC-6). What rooms, devices and people say in it is hostile. */

export interface Mail {
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** HTML that was made here. Whatever else stands in a template is text. */
class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** Escapes everything that is filled in, but HTML that was made by it. */
function html(parts: TemplateStringsArray, ...values: readonly (string | Html | readonly Html[])[]): Html {
  const texts = values.map((value) =>
    value instanceof Html ? value.text : typeof value === 'string' ? escapeHtml(value) : value.map(({ text }) => text).join('\n'),
  )
  return new Html(parts.map((part, n) => part + (texts[n] ?? '')).join(''))
}

interface Line {
  readonly title: string
  readonly details: readonly string[]
}

const subjectChars = 160

/** `items`: at least one. `tenantName`: of which organisation it tells. */
export function composeMail(items: readonly Sending[], tenantName: string, language: NotifyLanguage): Mail {
  const words = mailWords[language]
  const lines = items.slice(0, limits.linesPerMail).map((item) => lineOf(item, language))
  const more = items.length > lines.length ? [filled(words.more, { n: items.length - lines.length })] : []
  const what = items.length === 1 ? `${lines[0]?.title} · ${lines[0]?.details[0]}` : filled(words.several, { n: items.length })
  const reasons = [...new Set(items.map(({ rule }) => filled(words.reads[rule.origin], { name: plain(rule.name) })))]
  const subject = cleanText(`${what} · ${tenantName}`, subjectChars)
  const footer = [`Roomkeeper · ${plain(tenantName)}`, ...reasons]
  return {
    subject,
    text: [...lines.map(({ title, details }) => [title, ...details].join('\n')), ...more, ['-- ', ...footer].join('\n')].join('\n\n'),
    html: html`<!doctype html>
      <html lang="${language}">
        <head>
          <meta charset="utf-8" />
          <title>${subject}</title>
        </head>
        <body style="font-family:sans-serif;font-size:15px;line-height:1.5;color:#1b1b1b">
          ${lines.map(
            ({ title, details }) =>
              html`<p style="margin:0 0 16px"><strong>${title}</strong>${details.map((detail) => html`<br />${detail}`)}</p>`,
          )}
          ${more.map((text) => html`<p>${text}</p>`)}
          <p style="margin-top:24px;color:#5f5f5f;font-size:13px">${footer.map((text) => html`${text}<br />`)}</p>
        </body>
      </html> `.text,
  }
}

function lineOf({ row, rule, incident, entry, room, happening }: Sending, language: NotifyLanguage): Line {
  const words = mailWords[language]
  const { building, floor, city } = room.place
  const place = [building, floor, city].filter((part) => part !== '').join(', ')
  const where = place === '' ? room.name : `${room.name} (${place})`
  const timeZone = rule.when?.timeZone ?? 'UTC'
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone })
  const time = `${format.format(row.event === 'opened' ? incident.since : entry.at)} (${timeZone})`
  const severity = words.severities[happening.severity] ?? happening.severity
  const when = row.event === 'opened' ? `${severity}, ${filled(words.since, { time })}` : `${severity}, ${time}`
  const by = entry.actor.kind === 'person' ? [filled(words.by, { name: entry.actor.name })] : []
  const isQuoted = row.event === 'mentioned' || row.event === 'closed'
  const said = isQuoted ? entry.text : row.event === 'opened' ? (incident.detail ?? incident.report?.text) : undefined
  return {
    title: plain(filled(words.events[row.event], { n: incident.number })),
    details: [`${signalWord(incident.signal, language)}, ${where}`, when, ...by, ...(said === undefined ? [] : [said])].map(plain),
  }
}

/** One line, without what would steer a terminal or a reader's eye. */
const plain = (text: string): string => cleanText(text, limits.commentChars)
