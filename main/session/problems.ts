import { ClientAuthError, InteractionRequiredAuthError, ServerError } from '@azure/msal-node'
import { RoomkeeperError } from '../../contract/errors.ts'
import { cleanText } from '../../contract/text.ts'

/**
 * Did the issuer itself say no to a renewal? Only that asks the person to sign in again; a network that fails, a
 * captive portal's page or a server in trouble never does (CON-2).
 */
export const isRefusal = (error: unknown): boolean =>
  error instanceof InteractionRequiredAuthError ||
  error instanceof ServerError ||
  (error instanceof ClientAuthError &&
    ['no_tokens_found', 'token_refresh_required', 'no_account_in_silent_request'].includes(error.errorCode))

const unreached = new Set(['network_error', 'endpoints_resolution_error', 'openid_config_error'])

/** Why signing in failed, with the issuer's own code where it gave one, and never anything secret. */
export function signInProblem(error: unknown): RoomkeeperError {
  if (error instanceof RoomkeeperError) return error
  if (error instanceof ClientAuthError && unreached.has(error.errorCode)) return new RoomkeeperError('network.offline', {}, error)
  const code = error instanceof Error && 'errorCode' in error && typeof error.errorCode === 'string' ? error.errorCode : undefined
  const refusal = error instanceof ServerError || error instanceof InteractionRequiredAuthError
  return new RoomkeeperError(
    'session.failed',
    refusal && code !== undefined ? { detail: `The issuer answered: ${cleanText(code, 80)}` } : {},
    error,
  )
}

/** A short name of an error for the log. Messages are left out: they may quote what a person typed. */
export const nameOf = (error: unknown): string =>
  error instanceof RoomkeeperError
    ? error.code
    : error instanceof Error
      ? 'errorCode' in error && typeof error.errorCode === 'string'
        ? error.errorCode
        : error.name
      : typeof error
