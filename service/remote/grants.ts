import { createHash } from 'node:crypto'
import { importJWK, type JWK, SignJWT } from 'jose'
import type { DevicePublicKey } from '../../contract/agent.ts'
import type { DeviceId, SessionId } from '../../contract/ids.ts'
import type { RelayId, RelaySide } from '../../contract/relay.ts'
import { SessionGrant, sessionGrantType, sessionProof } from '../../contract/remote.ts'
import type { Clock, Ids } from '../../contract/system.ts'
import { isSignedBy } from '../enrolment/proofs.ts'
import { signRecordingTicket } from './recordings/ticket.ts'
import { signTicket } from './relay/tickets.ts'

/** How long a ticket of the relay can be used: a side dials as soon as it has it. */
const ticketLifeMs = 30_000
/** How long after the latest end of a session its device may still upload what it has recorded. */
const uploadAfterMs = 10 * 60_000

const algorithm = 'EdDSA'

/** The relay that tickets are made out to, and where the sides reach it; without an address: at the service itself. */
export interface RelayPlace {
  readonly id: RelayId
  readonly url?: string
}

export interface SignerOptions {
  readonly serviceName: string
  /** Private (Ed25519). */
  readonly key: JWK
  readonly relay: RelayPlace
  readonly clock: Pick<Clock, 'now'>
  readonly ids: Ids
  readonly idleMs: number
}

/** What is signed about a session. */
export interface Signed {
  readonly id: SessionId
  readonly device: DeviceId
  /** UTC ms. */
  readonly expiresAt: number
}

/** Signs what the sides of a remote session need (REM-7): the grant for the device, tickets of the relay, the recording's. */
export class Signer {
  readonly #options: SignerOptions

  constructor(options: SignerOptions) {
    this.#options = options
  }

  async grant(claims: Omit<SessionGrant, 'iss'>): Promise<string> {
    const { key, serviceName } = this.#options
    return new SignJWT({ ...SessionGrant.parse({ iss: serviceName, ...claims }) })
      .setProtectedHeader({ alg: algorithm, typ: sessionGrantType })
      .sign(await importJWK(key, algorithm))
  }

  /** A fresh ticket for one side, and where the relay is. */
  async ticket({ id, device, expiresAt }: Signed, side: RelaySide): Promise<{ ticket: string; relay?: string }> {
    const { key, relay, clock, ids, idleMs } = this.#options
    const at = clock.now()
    const request = {
      aud: relay.id,
      sid: id,
      side,
      device,
      jti: ids(),
      lifeMs: ticketLifeMs,
      idleMs,
      maximumMs: Math.max(1, expiresAt - at),
    }
    const ticket = await signTicket(key, request, at)
    return { ticket, ...(relay.url === undefined ? {} : { relay: relay.url }) }
  }

  async upload({ id, device, expiresAt, tenant }: Signed & Pick<SessionGrant, 'tenant'>): Promise<string> {
    const { key, serviceName, clock } = this.#options
    return signRecordingTicket(key, {
      iss: serviceName,
      sid: id,
      tenant,
      device,
      iat: Math.floor(clock.now() / 1000),
      exp: Math.ceil((expiresAt + uploadAfterMs) / 1000),
    })
  }
}

/** Whether the device signed this half of the key agreement, for this grant and no other. */
export function isHalfOf(
  enrolledKey: DevicePublicKey,
  session: SessionId,
  grant: string,
  { key, signature }: { key: string; signature: string },
): boolean {
  return isSignedBy(enrolledKey, sessionProof(session, createHash('sha256').update(grant).digest('base64url'), key), signature)
}
