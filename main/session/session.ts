import type { ICachePlugin, PublicClientApplication } from '@azure/msal-node'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { System, Undo } from '../../contract/system.ts'
import { within } from '../../contract/timing.ts'
import type { Log } from '../log.ts'
import type { AccessToken, AccountState, Session, Vault } from '../platform.ts'
import { attemptSignIn, type AttemptResult, type SignInPlace } from './attempt.ts'
import { connectionOf, discover } from './discovery.ts'
import { accountIn, clientOf, endOfSession, idTokenIn, revoke } from './msal.ts'
import type { NetworkSettings } from './network.ts'
import { isRefusal, nameOf, signInProblem } from './problems.ts'
import { RecordFile, type SignInRecord } from './record.ts'

export interface SessionSettings extends NetworkSettings {
  /** How long a person may take to sign in, in milliseconds; the issuer may set less. */
  signInMs: number
}

const usualSettings: Omit<SessionSettings, 'timers'> = {
  fetch: (input, init) => fetch(input, init),
  timeoutMs: limits.issuerRequestMs,
  devicePollMs: 5_000,
  signInMs: limits.signInMs,
}

export interface SessionOptions {
  /** The console's folder (`DIR/console`). */
  folder: string
  /** Root address of the service. A sign-in that was made for another service does not count. */
  service: string
  vault: Vault
  place: SignInPlace
  log: Log
  system: Pick<System, 'clock' | 'random'>
  settings?: Partial<SessionSettings>
}

/** A token with less life left than this is renewed before it is given out. */
const lifeLeftMs = 60_000

/** The sign-in of one console (ACC-1), as the core sees it, with what the host adds. */
export interface HostSession extends Session {
  /** Ends what is under way. The sign-in itself stays for the next start. */
  close(): Promise<void>
}

/** Restores the sign-in of the last run; no network is touched (CON-2). Errors: vault.locked. */
export async function openSession(options: SessionOptions): Promise<HostSession> {
  const file = new RecordFile(options.folder, options.vault, options.system)
  const record = await file.read()
  return new MsalSession(options, file, record?.service === options.service ? record : undefined)
}

/** What belongs to the account that is signed in. Replaced as a whole. */
interface Held {
  record: SignInRecord
  client: PublicClientApplication
  token: AccessToken | undefined
  renewing: Promise<AccessToken> | undefined
  renewalNeeded: boolean
}

class MsalSession implements HostSession {
  readonly #options: SessionOptions
  readonly #settings: SessionSettings
  readonly #file: RecordFile
  readonly #listeners = new Set<(state: AccountState) => void>()
  #state: AccountState
  #held: Held | undefined
  #attempt: { abort: AbortController; ended: Promise<void> } | undefined
  readonly #farewells = new Set<Promise<void>>()

  constructor(options: SessionOptions, file: RecordFile, record: SignInRecord | undefined) {
    this.#options = options
    this.#settings = { ...usualSettings, timers: options.system.clock, ...options.settings }
    this.#file = file
    this.#held = record && this.#hold(record)
    this.#state = this.#resting()
  }

  get state(): AccountState {
    return this.#state
  }

  listen(listener: (state: AccountState) => void): Undo {
    // A wrapper of its own: the same function may listen twice.
    const entry = (state: AccountState): void => listener(state)
    this.#listeners.add(entry)
    return () => void this.#listeners.delete(entry)
  }

