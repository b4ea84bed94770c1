import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readText } from '../../../contract/answer.ts'
import { PersonId } from '../../../contract/ids.ts'
import { realSystem } from '../../../contract/testing/system.ts'
import { sendingOf } from '../../testing/notifications/sending.ts'
import type { Outcome } from '../channel.ts'
import type { Rules } from '../rules.ts'
import { mailChannel } from './channel.ts'

/** E-mail to a real mail server on this machine, which takes it, puts it off, refuses it, or goes away. */

let server: SMTPServer | undefined
let folder: string
let received: { to: string[]; text: string; user: string | undefined }[]

beforeEach(() => {
  received = []
  folder = mkdtempSync(join(tmpdir(), 'roomkeeper-mail-'))
})
afterEach(async () => {
  rmSync(folder, { recursive: true })
  await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()))
  server = undefined
})

async function listen(options: SMTPServerOptions = {}): Promise<number> {
  const one = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onData(stream, session, done) {
      readText(stream, 1_000_000).then(
        (text) => {
          received.push({ to: session.envelope.rcptTo.map(({ address }) => address), text, user: session.user })
          done()
        },
        (error: Error) => done(error),
      )
    },
    ...options,
  })
  server = one
  one.on('error', () => undefined)
  return new Promise((resolve) => one.listen(0, '127.0.0.1', () => resolve((one.server.address() as AddressInfo).port)))
}

const item = sendingOf()
const person = PersonId.parse(item.row.target)
const reader = { id: person, name: 'Léa "Bcc: x" <y>', email: 'lea@contoso.example', removed: false, language: 'fr' as const }
const rules: Rules = {
  all: new Map(),
  readers: new Map([[person, { ...reader, access: { globalAdministrator: false, grants: [] } }]]),
  endpoints: new Map(),
  inGroup: () => false,
}

function send(url: string, passwordFile?: string): Promise<Outcome> {
  const smtp = { url, from: 'rooms@contoso.example', ...(passwordFile === undefined ? {} : { passwordFile }) }
  const channel = mailChannel({ smtp, clock: realSystem.clock })
  return channel.send({ tenantName: 'Contoso', target: item.row.target, items: [item], rules }, new AbortController().signal)
}

const refusal = (message: string, responseCode: number): Error => Object.assign(new Error(message), { responseCode })

describe('[INC-6] a mail server', () => {
  it('is given a mail that says that a program wrote it, under the name of its delivery', async () => {
    const port = await listen()
    expect(await send(`smtp://127.0.0.1:${port}`)).toEqual({ ok: true })
    expect(received).toHaveLength(1)
    const [{ to, text } = { to: [], text: '' }] = received
    expect(to).toEqual(['lea@contoso.example'])
    for (const header of [
      'Auto-Submitted: auto-generated',
      `Message-ID: <${item.row.id}@contoso.example>`,
      `List-ID: <notifications.${item.row.tenant}.roomkeeper>`,
      'Content-Type: multipart/alternative',
      'From: Roomkeeper <rooms@contoso.example>',
    ])
      expect(text).toContain(header)
    expect(text).not.toMatch(/^Bcc:/mu)
  })

  it('is signed in to with the password of a file', async () => {
    const port = await listen({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) =>
        done(password === 'open sesame' ? null : refusal('no', 535), password === 'open sesame' ? { user: username ?? '' } : undefined),
    })
    const file = join(folder, 'password')
    writeFileSync(file, 'open sesame\n')
    expect(await send(`smtp://rooms@127.0.0.1:${port}`, file)).toEqual({ ok: true })
    expect(received[0]?.user).toBe('rooms')
    writeFileSync(file, 'wrong\n')
    expect(await send(`smtp://rooms@127.0.0.1:${port}`, file)).toEqual({ ok: false, problem: 'answered', status: 535, away: true })
  })

  it('that puts one receiver off is asked again, and others are not kept waiting', async () => {
    const port = await listen({ onRcptTo: (_address, _session, done) => done(refusal('busy', 450)) })
    expect(await send(`smtp://127.0.0.1:${port}`)).toEqual({ ok: false, problem: 'answered', status: 450, away: false })
  })

  it('that refuses a receiver is not asked again', async () => {
    const port = await listen({ onRcptTo: (_address, _session, done) => done(refusal('nobody', 550)) })
    expect(await send(`smtp://127.0.0.1:${port}`)).toEqual({ ok: false, problem: 'refused', status: 550, away: false, lasting: true })
  })

  it('that goes away after it took the mail counts as not reached', async () => {
    const port = await listen({
      onData(stream, session) {
        stream.resume()
        stream.on('end', () => server?.connections.forEach((connection) => connection.id === session.id && connection.close()))
      },
    })
    expect(await send(`smtp://127.0.0.1:${port}`)).toMatchObject({ ok: false, away: true })
  })

  it('elsewhere has to speak TLS: without it nothing is sent', async () => {
    const port = await listen()
    // For whoever looks at the name, that is not this machine.
    expect(await send(`smtp://127.1:${port}`)).toEqual({ ok: false, problem: 'notSecure', away: true })
    expect(received).toEqual([])
  })

  it('whose certificate nobody vouches for is not sent to', async () => {
    const port = await listen({ secure: true })
    expect(await send(`smtps://127.0.0.1:${port}`)).toMatchObject({ ok: false, problem: 'unreached', away: true })
    expect(received).toEqual([])
  })

  it('that is not there counts as not reached', async () => {
    const port = await listen()
    await new Promise<void>((resolve) => server?.close(() => resolve()))
    server = undefined
    expect(await send(`smtp://127.0.0.1:${port}`)).toEqual({ ok: false, problem: 'unreached', away: true })
  })
})
