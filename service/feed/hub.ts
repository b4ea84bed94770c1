import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { type ErrorCode, detailsOf, RoomkeeperError } from '../../contract/errors.ts'
import { ConsoleToFeed, feedProtocolVersions } from '../../contract/feed.ts'
import type { PersonId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { AccessDeps } from '../access/deps.ts'
import type { CurrentAccess } from '../access/service.ts'
import type { BusTopics } from '../ground/bus.ts'
import { NotLetIn } from '../ground/caller.ts'
import type { Caller } from '../ground/caller.ts'
import { addressOf } from '../ground/http/address.ts'
import { tenantNamed } from '../ground/http/tenantNamed.ts'
import { refuse } from '../ground/http/upgrades.ts'
import { recordOfRefusal } from '../ground/refused.ts'
import type { Cursors } from './cursors.ts'
import { type FeedSocket, Follower, type FollowerOptions, SharedRows } from './follower.ts'

/** Beats without a word from the console, after which nobody is there; but never sooner than that many ms. */
const beatsMissed = 4
const leastSilenceMs = 30_000

/** As the audit names it. */
const question = { method: 'GET', route: '/v1/feed' }

/** Who a socket counts for, and how many they may have open at once. */
interface Owner {
  readonly key: string
  readonly most: number
}

const ownersOf = ({ tenant, person }: Caller, address: string | undefined): readonly Owner[] => [
  { key: `person ${tenant}/${person}`, most: limits.feedsPerPerson },
  ...(address === undefined ? [] : [{ key: `address ${address}`, most: limits.feedsPerAddress }]),
]

/** Seconds after which to ask again. */
const tooManyAgainS = 30

/** The consoles' sockets: who follows which tenant, under which scope, until when. */
export class FeedHub {
  readonly #deps: AccessDeps
  readonly #options: FollowerOptions
  readonly #sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: limits.consoleMessageBytes,
    perMessageDeflate: false,
  })
  readonly #tenants = new Map<TenantId, Set<Follower>>()
  /** Open sockets by whose they are. */
  readonly #open = new Map<string, number>()
  #closing = false

  constructor(deps: AccessDeps, cursors: Cursors) {
    this.#deps = deps
    this.#options = {
      store: deps.store,
      cursors,
      beatMs: deps.config.timing.feedBeatMs,
      clock: deps.clock,
      onRows: (count) => deps.metrics.feedRows.inc(count),
      onProblem: (follower, error) => {
        deps.log.error({ err: error }, 'a console could not be fed')
        this.#end(follower, 'service.failed')
      },
    }
  }

  /** Takes over an upgrade when its access token is good; else answers like any other route. */
  async accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const fail = () => socket.destroy()
    socket.on('error', fail)
    let caller: Caller
    let owners: readonly Owner[]
    const address = addressOf(request, this.#deps.config.behindProxy)
    try {
      this.#deps.budgets.request(address)
      if (this.#closing) throw new RoomkeeperError('service.unavailable')
      const token = /^Bearer (\S{1,16384})$/i.exec(request.headers.authorization ?? '')?.[1]
      if (!token) throw new RoomkeeperError('auth.missing')
      caller = await this.#letIn(token, tenantNamed(request.headers))
      owners = ownersOf(caller, address)
      // From here on nothing is awaited.
      if (owners.some(({ key, most }) => (this.#open.get(key) ?? 0) >= most))
        throw new RoomkeeperError('feed.tooMany', { params: { retryAfter: tooManyAgainS } })
    } catch (error) {
      const known = error instanceof RoomkeeperError ? error : new RoomkeeperError('service.failed', {}, error)
      this.#deps.turnedAway.note(known, 'feed')
      refuse(socket, known)
      return
    }
    socket.off('error', fail)
    if (socket.destroyed) return
    this.#sockets.handleUpgrade(request, socket, head, (accepted) => this.#join(accepted, caller, owners))
  }

  /** A commit: every console of the tenant gets of it what it may see, at once. */
  changed(changes: BusTopics['changes']): void {
    const followers = this.#tenants.get(changes.tenant)
    if (!followers) return
    const shared = new SharedRows(changes)
    for (const follower of followers) follower.changed(shared)
  }

  /** What a person may see is other than before (ACC-8): nothing more under the old scope. */
  rescoped({ tenant, person }: Pick<BusTopics['scope'], 'tenant' | 'person'>): void {
    for (const follower of this.#of(tenant, person)) {
      follower.suspend()
      this.#deps.access.current(tenant, person).then(
        (current) => {
          const refusal = refusalOf(current, follower.caller)
          if (refusal === undefined) {
            follower.rescope(current)
            return
          }
          if (refusal !== 'partner.multiFactor') follower.leave(current.scopeVersion)
          this.#end(follower, refusal)
        },
        (error: unknown) => this.#end(follower, error instanceof RoomkeeperError ? error.code : 'service.failed'),
      )
    }
  }

  /** A policy changed: a customer may ask its partners' people for more than a password from now on (PAR-7). */
  async demanded(tenant: TenantId): Promise<void> {
    const weak = [...(this.#tenants.get(tenant) ?? [])].filter(({ caller }) => caller.link !== undefined && !caller.multiFactor)
    if (weak.length === 0) return
    // Nothing is sent until it is known: a hello may be on its way, which was let in before.
    for (const follower of weak) follower.suspend()
    try {
      const { links } = await this.#deps.access.resolved(tenant)
      for (const follower of weak) {
        const { link, multiFactor } = follower.caller
        if (link !== undefined && !multiFactor && links.get(link)?.link.multiFactor) this.#end(follower, 'partner.multiFactor')
      }
    } finally {
      for (const follower of weak) follower.resume()
    }
  }

  /** Beats, and the ends of tokens and of those who fell silent. */
  beat(): void {
    const at = this.#deps.clock.now()
    const { feedBeatMs } = this.#deps.config.timing
    for (const followers of this.#tenants.values()) {
      for (const follower of followers) {
        const silentMs = at - follower.heardAt
        if (silentMs > Math.max(feedBeatMs * beatsMissed, leastSilenceMs)) follower.socket.terminate()
        else follower.say({ type: 'beat', at })
      }
    }
  }

  expire(): void {
    const at = this.#deps.clock.now()
    for (const followers of this.#tenants.values()) {
      for (const follower of followers) if (at >= follower.caller.expiresAt) this.#end(follower, 'auth.expired')
    }
  }

  stop(): void {
    this.#closing = true
    for (const followers of this.#tenants.values()) for (const follower of followers) this.#end(follower, 'service.unavailable')
    this.#sockets.close()
  }

  #join(socket: WebSocket, caller: Caller, owners: readonly Owner[]): void {
    for (const { key } of owners) this.#open.set(key, (this.#open.get(key) ?? 0) + 1)
    const { received, left } = this.follow(socket, caller)
    socket.on('message', (data, isBinary) => void received(data, isBinary))
    // ws closes the socket by itself after an error; that is counted below.
    socket.on('error', (error) => this.#deps.log.debug({ err: error }, "a console's socket failed"))
    socket.on('close', () => {
      for (const { key } of owners) this.#leave(key)
      left()
    })
  }

  /** Somebody who is let in follows by this socket, whose messages and end are told by what is returned. */
  follow(socket: FeedSocket, caller: Caller): { received: (data: RawData, isBinary: boolean) => Promise<void>; left: () => void } {
    const follower = new Follower(socket, caller, this.#deps.clock.now(), this.#options)
    const followers = this.#tenants.get(caller.tenant) ?? new Set()
    this.#tenants.set(caller.tenant, followers.add(follower))
    this.#count()
    const left = (): void => {
      follower.end()
      followers.delete(follower)
      if (followers.size === 0 && this.#tenants.get(caller.tenant) === followers) this.#tenants.delete(caller.tenant)
      this.#count()
    }
    return { received: (data, isBinary) => this.#receive(follower, data, isBinary), left }
  }

  /** Hears of commits, and of what they change for whom. Returns its undo. */
  listen(): () => void {
    const { bus, log } = this.#deps
    const undo = [
      bus.subscribe('changes', (changes) => this.changed(changes)),
      bus.subscribe('scope', (scope) => this.rescoped(scope)),
      bus.subscribe('policy', ({ tenant }) => {
        this.demanded(tenant).catch((error: unknown) =>
          log.error({ err: error }, 'consoles could not be looked at after a change of policy'),
        )
      }),
    ]
    return () => undo.forEach((end) => end())
  }

  async #receive(follower: Follower, data: RawData, isBinary: boolean): Promise<void> {
    follower.heardAt = this.#deps.clock.now()
    try {
      const message = readMessage(data, isBinary)
      if (message.type === 'renew') await this.#renew(follower, message.token)
      else if (message.type === 'whole') follower.isWhole(message.scope)
      else if (message.type === 'hello') {
        this.#deps.budgets.hello(follower.caller)
        const version = feedProtocolVersions.findLast((one) => message.versions.includes(one))
        if (version === undefined) throw new RoomkeeperError('device.version')
        const { tenant, person } = follower.caller
        const lineage = await this.#deps.store.lineage(tenant)
        const lastSeq = await this.#deps.store.read(tenant, 'wholeTenant').lastSeq()
        // The token may be older than the newest change of scope, and than what the link asks for.
        const current = await this.#deps.access.current(tenant, person)
        checkLetIn(current, follower.caller)
        follower.hello(current, version, message, lineage, lastSeq)
      }
    } catch (error) {
      if (!(error instanceof RoomkeeperError)) this.#deps.log.error({ err: error }, "a console's message failed")
      this.#end(follower, error instanceof RoomkeeperError ? error : 'service.failed')
    }
  }

  async #renew(follower: Follower, token: string): Promise<void> {
    const { tenant, person } = follower.caller
    const caller = await this.#letIn(token, follower.caller.link === undefined ? undefined : tenant)
    if (caller.tenant !== tenant || caller.person !== person)
      throw new RoomkeeperError('auth.invalid', { detail: 'The token is of another person.' })
    follower.caller = { ...follower.caller, expiresAt: caller.expiresAt, multiFactor: caller.multiFactor }
    // Its link may have come to ask for more while the token was looked at.
    checkLetIn(await this.#deps.access.current(tenant, person), follower.caller)
  }

  /** Whose token it is; who is known and not let in is kept in the audit (AUD-1). */
  async #letIn(token: string, tenant: TenantId | undefined): Promise<Caller> {
    try {
      return await this.#deps.access.authenticate(token, tenant)
    } catch (error) {
      if (error instanceof NotLetIn) await this.#deps.refusals.record(error.who, recordOfRefusal(question, error.code, error.about))
      throw error
    }
  }

  *#of(tenant: TenantId, person: PersonId): Generator<Follower> {
    for (const follower of this.#tenants.get(tenant) ?? []) if (follower.caller.person === person) yield follower
  }

  #end(follower: Follower, why: ErrorCode | RoomkeeperError): void {
    const error = why instanceof RoomkeeperError ? why : new RoomkeeperError(why)
    const {
      code,
      details: { detail },
    } = error
    this.#deps.turnedAway.note(error, 'feed')
    follower.end()
    follower.say({
      type: 'error',
      code,
      ...(detail === undefined ? {} : { detail: detail.slice(0, 400) }),
      retry: code !== 'auth.invalid' && code !== 'access.denied',
    })
    follower.socket.close(1008, code)
  }

  #leave(key: string): void {
    const left = (this.#open.get(key) ?? 1) - 1
    if (left > 0) this.#open.set(key, left)
    else this.#open.delete(key)
  }

  #count(): void {
    let consoles = 0
    for (const followers of this.#tenants.values()) consoles += followers.size
    this.#deps.metrics.consoles.set(consoles)
  }
}

/**
 * Why somebody may follow no more: they were removed; of a partner's person, nothing is assigned any more, the link has ended, or
 * it asks for more than they signed in with. Undefined: they may.
 */
function refusalOf({ access, removed, multiFactor }: CurrentAccess, caller: Pick<Caller, 'multiFactor'>): ErrorCode | undefined {
  if (removed) return 'auth.removed'
  if (access.link === undefined) return undefined
  if (access.grants.length === 0) return 'access.denied'
  return multiFactor && !caller.multiFactor ? 'partner.multiFactor' : undefined
}

function checkLetIn(current: CurrentAccess, caller: Pick<Caller, 'multiFactor'>): void {
  const refusal = refusalOf(current, caller)
  if (refusal !== undefined) throw new RoomkeeperError(refusal)
}

function readMessage(data: RawData, isBinary: boolean): ConsoleToFeed {
  if (isBinary) throw new RoomkeeperError('message.malformed', { detail: 'Messages are text.' })
  let raw: unknown
  try {
    raw = JSON.parse(String(data))
  } catch (error) {
    throw new RoomkeeperError('message.malformed', { detail: 'Not JSON.' }, error)
  }
  const parsed = ConsoleToFeed.safeParse(raw)
  if (!parsed.success) throw new RoomkeeperError('message.malformed', detailsOf(parsed.error))
  return parsed.data
}
