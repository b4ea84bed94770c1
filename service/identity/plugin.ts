import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Interaction, InteractionResults, Provider } from 'oidc-provider'
import { z } from 'zod'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { Clock } from '../../contract/system.ts'
import type { Account, Directory } from '../directory/accounts.ts'
import type { App } from '../ground/deps.ts'
import { addressOf } from '../ground/http/address.ts'
import { RateLimit } from '../ground/rateLimit.ts'
import { type EmbeddedIssuer, identityPath } from './issuer.ts'
import { type Answered, type DemoPerson, languageOf, loginPage, page, policyOf, securityHeaders, style, wordsOf } from './pages.ts'

const LoginForm = z.object({
  proof: z.string().max(64),
  email: z.string().max(254).default(''),
  password: z.string().max(200).default(''),
  /** Sent by the button that ends it. */
  stop: z.literal('yes').optional(),
})
const InteractionPath = z.object({ uid: z.string().max(64) })

/** Tries to sign in to one account per minute. */
const triesPerMinute = 10

export interface IdentityOptions {
  readonly issuer: EmbeddedIssuer
  readonly directory: Directory
  /** The people shown as buttons; none outside the demo. */
  readonly people: () => Promise<readonly DemoPerson[]>
  readonly behindProxy: boolean
  readonly clock: Pick<Clock, 'now'>
}

/** Mounts the embedded issuer and its login pages under /identity. */
export async function identityRoutes(app: App, { issuer, directory, people, behindProxy, clock }: IdentityOptions): Promise<void> {
  const { provider } = issuer
  const tries = new RateLimit(triesPerMinute, clock)

  await app.register(async (pages: App) => {
    pages.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, body, done) =>
      done(null, Object.fromEntries(new URLSearchParams(String(body)))),
    )
    pages.addHook('onRequest', async (_, reply) => void reply.headers(securityHeaders))

    pages.get(`${identityPath}/style.css`, { config: { access: 'public' }, schema: { hide: true } }, async (_, reply) =>
      reply.type('text/css').send(style),
    )

    pages.get(
      `${identityPath}/interaction/:uid`,
      { config: { access: 'public' }, schema: { hide: true, params: InteractionPath } },
      async (request, reply) => {
        const interaction = await interactionOf(provider, request, reply)
        if (!interaction) return failed(request, reply)
        return showLogin(request, reply, interaction)
      },
    )

    pages.post(
      `${identityPath}/interaction/:uid`,
      { config: { access: 'public' }, schema: { hide: true, params: InteractionPath, body: LoginForm } },
      async (request, reply) => {
        const interaction = await interactionOf(provider, request, reply)
        const { proof, email, password, stop } = request.body
        if (!interaction || isForged(request) || !issuer.isProof(interaction.uid, proof)) return failed(request, reply)
        const end = async (result: InteractionResults) =>
          reply.redirect(await provider.interactionResult(request.raw, reply.raw, result, { mergeWithLastSubmission: false }), 303)
        if (stop) return end({ error: 'access_denied', error_description: 'The person stopped.' })
        let account: Account | undefined
        let problem: 'tooMany' | 'busy' = 'tooMany'
        try {
          tries.take(email.trim().toLowerCase())
          problem = 'busy'
          account = await directory.signIn(email, password, addressOf(request.raw, behindProxy) ?? '')
        } catch (error) {
          if (!(error instanceof RoomkeeperError)) throw error
          return showLogin(request, reply.code(error.status), interaction, problem, email)
        }
        if (!account) return showLogin(request, reply.code(401), interaction, 'wrong', email)
        // One page, one answer: the page has named the program that is signed in, and this person has gone on.
        const grantId = await grant(provider, interaction, account.id)
        return end({ login: { accountId: account.id, remember: false }, consent: { grantId } })
      },
    )
  })

  async function showLogin(
    request: FastifyRequest,
    reply: FastifyReply,
    interaction: Interaction,
    problem?: Answered['problem'],
    email = '',
  ) {
    const { redirect_uri: redirect, client_id: id } = Asked.parse(interaction.params)
    const client = await provider.Client.find(id)
    const place = interaction.deviceCode === undefined ? new URL(redirect ?? '') : undefined
    reply.header('content-security-policy', policyOf(place?.origin))
    const form = { action: `${identityPath}/interaction/${interaction.uid}`, proof: issuer.proofOf(interaction.uid) }
    const asker = { name: client?.clientName ?? id, ...(place ? { at: place.host } : {}) }
    const answer = problem === undefined ? { email } : { problem, email }
    return reply.type('text/html').send(loginPage(languageOf(request.headers['accept-language']), form, asker, await people(), answer))
  }

  const callback = provider.callback()
  await app.register(async (mounted: App) => {
    // The provider reads the body itself.
    mounted.removeAllContentTypeParsers()
    mounted.addContentTypeParser('*', (_, __, done) => done(null))
    const methods = ['GET', 'POST', 'OPTIONS', 'HEAD', 'DELETE'] as const
    mounted.route({
      method: [...methods],
      url: `${identityPath}/*`,
      config: { access: 'public' },
      schema: { hide: true },
      handler: (request, reply) => {
        reply.hijack()
        forward(callback, request.raw, reply.raw)
      },
    })
  })
}

function forward(callback: ReturnType<Provider['callback']>, request: IncomingMessage, response: ServerResponse): void {
  const url = request.url ?? '/'
  void callback(Object.assign(request, { originalUrl: url, url: url.slice(identityPath.length) || '/' }), response)
}

/** The sign-in that this browser is in the middle of; undefined where its cookie does not say so. */
async function interactionOf(provider: Provider, request: FastifyRequest, reply: FastifyReply): Promise<Interaction | undefined> {
  try {
    return await provider.interactionDetails(request.raw, reply.raw)
  } catch {
    return undefined
  }
}

const Asked = z.looseObject({ client_id: z.string(), redirect_uri: z.string().optional(), scope: z.string().default('') })

/** What a person grants by going on: what the program asked for. Each sign-in has a grant of its own, which ends with it. */
async function grant(provider: Provider, interaction: Interaction, accountId: string): Promise<string> {
  const { client_id: clientId, scope } = Asked.parse(interaction.params)
  const made = new provider.Grant({ clientId, accountId })
  made.addOIDCScope(scope)
  return made.save()
}

/**
 * A form that another site sent, or another port of this name ("same-site"): browsers say where a form is from. Those that do
 * not are held by the form's own proof.
 */
function isForged(request: FastifyRequest): boolean {
  const site = request.headers['sec-fetch-site']
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}

function failed(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const language = languageOf(request.headers['accept-language'])
  const w = wordsOf(language)
  return reply
    .code(400)
    .type('text/html')
    .send(page(language, w.failed, `<p>${w.failedWhy}</p>`))
}
