import type { DeviceId, SessionId, TenantId } from '../../contract/ids.ts'
import type { SessionAnswer, SessionEnd, SessionRequest } from '../../contract/remote.ts'
import type { SessionWord } from '../agents/line.ts'
import type { Attempt } from './rows.ts'

/** What a device answers to an offer; an end: it does not matter any more. */
export type DeviceAnswer =
  | Extract<SessionWord, { type: 'sessionAccepted' | 'sessionRefused' }>
  | { readonly type: 'ended'; readonly end: SessionEnd }

/** A session that begins or runs. */
export interface LiveSession extends Attempt {
  readonly tenant: TenantId
  readonly device: DeviceId
  readonly request: SessionRequest
  /** UTC ms. */
  readonly expiresAt: number
  /** Told the device's answer; the first one counts. */
  readonly answered: (answer: DeviceAnswer) => void
  /** What its operator's request is answered. */
  answer: Promise<SessionAnswer> | undefined
  /** `asking`: the device has not agreed, and the log has no row. `over`: nothing is done with it any more. */
  phase: 'asking' | 'running' | 'over'
  /** The device had agreed: the log has a row, or is being given it. */
  begun: boolean
  /** When it had (UTC ms). */
  runningAt: number
  /** Both sides have come to the relay inside the service. */
  joined: boolean
  /** The relay inside the service has ended it. */
  relayEnded: boolean
  /** When the device's agent, which is not connected now, was last heard (UTC ms). */
  silentSince: number | undefined
  /** Resolves when what its end writes is committed. */
  written: Promise<void>
}

/** All of them, in memory: no more than one of each device. */
export class LiveSessions {
  readonly #byId = new Map<SessionId, LiveSession>()
  readonly #byDevice = new Map<DeviceId, LiveSession>()
  readonly #byTenant = new Map<TenantId, Set<LiveSession>>()

  get(id: SessionId): LiveSession | undefined {
    return this.#byId.get(id)
  }

  ofDevice(device: DeviceId): LiveSession | undefined {
    return this.#byDevice.get(device)
  }

  ofTenant(tenant: TenantId): ReadonlySet<LiveSession> {
    return this.#byTenant.get(tenant) ?? none
  }

  ofRoom(tenant: TenantId, room: string): LiveSession[] {
    return [...this.ofTenant(tenant)].filter((session) => session.room === room)
  }

  all(): LiveSession[] {
    return [...this.#byId.values()]
  }

  add(session: LiveSession): void {
    this.#byId.set(session.id, session)
    this.#byDevice.set(session.device, session)
    const there = this.#byTenant.get(session.tenant) ?? new Set()
    this.#byTenant.set(session.tenant, there.add(session))
  }

  remove(session: LiveSession): void {
    if (this.#byId.get(session.id) === session) this.#byId.delete(session.id)
    if (this.#byDevice.get(session.device) === session) this.#byDevice.delete(session.device)
    const there = this.#byTenant.get(session.tenant)
    there?.delete(session)
    if (there?.size === 0) this.#byTenant.delete(session.tenant)
  }
}

const none: ReadonlySet<LiveSession> = new Set()
