import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { SessionKey } from '../../contract/agent.ts'
import type { Budgets } from './budgets.ts'
import type { AccessService } from '../access/service.ts'
import type { DeviceLine } from '../agents/line.ts'
import type { Refusals } from './audit/refusals.ts'
import type { Bus } from './bus.ts'
import type { Config } from './config.ts'
import type { DirectoryReader } from '../directory/directory.ts'
import type { Rooms } from '../incidents/rooms.ts'
import type { Logger } from './ops/log.ts'
import type { Metrics } from './ops/metrics.ts'
import type { RefusalLog } from './ops/refusalLog.ts'
import type { Store } from './store/store.ts'

/** What every part of the service is given; the composition root (server.ts) makes it once. */
export interface ServiceDeps {
  readonly config: Config
  readonly store: Store
  readonly bus: Bus
  readonly access: AccessService
  /** What each may ask for in a minute. */
  readonly budgets: Budgets
  /** Refusals of known people, on their way into the audit. */
  readonly refusals: Refusals
  /** People and security groups of the organisations, by their directory tenant. */
  readonly directory: DirectoryReader
  /** The incident engine's shell (`new Rooms()`): every change of a room's document goes through it. */
  readonly rooms: Rooms
  /** What remote sessions say to agents, and hear of them (`new DeviceLine()`). */
  readonly line: DeviceLine
  readonly log: Logger
  readonly metrics: Metrics
  /** Why somebody was not let in, for the log and the figures. */
  readonly turnedAway: RefusalLog
  /** The name devices sign for; stable for the life of the data. */
  readonly serviceName: string
  /** The public key of what the service signs for remote sessions: grants, and the tickets of relays and recordings. */
  readonly sessionKey: SessionKey
  /** 32 bytes that make cursors opaque; stable for the life of the data. */
  readonly cursorKey: Buffer
  /** Integer UTC ms. */
  readonly now: () => number
  /** Goes on as `now` does, and is not moved when the clock is set (ms). Undefined: how long the machine has been up. */
  readonly evenly?: () => number
}

/** The Fastify instance with zod schemas as types. */
export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>

/**
 * A part of the service that adds routes. It may start timers and listeners, and must end them by
 * `app.addHook('onClose', …)`. Every route declares `config: { access: … }` (ground/http/routeAccess.ts), or registering it
 * throws.
 */
export type Plugin = (app: App, deps: ServiceDeps) => void | Promise<void>
