import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { System } from '../../contract/system.ts'
import { type BridgeServer, createCore, type DataFolder, type HostPlatform, type Log } from '../core.ts'
import type { Session } from '../platform.ts'
import type { SignInPlace } from '../session/attempt.ts'
import { openSession, type SessionSettings } from '../session/session.ts'
import { type KeyKeeper, openVault } from '../session/vault.ts'

export interface ProgramOptions {
  /** The console's folder, locked by this process. It is released by `stop`. */
  folder: DataFolder
  service: string
  keeper: KeyKeeper
  place: SignInPlace
  host: HostPlatform
  system: System
  log: Log
  session?: Partial<SessionSettings>
  /** Called when somebody who was signed in has signed out. */
  onSignedOut?: () => void
}

export interface Program {
  readonly bridge: BridgeServer
  stop(): Promise<void>
}

/**
 * What both hosts run: vault, sign-in, core, in the order they need each other. Errors: vault.locked, disk.failed; the
 * folder is released then.
 */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const { folder, service, keeper, place, host, system, log, session: settings, onSignedOut } = options
  try {
    const vault = await openVault(folder.path, keeper, system)
    if (vault.protection === 'none')
      log.warn({}, 'the keys of the cached data are not protected: anyone who reads this folder can use them')
    const session = await openSession({ folder: folder.path, service, vault, place, system, log, ...(settings ? { settings } : {}) })
    if (onSignedOut) whenSignedOut(session, onSignedOut)
    const core = await createCore({ folder, service, session, vault, host, system, log })
    return {
      bridge: core.bridge,
      stop: async () => {
        await session.close()
        await core.stop()
        folder.release()
      },
    }
  } catch (error) {
    folder.release()
    throw error
  }
}

/** Told of every sign-out, and not of a sign-in that was given up. */
function whenSignedOut(session: Session, tell: () => void): void {
  let someone = session.state.state === 'signedIn'
  session.listen(({ state }) => {
    if (state === 'signedOut' && someone) tell()
    if (state !== 'signingIn') someone = state === 'signedIn'
  })
}

/** Where files are saved that the operator asks for: the person's download folder where there is one. */
export function defaultDownloads(dataDir: string): string {
  const usual = join(homedir(), 'Downloads')
  return existsSync(usual) ? usual : join(dataDir, 'downloads')
}

/** The root address of the service, in one spelling. Undefined when it is not http(s), or has a path: the service is at the root. */
export function serviceAddress(raw: string): string | undefined {
  const url = URL.canParse(raw) ? new URL(raw) : undefined
  return url &&
    /^https?:$/u.test(url.protocol) &&
    !url.username &&
    !url.password &&
    url.pathname === '/' &&
    url.search === '' &&
    url.hash === ''
    ? url.origin
    : undefined
}
