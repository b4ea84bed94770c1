import { readFileSync } from 'node:fs'
import { createTransport } from 'nodemailer'
import { z } from 'zod'
import { limits } from '../../../contract/limits.ts'
import type { Clock } from '../../../contract/system.ts'
import { inTime } from '../../../contract/timing.ts'
import { type Config, isLoopback } from '../../ground/config.ts'
import { ConfigProblem } from '../../ground/problems.ts'
import type { Channel, Outcome, Parcel } from '../channel.ts'
import type { Sending } from '../pending.ts'
import { composeMail } from './compose.ts'

export interface MailOptions {
  readonly smtp: NonNullable<Config['smtp']>
  readonly clock: Clock
}

/** What nodemailer says of a failure: its own word, and the server's answer. */
const Failure = z.object({ code: z.string().optional(), responseCode: z.number().optional() })

/** What a mail server says of itself, and not of the mail. */
const ofServer: ReadonlySet<number> = new Set([421, 530, 534, 535, 538, 554])

/**
 * E-mail by SMTP (INC-6): TLS from the start, or by STARTTLS, which has to come; without TLS only on this machine.
 * @throws ConfigProblem where the password cannot be read
 */
export function mailChannel({ smtp, clock }: MailOptions): Channel {
  const url = new URL(smtp.url)
  const secure = url.protocol === 'smtps:'
  const here = isLoopback(url.hostname)
  const user = decodeURIComponent(url.username)
  const transport = createTransport({
    host: url.hostname.replace(/^\[|\]$/gu, ''),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTLS: !secure && !here,
    ignoreTLS: !secure && here,
    ...(user === '' ? {} : { auth: { user, pass: readPassword(smtp.passwordFile) } }),
    connectionTimeout: limits.endpointMs,
    greetingTimeout: limits.endpointMs,
    socketTimeout: limits.mailMs,
    // What is sent is what is made here: nothing in it is fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const host = smtp.from.slice(smtp.from.lastIndexOf('@') + 1)

  async function sendMail({ tenantName, target, items, rules }: Parcel): Promise<Outcome> {
    const [first] = items
    const reader = [...rules.readers.values()].find(({ id }) => id === target)
    const to = reader?.email ?? target
    if (first === undefined || to === '') return { ok: false, problem: 'notConfigured', away: false, lasting: true }
    const language = first.rule.language ?? reader?.language ?? 'en'
    const { subject, text, html } = composeMail(items, tenantName, language)
    const sent = transport.sendMail({
      from: { name: 'Roomkeeper', address: smtp.from },
      to: { name: reader?.name ?? '', address: to },
      subject,
      text,
      html,
      // The same when it is sent again: a server that has it knows it.
      messageId: `<${first.row.id}@${host}>`,
      headers: {
        'Auto-Submitted': 'auto-generated',
        'X-Auto-Response-Suppress': 'All',
        'List-Id': `<notifications.${first.row.tenant}.roomkeeper>`,
        'Content-Language': language,
      },
    })
    sent.catch(() => undefined)
    return inTime(
      clock,
      limits.mailMs,
      sent.then((): Outcome => ({ ok: true }), outcomeOf),
      (): Outcome => ({ ok: false, problem: 'tooSlow', away: true }),
    )
  }

  return {
    parcels: (items) => [...Map.groupBy(items, ({ rule }) => rule.language).values()].map((some): Sending[] => [...some]),
    send: sendMail,
  }
}

function outcomeOf(error: unknown): Outcome {
  const { code, responseCode: status } = Failure.safeParse(error).data ?? {}
  if (code === 'ETLS') return { ok: false, problem: 'notSecure', away: true }
  if (status === undefined) return { ok: false, problem: code === 'ETIMEDOUT' ? 'tooSlow' : 'unreached', away: true }
  const away = code === 'EAUTH' || ofServer.has(status)
  // What it does not take from anybody, or not for this receiver, it will not take later.
  if (status >= 500 && !away) return { ok: false, problem: 'refused', status, away: false, lasting: true }
  return { ok: false, problem: 'answered', status, away }
}

function readPassword(file: string | undefined): string {
  if (file === undefined) return ''
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/u)[0] ?? ''
  } catch {
    throw new ConfigProblem(`--smtp-password-file: ${file} cannot be read.`)
  }
}
