import { errors as joseErrors, importJWK, type JWK, jwtVerify, SignJWT } from 'jose'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { limits } from '../../../contract/limits.ts'
import { relayAuthorization, type RelayId, relayTicketType, RelayTicket } from '../../../contract/relay.ts'
import type { Clock } from '../../../contract/system.ts'

const algorithm = 'EdDSA'

type Key = Awaited<ReturnType<typeof importJWK>>

/** What the service says of a ticket; the rest it makes up. Times in ms. */
export interface TicketRequest extends Pick<RelayTicket, 'aud' | 'sid' | 'side' | 'device' | 'jti'> {
  /** At most `limits.relayTicketMs`. */
  readonly lifeMs: number
  readonly idleMs: number
  readonly maximumMs: number
}

/**
 * Signs a ticket (REM-7) with the service's relay key.
 * @param now UTC ms.
 */
export async function signTicket(key: JWK, { lifeMs, idleMs, maximumMs, ...bound }: TicketRequest, now: number): Promise<string> {
  const claims = RelayTicket.parse({
    ...bound,
    iat: now / 1000,
    exp: (now + lifeMs) / 1000,
    idle: idleMs / 1000,
    maximum: maximumMs / 1000,
  })
  return new SignJWT({ ...claims }).setProtectedHeader({ alg: algorithm, typ: relayTicketType }).sign(await importJWK(key, algorithm))
}

/** The value of the Authorization header. */
export const ticketAuthorization = (ticket: string): string => `${relayAuthorization.ticket} ${ticket}`

export interface TicketRules {
  readonly relay: RelayId
  /** The public key of the service's relay key. */
  readonly key: JWK
  /** UTC ms. */
  readonly clock: Pick<Clock, 'now'>
  /** Used tickets remembered at once. */
  readonly remembered?: number
}

/**
 * Checks tickets (REM-7). One counts once: until it has expired, or for ever where it is older than this check, since
 * then a relay before this one may have seen it.
 */
export class Tickets {
  readonly #rules: TicketRules
  readonly #remembered: number
  readonly #startedAt: number
  readonly #key: Promise<Key>
  /** Ids of used tickets, with the UTC ms from which they are refused as expired anyway. */
  readonly #used = new Map<string, number>()

  constructor(rules: TicketRules) {
    this.#rules = rules
    this.#remembered = rules.remembered ?? limits.relayTicketsRemembered
    this.#startedAt = rules.clock.now()
    this.#key = importJWK(rules.key, algorithm)
    // Whoever checks a ticket is told.
    this.#key.catch(() => {})
  }

  /** @throws RoomkeeperError relay.ticketInvalid, relay.ticketExpired. Says nothing of the ticket itself. */
  async check(text: string): Promise<RelayTicket> {
    if (text.length > limits.relayTicketChars) throw new RoomkeeperError('relay.ticketInvalid')
    const at = this.#rules.clock.now()
    let claims: unknown
    try {
      const { payload } = await jwtVerify(text, await this.#key, {
        algorithms: [algorithm],
        typ: relayTicketType,
        audience: this.#rules.relay,
        currentDate: new Date(at),
        clockTolerance: limits.relayTicketLeewayMs / 1000,
        requiredClaims: ['exp', 'iat', 'jti'],
      })
      claims = payload
    } catch (error) {
      throw new RoomkeeperError(error instanceof joseErrors.JWTExpired ? 'relay.ticketExpired' : 'relay.ticketInvalid')
    }
    const parsed = RelayTicket.safeParse(claims)
    if (!parsed.success) throw new RoomkeeperError('relay.ticketInvalid')
    const { iat, exp } = parsed.data
    const tooLong = exp <= iat || (exp - iat) * 1000 > limits.relayTicketMs
    if (tooLong || iat * 1000 > at + limits.relayTicketLeewayMs) throw new RoomkeeperError('relay.ticketInvalid')
    if (iat * 1000 < this.#startedAt) throw new RoomkeeperError('relay.ticketExpired')
    return parsed.data
  }

  /** Whether it has been used. */
  isUsed({ jti }: RelayTicket): boolean {
    return this.#used.has(jti)
  }

  /**
   * The ticket counts now, and never again.
   * @throws RoomkeeperError relay.ticketUsed; relay.full where no more can be remembered.
   */
  use(ticket: RelayTicket): void {
    if (this.isUsed(ticket)) throw new RoomkeeperError('relay.ticketUsed')
    if (this.#used.size >= this.#remembered) this.forget()
    if (this.#used.size >= this.#remembered) throw new RoomkeeperError('relay.full')
    this.#used.set(ticket.jti, ticket.exp * 1000 + limits.relayTicketLeewayMs + 1000)
  }

  /** Forgets tickets that have expired. */
  forget(): void {
    const at = this.#rules.clock.now()
    for (const [id, until] of this.#used) if (until <= at) this.#used.delete(id)
  }

  get remembered(): number {
    return this.#used.size
  }
}
