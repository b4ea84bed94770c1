import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { SessionId } from '../../../contract/ids.ts'
import { relayAuthorization, RelaySecret, RelaySide } from '../../../contract/relay.ts'

/** RFC 6455, 1.3. */
const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const clientKey = /^[+/0-9A-Za-z]{22}==$/

/** What a client shows to be let in. */
export type Credential =
  | { readonly kind: 'ticket'; readonly ticket: string }
  | { readonly kind: 'resume'; readonly session: SessionId; readonly side: RelaySide; readonly secret: string }

/** @throws RoomkeeperError request.invalid where this is no WebSocket of version 13. */
export function checkHandshake({ method, headers }: IncomingMessage): string {
  const key = headers['sec-websocket-key'] ?? ''
  const isWebSocket = method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && headers['sec-websocket-version'] === '13'
  if (!isWebSocket || !clientKey.test(key))
    throw new RoomkeeperError('request.invalid', { field: 'upgrade', detail: 'Ask for a WebSocket of version 13.' })
  return key
}

/** The answer that makes a WebSocket of the connection: no extensions, no subprotocol. */
export function handshakeAnswer(key: string): string {
  const accept = createHash('sha1')
    .update(key + magic)
    .digest('base64')
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
}

/** @throws RoomkeeperError auth.missing, relay.resumeRefused. */
export function readCredential(authorization: string | undefined): Credential {
  const [scheme, value = '', more] = (authorization ?? '').split(' ')
  if (more !== undefined || value === '')
    throw new RoomkeeperError('auth.missing', { detail: 'Show a ticket, or the secret that resumes, in the Authorization header.' })
  if (scheme === relayAuthorization.ticket) return { kind: 'ticket', ticket: value }
  if (scheme !== relayAuthorization.resume) throw new RoomkeeperError('auth.missing')
  const [session, side, secret, rest] = value.split('.')
  const parsed = { session: SessionId.safeParse(session), side: RelaySide.safeParse(side), secret: RelaySecret.safeParse(secret) }
  if (!parsed.session.success || !parsed.side.success || !parsed.secret.success || rest !== undefined)
    throw new RoomkeeperError('relay.resumeRefused')
  return { kind: 'resume', session: parsed.session.data, side: parsed.side.data, secret: parsed.secret.data }
}

/** What a relay keeps of a secret: how long it takes to compare hashes says nothing of what they are of. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64')