  async accessToken({ renew = false }: { renew?: boolean } = {}): Promise<AccessToken> {
    const held = this.#held
    if (!held || held.renewalNeeded) throw new RoomkeeperError('session.none')
    if (!renew && held.token && held.token.expiresAt - this.#options.system.clock.now() > lifeLeftMs) return held.token
    held.renewing ??= this.#renew(held, renew || held.token !== undefined).finally(() => (held.renewing = undefined))
    return held.renewing
  }

  async signIn(method: 'browser' | 'deviceCode'): Promise<void> {
    await this.cancelSignIn()
    const abort = new AbortController()
    this.#set({ state: 'signingIn', method })
    await new Promise<void>((begun, failed) => {
      const ended = this.#signIn(method, abort.signal, begun).then(begun, (error: unknown) => {
        const problem = signInProblem(error)
        if (!abort.signal.aborted) this.#options.log.warn({ why: nameOf(error), method }, 'Signing in failed')
        failed(problem)
        return this.#ended(abort, problem)
      })
      this.#attempt = { abort, ended }
    })
  }

  async cancelSignIn(): Promise<void> {
    const attempt = this.#attempt
    if (!attempt) return
    attempt.abort.abort()
    await attempt.ended
  }

  async signOut(): Promise<void> {
    await this.cancelSignIn()
    const held = this.#held
    this.#held = undefined
    await this.#file.remove()
    if (held) {
      const farewell = revoke(held.record.connection, held.record.cache, this.#settings).finally(() => this.#farewells.delete(farewell))
      this.#farewells.add(farewell)
      this.#options.log.info({ account: held.record.account.id }, 'Signed out')
    }
    const endSession = held && this.#endAtIssuer(held.record)
    this.#set({ ...this.#resting(), ...(endSession === undefined ? {} : { endSession }) })
  }

  /**
   * The session at the issuer ends in the person's own browser: opened where the console is a program of its own, else answered for its
   * page
   * to show.
   */
  #endAtIssuer({ connection, cache, homeAccountId, method }: SignInRecord): string | undefined {
    const address = method === 'deviceCode' ? undefined : endOfSession(connection, cache, homeAccountId)
    const { place, log } = this.#options
    if (address === undefined || place.kind === 'here') return address
    place
      .open(address)
      .catch((error: unknown) => log.info({ why: nameOf(error) }, 'The page that ends the session at the issuer could not be opened'))
    return undefined
  }

  async close(): Promise<void> {
    await this.cancelSignIn()
    await Promise.all(this.#farewells)
    this.#listeners.clear()
  }

  async #signIn(method: 'browser' | 'deviceCode', signal: AbortSignal, begun: () => void): Promise<void> {
    const { service, place, system } = this.#options
    const signedIn = await within(this.#settings.timers, this.#settings.signInMs, async (deadline) => {
      const discovery = await discover(service, this.#settings)
      const connection = await connectionOf(discovery, this.#settings)
      signal.throwIfAborted()
      const result = await attemptSignIn({
        connection,
        method,
        place,
        network: this.#settings,
        system,
        signal: AbortSignal.any([signal, deadline]),
        invite: (invitation) => {
          if (!signal.aborted) this.#set({ state: 'signingIn', method, ...invitation })
          begun()
        },
      })
      return { connection, method, service, result }
    })
    signal.throwIfAborted()
    await this.#accept(signedIn)
  }

  async #accept({ result, ...at }: Pick<SignInRecord, 'connection' | 'method' | 'service'> & { result: AttemptResult }): Promise<void> {
    const record: SignInRecord = { version: 1, ...at, account: result.account, homeAccountId: result.homeAccountId, cache: result.cache }
    await this.#file.write(record)
    this.#attempt = undefined
    this.#held = this.#hold(record)
    this.#options.log.info({ account: record.account.id }, 'Signed in')
    this.#set(this.#resting())
  }

  /** After a failed or cancelled attempt: whoever was signed in before still is. */
  #ended(abort: AbortController, problem: RoomkeeperError): void {
    if (this.#attempt?.abort === abort) this.#attempt = undefined
    const rest = this.#resting()
    const { detail } = problem.details
    const told = rest.state === 'signedOut' && !abort.signal.aborted
    this.#set(told ? { ...rest, problem: { code: problem.code, ...(detail === undefined ? {} : { detail }) } } : rest)
  }

  #hold(record: SignInRecord): Held {
    const idToken = (): string | undefined => idTokenIn(held.record.cache, held.record.homeAccountId)
    const client = clientOf(record.connection, this.#settings, { plugin: this.#cachePlugin(() => held), idToken })
    const held: Held = { record, client, token: undefined, renewing: undefined, renewalNeeded: false }
    return held
  }

  /**
   * Keeps MSAL's cache in the sealed record. MSAL goes back to what it was last given here (a refresh token of two
   * renewals ago, which an issuer that rotates takes for a theft), so it is given the newest at every access.
   */
  #cachePlugin(heldOf: () => Held): ICachePlugin {
    return {
      beforeCacheAccess: async (context) => context.tokenCache.deserialize(heldOf().record.cache),
      afterCacheAccess: async (context) => {
        const held = heldOf()
        if (!context.cacheHasChanged || this.#held !== held) return
        held.record = { ...held.record, cache: context.tokenCache.serialize() }
        await this.#file.write(held.record)
      },
    }
  }

  async #renew(held: Held, forceRefresh: boolean): Promise<AccessToken> {
    try {
      const account = await accountIn(held.client, held.record.homeAccountId)
      if (!account) throw new RoomkeeperError('session.none')
      const request = { account, scopes: [...held.record.connection.scopes] }
      let result = await held.client.acquireTokenSilent({ ...request, forceRefresh })
      if (result.fromCache && tokenOf(result).expiresAt - this.#options.system.clock.now() <= lifeLeftMs) {
        result = await held.client.acquireTokenSilent({ ...request, forceRefresh: true })
      }
      // A renewal for somebody else (OpenID Connect Core 12.2) is none of this person's.
      if (result.account?.homeAccountId !== account.homeAccountId)
        throw new RoomkeeperError('session.none', { detail: 'The issuer renewed for another person.' })
      const token = tokenOf(result)
      // Signed out meanwhile: what was renewed is nobody's.
      if (this.#held !== held) throw new RoomkeeperError('session.none')
      held.token = token
      return token
    } catch (error) {
      if (this.#held !== held) throw new RoomkeeperError('session.none', {}, error)
      if (!isRefusal(error) && !(error instanceof RoomkeeperError)) {
        this.#options.log.info({ why: nameOf(error) }, 'The sign-in could not be renewed now')
        throw new RoomkeeperError('network.offline', {}, error)
      }
      this.#options.log.warn({ why: nameOf(error) }, 'The issuer refused to renew the sign-in')
      held.renewalNeeded = true
      held.token = undefined
      if (this.#state.state === 'signedIn') this.#set(this.#resting())
      throw new RoomkeeperError('session.none', {}, error)
    }
  }

  /** The state when no sign-in is under way. */
  #resting(): AccountState {
    if (!this.#held) return { state: 'signedOut' }
    return { state: 'signedIn', account: this.#held.record.account, renewalNeeded: this.#held.renewalNeeded }
  }

  #set(state: AccountState): void {
    this.#state = state
    for (const listener of [...this.#listeners]) listener(state)
  }
}

const tokenOf = (result: { accessToken: string; expiresOn: Date | null }): AccessToken => ({
  token: result.accessToken,
  expiresAt: result.expiresOn?.getTime() ?? 0,
})
