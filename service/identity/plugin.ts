import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Interaction, Provider } from 'oidc-provider'
import { z } from 'zod'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { App } from '../deps.ts'
import { RateLimit } from '../http/rateLimit.ts'
import type { Directory } from './directory.ts'
import { type EmbeddedIssuer, identityPath } from './issuer.ts'
import { type DemoPerson, languageOf, loginPage, page, securityHeaders, style, wordsOf } from './pages.ts'

const LoginForm = z.object({ email: z.string().max(254), password: z.string().max(200).default('') })
const InteractionPath = z.object({ uid: z.string().max(64) })

/** Tries to sign in to one account per minute. */
const triesPerMinute = 10

export interface IdentityOptions {
  readonly issuer: EmbeddedIssuer
  readonly directory: Directory
  /** The people shown as buttons; none outside the demo. */
  readonly people: () => Promise<readonly DemoPerson[]>
  readonly now: () => number
}

/** Mounts the embedded issuer and its login pages under /identity. */
export async function identityRoutes(app: App, { issuer, directory, people, now }: IdentityOptions): Promise<void> {
  const { provider } = issuer
  const tries = new RateLimit(triesPerMinute, now)

  await app.register(async (pages: App) => {
    pages.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, body, done) =>
      done(null, Object.fromEntries(new URLSearchParams(String(body)))),
    )
    pages.addHook('onRequest', async (_, reply) => void reply.headers(securityHeaders))

    pages.get(`${identityPath}/style.css`, { config: { access: 'public' }, schema: { hide: true } }, async (_, reply) =>
      reply.type('text/css').send(style),
    )

    pages.get(`${identityPath}/interaction/:uid`, { config: { access: 'public' }, schema: { hide: true, params: InteractionPath } }, async (request, reply) => {
      const interaction = await interactionOf(provider, request, reply)
      if (!interaction) return failed(request, reply)
      if (interaction.prompt.name !== 'consent') return showLogin(request, reply, interaction)
      const consent = { grantId: await grant(provider, interaction) }
      return reply.redirect(await provider.interactionResult(request.raw, reply.raw, { consent }, { mergeWithLastSubmission: true }), 303)
    })

    pages.post(
      `${identityPath}/interaction/:uid`,
      { config: { access: 'public' }, schema: { hide: true, params: InteractionPath, body: LoginForm } },
      async (request, reply) => {
        const interaction = await interactionOf(provider, request, reply)
        if (!interaction || interaction.prompt.name !== 'login' || isForged(request)) return failed(request, reply)
        const { email, password } = request.body
        try {
          tries.take(email.trim().toLowerCase())
        } catch (error) {
          if (!(error instanceof RoomkeeperError)) throw error
          return showLogin(request, reply.code(429), interaction, 'tooMany', email)
        }
        const account = await directory.signIn(email, password)
        if (!account) return showLogin(request, reply.code(401), interaction, 'wrong', email)
        const login = { accountId: account.id, remember: true }
        return reply.redirect(await provider.interactionResult(request.raw, reply.raw, { login }, { mergeWithLastSubmission: false }), 303)
      },
    )
  })

  async function showLogin(request: FastifyRequest, reply: FastifyReply, interaction: Interaction, problem?: 'wrong' | 'tooMany', email = '') {
    const language = languageOf(request.headers['accept-language'])
    return reply.type('text/html').send(loginPage(language, `${identityPath}/interaction/${interaction.uid}`, await people(), problem, email))
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

/** The console is our own client: what it asks for is granted without a question. */
async function grant(provider: Provider, interaction: Interaction): Promise<string> {
  const { params, session, prompt } = interaction
  const known = interaction.grantId === undefined ? undefined : await provider.Grant.find(interaction.grantId)
  const made = known ?? new provider.Grant({ clientId: String(params['client_id']), accountId: session?.accountId })
  const missing = Missing.parse(prompt.details)
  made.addOIDCScope((missing.missingOIDCScope ?? []).join(' '))
  made.addOIDCClaims(missing.missingOIDCClaims ?? [])
  for (const [resource, scopes] of Object.entries(missing.missingResourceScopes ?? {})) made.addResourceScope(resource, scopes.join(' '))
  return made.save()
}

const Missing = z.looseObject({
  missingOIDCScope: z.array(z.string()).optional(),
  missingOIDCClaims: z.array(z.string()).optional(),
  missingResourceScopes: z.record(z.string(), z.array(z.string())).optional(),
})

/** A form that another site sent: the cookie would not come along, and browsers say where a form is from. */
function isForged(request: FastifyRequest): boolean {
  const site = request.headers['sec-fetch-site']
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}

function failed(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const language = languageOf(request.headers['accept-language'])
  const w = wordsOf(language)
  return reply.code(400).type('text/html').send(page(language, w.failed, `<p>${w.failedWhy}</p>`))
}
