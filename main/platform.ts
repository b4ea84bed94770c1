import type { BridgeResponse } from '../contract/bridge.ts'
import type { ErrorCode } from '../contract/errors.ts'
import type { System, Undo } from '../contract/system.ts'
import type { Protection } from '../contract/views.ts'
import type { Log } from './log.ts'

/**
 * What the console's core needs from the two parts around it: the sign-in (`main/session`) and the host
 * (`main/host/…`). Types only; the core never imports either of them.
 */

/** An account that is signed in. */
export interface Account {
  /**
   * Stable over restarts and safe as the name of a folder: `[a-z0-9]{16,40}`, a hash of issuer, directory tenant id and
   * object id (never `sub`).
   */
  readonly id: string
  readonly name: string
  readonly email: string
}

/** What `session` of contract/views.ts shows, without the parts that the core adds from the cache. */
export type AccountState =
  /** `endSession`: where the person ends their session at the issuer, too, right after they signed out. */
  | { state: 'signedOut'; problem?: { code: ErrorCode; detail?: string }; endSession?: string }
  | {
      state: 'signingIn'
      method: 'browser' | 'deviceCode'
      /** Where the person goes, once it is known. */
      url?: string
      code?: string
      expiresAt?: number
    }
  | {
      state: 'signedIn'
      account: Account
      /** The token could not be renewed without the person. The cache stays readable; nothing is sent. */
      renewalNeeded: boolean
    }

/** A token for the service, with the end of its life in UTC milliseconds. */
export interface AccessToken {
  token: string
  expiresAt: number
}

/**
 * The sign-in (ACC-1). It is restored before `createCore` is called: its first state is what the last run left, so that
 * the console starts from the cache with no network (CON-2).
 */
export interface Session {
  readonly state: AccountState
  /** Called with every later state. Returns its undo. */
  listen(listener: (state: AccountState) => void): Undo
  /**
   * A token that is good for at least another minute, from memory or silently renewed. `renew` asks for a new one even
   * so (the service refused the present one).
   * Errors: `session.none` when nobody is signed in or the person must sign in again (`renewalNeeded` is set then),
   * `network.offline` when the issuer cannot be reached.
   */
  accessToken(options?: { renew?: boolean }): Promise<AccessToken>
  /** Begins to sign in and returns once it has begun; how it ends is told by the state. Ends another one under way. */
  signIn(method: 'browser' | 'deviceCode'): Promise<void>
  cancelSignIn(): Promise<void>
  /** Forgets the tokens and the account. Called by the core after it has closed and removed the cache. */
  signOut(): Promise<void>
}

/** Where keys rest: the system's vault, a passphrase, or a 0600 file (`protection: 'none'`). */
export interface Vault {
  readonly protection: Protection
  /** The 32 random bytes kept under this name (`[a-z0-9-]{1,80}`), made and stored at the first call. */
  key(name: string): Promise<Uint8Array>
  /** Forgets the key: what it encrypted is unreadable from then on. */
  forget(name: string): Promise<void>
}

/** The host the core runs in: a window or a socket, and what only it can know or do. */
export interface HostPlatform {
  readonly kind: 'electron' | 'browser'
  /** Version of the program. */
  readonly version: string
  /** Where files that the operator asks for are saved. */
  readonly downloadFolder: string
  /** Shows a notice by the system, and tells when it is chosen; absent where the window itself does that. */
  readonly notify?: (notice: { readonly title: string; readonly body: string }, chosen: () => void) => void
  /** The bundled cache worker (`main/cache/worker.ts`); absent where Node runs the TypeScript itself. */
  readonly cacheWorker?: URL
}

/** The core's end of a pipe to one window: an Electron port, or a WebSocket. */
export interface WindowPipe {
  send(message: BridgeResponse): void
  /** Whatever arrives, unparsed. Returns its undo. */
  onMessage(listener: (message: unknown) => void): Undo
  /** Bytes that wait to be taken by the window. Where there is no such figure the pipe is taken as always empty. */
  waiting?(): number
}

/** Serves calls and topics of contract/bridge.ts. Who is at the other end is checked by the host before. */
export interface BridgeServer {
  /** Serves one window until the returned undo is called (the window closed or was reloaded). */
  serve(pipe: WindowPipe): Undo
}

export interface CoreOptions {
  /** The locked data folder, from `lockDataFolder`. */
  folder: DataFolder
  /** Root address of the service, such as `http://127.0.0.1:4721`. */
  service: string
  session: Session
  vault: Vault
  host: HostPlatform
  /** This machine's time and chance. */
  system: System
  log: Log
}

export interface Core {
  readonly bridge: BridgeServer
  /** Ends sync and sender, closes the files. What was submitted is durable already. Leaves the folder locked. */
  stop(): Promise<void>
}

/** The console's own folder (`DIR/console`), held by this process alone. */
export interface DataFolder {
  readonly path: string
  release(): void
}
