import type { DeviceId, SessionId } from '../../contract/ids.ts'
import type { AgentDeps } from '../agents/deps.ts'
import type { DeviceIdentity } from '../agents/session.ts'
import { RateLimit } from '../ground/rateLimit.ts'
import type { Signer } from './grants.ts'
import type { LiveSession, LiveSessions } from './live.ts'

/** How often a device may ask for tickets, or speak of sessions that do not run, in a minute. More: not answered. */
const asksPerMinute = 60

/** Answers what devices ask about their sessions of their own accord. */
export class DeviceAsks {
  readonly #deps: AgentDeps
  readonly #signer: Signer
  readonly #live: LiveSessions
  readonly #rate: RateLimit

  constructor(deps: AgentDeps, signer: Signer, live: LiveSessions) {
    this.#deps = deps
    this.#signer = signer
    this.#live = live
    this.#rate = new RateLimit(asksPerMinute, deps.clock)
  }

  /** Where the relay was lost: a fresh ticket for it. */
  async giveTicket(session: LiveSession): Promise<void> {
    if (!this.#mayAsk(session.device)) return
    try {
      const fresh = await this.#signer.ticket(session, 'device')
      if (this.#live.get(session.id) === session)
        this.#deps.line.order(session.device, { type: 'sessionTicket', session: session.id, ...fresh })
    } catch (error) {
      this.#deps.log.warn({ err: error, session: session.id }, 'a device got no fresh ticket')
    }
  }

  /** A device speaks of a session that does not run. */
  async tellOver({ tenant, device }: DeviceIdentity, session: SessionId): Promise<void> {
    if (!this.#mayAsk(device)) return
    try {
      const row = await this.#deps.store
        .read(tenant, 'wholeTenant')
        .tables.remoteSession()
        .select('end')
        .where('id', '=', session)
        .where('device', '=', device)
        .executeTakeFirst()
      this.#deps.line.order(device, { type: 'sessionEnd', session, reason: row?.end ?? 'neverJoined' })
    } catch (error) {
      this.#deps.log.error({ err: error, session }, 'a device could not be told that its session is over')
    }
  }

  #mayAsk(device: DeviceId): boolean {
    try {
      this.#rate.take(device)
      return true
    } catch {
      this.#deps.log.debug({ device }, 'a device asks too often about its remote sessions')
      return false
    }
  }
}
