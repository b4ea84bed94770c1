import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { type ErrorCode, RoomkeeperError } from '../../../contract/errors.ts'
import type { RefusalLog } from '../ops/refusalLog.ts'

/** What went wrong, as one of our errors. Only what is safe to show leaves here; the rest is in the log. */
export function toRoomkeeperError(error: unknown): RoomkeeperError {
  if (error instanceof RoomkeeperError) return error
  if (hasZodFastifySchemaValidationErrors(error)) {
    const [first] = error.validation
    const field = first?.instancePath.split('/').filter(Boolean).join('.')
    return new RoomkeeperError('request.invalid', { ...(field ? { field } : {}), ...(first?.message ? { detail: first.message } : {}) })
  }
  const { statusCode, message } = asFastifyError(error)
  if (statusCode === 413) return new RoomkeeperError('request.tooLarge', {}, error)
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new RoomkeeperError('request.invalid', { detail: message }, error)
  }
  return new RoomkeeperError('service.failed', {}, error)
}

/** What the log says of these is said where they come from. */
const toldElsewhere: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['issuer.unavailable', 'store.locked'])

/** Answers with RFC 9457 problem details. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply, turnedAway: RefusalLog): FastifyReply {
  const known = toRoomkeeperError(error)
  if (known.status >= 500 && !toldElsewhere.has(known.code)) request.log.error({ err: error }, 'a request failed')
  turnedAway.note(known, `${request.method} ${request.routeOptions.url ?? ''}`)
  const retryAfter = known.details.params?.['retryAfter']
  if (retryAfter !== undefined) void reply.header('retry-after', String(retryAfter))
  if (known.status === 401) void reply.header('www-authenticate', 'Bearer')
  return reply.code(known.status).header('content-type', 'application/problem+json').send(JSON.stringify(known.toProblem()))
}

function asFastifyError(error: unknown): Pick<FastifyError, 'statusCode' | 'message'> {
  if (!(error instanceof Error)) return { message: 'unknown' }
  const statusCode = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined
  return { message: error.message, ...(statusCode === undefined ? {} : { statusCode }) }
}
