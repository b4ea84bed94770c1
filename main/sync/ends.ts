import { RoomkeeperError } from '../../contract/errors.ts'
import type { ConnectionEnd } from './connection.ts'

/** The end of a connection that an error means. */
export function endOf(error: unknown): ConnectionEnd {
  if (!(error instanceof RoomkeeperError)) return { why: 'network', code: 'network.offline', retry: true }
  const { code } = error
  if (code === 'session.none') return { why: 'signedOut', code, retry: false }
  if (code === 'network.offline') return { why: 'network', code, retry: true }
  const asked = Number(error.details.params?.['retryAfterMs'] ?? 0)
  return { why: 'refused', code, retry: code !== 'auth.unknownTenant', ...(asked > 0 ? { retryAfterMs: asked } : {}) }
}
