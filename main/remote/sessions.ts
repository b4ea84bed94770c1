import { RoomkeeperError } from '../../contract/errors.ts'
import { type RoomId, SessionId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { SessionAnswer, type SessionRequest } from '../../contract/remote.ts'
import type { RemoteMode } from '../../contract/remoteFacts.ts'
import type { Link, LinkDial, LinkOptions } from '../../contract/sealed/interfaces.ts'
import { makePair } from '../../contract/sealed/keys.ts'
import { SealedLink } from '../../contract/sealed/link.ts'
import type { Clock, System } from '../../contract/system.ts'
import type { RemoteSessionView } from '../../contract/views.ts'
import { Emitter } from '../emitter.ts'
import type { Log } from '../log.ts'
import type { ServiceClient } from '../sync/http.ts'
import type { TenantName } from '../views/shown.ts'
import { RemoteSession, type SessionOf } from './session.ts'

/** How long ending them all may take. */
const leaveMs = 3_000

export interface SessionsOptions {
  readonly dial: LinkDial
  readonly clock: Clock
  readonly system: Pick<System, 'ids' | 'random'>
  readonly log: Log
  /** Left out: a sealed link. */
  readonly makeLink?: (options: LinkOptions) => Link
}

export interface StartOptions {
  readonly client: Pick<ServiceClient, 'json'>
  readonly tenant: TenantName
  readonly room: RoomId
  readonly roomName: string
  readonly mode: RemoteMode
}

/** The remote sessions of this console (REM-3), ended ones too until they are forgotten. */
export class RemoteSessions {
  readonly onChange = new Emitter<void>()
  readonly #options: SessionsOptions
  readonly #sessions = new Map<SessionId, RemoteSession>()

  constructor(options: SessionsOptions) {
    this.#options = options
  }

  /** Oldest first. */
  get views(): RemoteSessionView[] {
    return [...this.#sessions.values()].map(({ view }) => view)
  }

  /**
   * Begins a session; answers when the device has agreed. While it is asked it is listed, and it is not when it was refused.
   * Errors: remote.tooMany (this console's own limit), remote.ended (it was ended meanwhile), what the service refuses with.
   */
  async start({ client, tenant, room, roomName, mode }: StartOptions): Promise<SessionId> {
    const { clock, system, log, dial, makeLink = (options) => new SealedLink(options) } = this.#options
    if (this.#running.length >= limits.sessionsPerConsole) throw new RoomkeeperError('remote.tooMany')
    const of: SessionOf = { id: SessionId.parse(system.ids(clock.now())), tenant, room, roomName, mode }
    const session = new RemoteSession(of, {
      client,
      dial,
      makeLink,
      clock,
      random: () => system.random.number(),
      log,
      changed: () => this.#changed(of.id),
    })
    this.#add(session)
    const pair = makePair()
    try {
      const answer = await ask(client, { session: of.id, room, mode, key: pair.publicKey })
      if (session.ended) throw new RoomkeeperError('remote.ended')
      session.begin(answer, pair.privateKey)
    } catch (error) {
      const known = error instanceof RoomkeeperError ? error : new RoomkeeperError('console.failed', {}, error)
      log.info({ session: of.id, room, code: known.code }, 'a remote session was refused')
      // Where nobody knows whether the service has begun it, or it is of no use, it must not stay.
      if (doubtful.has(known.code)) void session.record.tellEnd('operatorEnded')
      this.#remove(of.id)
      throw known
    }
    return of.id
  }

  /** Errors: remote.notFound. */
  get(id: SessionId): RemoteSession {
    const session = this.#sessions.get(id)
    if (session === undefined) throw new RoomkeeperError('remote.notFound')
    return session
  }

  /** Lists it no more; one that runs is ended. Errors: remote.notFound. */
  forget(id: SessionId): void {
    void this.get(id).end('operatorEnded')
    this.#remove(id)
  }

  /** Ends those that the operator may not have any more: the service has ended them, or is about to. */
  keep(allowed: (session: SessionOf) => boolean): void {
    for (const session of this.#running) if (!allowed(session.of)) void session.end('accessWithdrawn', false)
  }

  /** Ends all that run; they are still listed. */
  endAll(): void {
    for (const session of this.#running) void session.end('operatorEnded')
  }

  /** Ends and forgets all of them. Waits until the service knows, for three seconds at most. */
  async leave(): Promise<void> {
    const ended = Promise.all(this.#running.map((session) => session.end('operatorEnded')))
    const none = this.#sessions.size === 0
    this.#sessions.clear()
    if (none) return
    this.onChange.emit()
    let undo = (): void => undefined
    await Promise.race([ended, new Promise<void>((resolve) => (undo = this.#options.clock.after(leaveMs, resolve)))])
    undo()
  }

  get #running(): RemoteSession[] {
    return [...this.#sessions.values()].filter(({ ended }) => !ended)
  }

  #add(session: RemoteSession): void {
    this.#sessions.set(session.of.id, session)
    // Ended ones that nobody closes do not gather.
    const ended = [...this.#sessions.values()].filter((one) => one.ended)
    for (const oldest of ended.slice(0, -limits.sessionsPerConsole)) this.#sessions.delete(oldest.of.id)
    this.onChange.emit()
  }

  #remove(id: SessionId): void {
    if (this.#sessions.delete(id)) this.onChange.emit()
  }

  #changed(id: SessionId): void {
    if (this.#sessions.has(id)) this.onChange.emit()
  }
}

/** The service may have begun it all the same. */
const doubtful: ReadonlySet<string> = new Set([
  'network.offline',
  'service.failed',
  'service.unavailable',
  'issuer.unavailable',
  'remote.refused',
  'remote.ended',
  'console.failed',
])

/** Where the answer is lost on the way it is asked for once more: the same request gets the same answer. */
async function ask(client: Pick<ServiceClient, 'json'>, body: SessionRequest): Promise<SessionAnswer> {
  const send = (): Promise<SessionAnswer> => client.json(SessionAnswer, { method: 'POST', path: '/v1/sessions', body })
  try {
    return await send()
  } catch (error) {
    if (!(error instanceof RoomkeeperError) || error.code !== 'network.offline') throw error
    return send()
  }
}
