import { type ErrorCode, RoomkeeperError } from '../../contract/errors.ts'

export interface ConnectionEnd {
  why: 'network' | 'refused' | 'signedOut'
  code: ErrorCode
  /** Whether trying again later may help. */
  retry: boolean
  /** The service's own wish, in milliseconds. */
  retryAfterMs?: number
}

const unreached: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['network.offline', 'issuer.unavailable'])

/** The end of a connection that an error means. `renewed`: the token that was refused was a new one. */
export function endOf(error: unknown, renewed = false): ConnectionEnd {
  if (!(error instanceof RoomkeeperError)) return { why: 'network', code: 'network.offline', retry: true }
  const code = renewed ? codeOfNew(error.code) : error.code
  if (code === 'session.none') return { why: 'signedOut', code, retry: false }
  if (unreached.has(code)) return { why: 'network', code, retry: true }
  const asked = Number(error.details.params?.['retryAfterMs'] ?? 0)
  return { why: 'refused', code, retry: code !== 'auth.unknownTenant', ...(asked > 0 ? { retryAfterMs: asked } : {}) }
}

/** A token that was over when it was new: the clocks of issuer and service are apart. */
export const codeOfNew = (code: ErrorCode): ErrorCode => (code === 'auth.expired' ? 'auth.clock' : code)
