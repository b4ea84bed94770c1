import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { JWK } from 'jose'
import type { SessionKey } from '../../contract/agent.ts'
import type { System } from '../../contract/system.ts'
import type { Refusals } from './audit/refusals.ts'
import type { Budgets } from './budgets.ts'
import type { Bus } from './bus.ts'
import type { Authenticator } from './caller.ts'
import type { Approvals } from './commands/approvals.ts'
import type { Commands } from './commands/commands.ts'
import type { Config } from './config.ts'
import type { Logger } from './ops/log.ts'
import type { Metrics } from './ops/metrics.ts'
import type { RefusalLog } from './ops/refusalLog.ts'
import type { Store } from './store/store.ts'

/**
 * What every part of the service is given; the composition root (server.ts) makes it once. A capability that has more to give names
 * it in a `deps.ts` of its own, for what stands above it.
 */
export interface GroundDeps extends System {
  readonly config: Config
  readonly store: Store
  readonly bus: Bus
  /** Who somebody is. */
  readonly access: Authenticator
  /** What each may ask for in a minute. */
  readonly budgets: Budgets
  /** Refusals of known people, on their way into the audit. */
  readonly refusals: Refusals
  /** Every command that a part has. */
  readonly commands: Commands
  /** What waits until somebody else agrees. */
  readonly approvals: Approvals
  readonly log: Logger
  readonly metrics: Metrics
  /** Why somebody was not let in, for the log and the figures. */
  readonly turnedAway: RefusalLog
  /** Where devices and consoles reach this service, without a slash at its end. */
  readonly publicUrl: string
  /** The private key of `sessionKey`; stable for the life of the data. */
  readonly relayKey: JWK
  /** The name devices sign for; stable for the life of the data. */
  readonly serviceName: string
  /** The public key of what the service signs for remote sessions: grants, and the tickets of relays and recordings. */
  readonly sessionKey: SessionKey
  /** 32 bytes that make cursors opaque; stable for the life of the data. */
  readonly cursorKey: Buffer
}

/** The Fastify instance with zod schemas as types. */
export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>

/**
 * What adds routes. It may start timers and listeners, and must end them by `app.addHook('onClose', …)`. Every route declares
 * `config: { access: … }` (http/routeAccess.ts), or registering it throws.
 */
export type Plugin<D = GroundDeps> = (app: App, deps: D) => void | Promise<void>
