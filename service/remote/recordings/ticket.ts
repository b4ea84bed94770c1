import { errors as joseErrors, importJWK, type JWK, jwtVerify, SignJWT } from 'jose'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { limits } from '../../../contract/limits.ts'
import { recordingAuthorization, RecordingTicket, recordingTicketType } from '../../../contract/recording.ts'
import type { Clock } from '../../../contract/system.ts'

const algorithm = 'EdDSA'

/** Signs the ticket that lets one device upload the recording of one session. `key`: the service's relay key; times in seconds UTC. */
export async function signRecordingTicket(key: JWK, claims: RecordingTicket): Promise<string> {
  return new SignJWT({ ...RecordingTicket.parse(claims) })
    .setProtectedHeader({ alg: algorithm, typ: recordingTicketType })
    .sign(await importJWK(key, algorithm))
}

/** The ticket in an Authorization header, unread. @throws RoomkeeperError auth.missing */
export function recordingTicketOf(authorization: string | undefined): string {
  const [scheme, ticket, ...more] = (authorization ?? '').split(' ')
  if (scheme?.toLowerCase() !== recordingAuthorization.toLowerCase() || !ticket || more.length > 0)
    throw new RoomkeeperError('auth.missing')
  if (ticket.length > limits.relayTicketChars) throw new RoomkeeperError('auth.invalid')
  return ticket
}

export interface RecordingTicketRules {
  /** The service's name, its relay key, and the time (UTC ms). */
  readonly serviceName: string
  readonly key: JWK
  readonly clock: Pick<Clock, 'now'>
}

/** Checks recording tickets. They may be used often, until they expire. */
export function recordingTickets({ serviceName, key, clock }: RecordingTicketRules): (ticket: string) => Promise<RecordingTicket> {
  const imported = importJWK(key, algorithm)
  // Whoever checks a ticket is told.
  imported.catch(() => {})
  return async (ticket) => {
    let claims: unknown
    try {
      const verified = await jwtVerify(ticket, await imported, {
        algorithms: [algorithm],
        typ: recordingTicketType,
        issuer: serviceName,
        currentDate: new Date(clock.now()),
        requiredClaims: ['exp', 'iat'],
      })
      claims = verified.payload
    } catch (error) {
      throw new RoomkeeperError(error instanceof joseErrors.JWTExpired ? 'auth.expired' : 'auth.invalid')
    }
    const parsed = RecordingTicket.safeParse(claims)
    if (!parsed.success) throw new RoomkeeperError('auth.invalid')
    return parsed.data
  }
}
