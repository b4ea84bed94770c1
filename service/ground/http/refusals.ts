import type { FastifyRequest } from 'fastify'
import { type CommandType, commandTypes } from '../../../contract/commands.ts'
import { type ErrorCode, RoomkeeperError } from '../../../contract/errors.ts'
import { NotLetIn } from '../caller.ts'
import type { GroundDeps } from '../deps.ts'
import { recordOfRefusal } from '../refused.ts'

/** What people are refused for want of rights. */
const forRights: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['access.denied', 'access.outOfScope', 'policy.escalation'])

/** Their refusals are recorded with the outcomes that they store, and with the session log. */
const recordedThere: ReadonlySet<string> = new Set(['POST /v1/commands', 'POST /v1/sessions'])

/**
 * Refusals of known people go into the audit (AUD-1), whether the guard refuses or the route itself: into that of the tenant
 * that they asked about, or where they are not let in, where `NotLetIn` says. Strangers are only logged and counted.
 */
export async function auditRefusal(
  { log, refusals }: Pick<GroundDeps, 'log' | 'refusals'>,
  request: FastifyRequest,
  error: unknown,
): Promise<void> {
  const { method, caller } = request
  const route = request.routeOptions.url ?? ''
  const command = commandIn(request.body)
  const question = { method, route, ...(command === undefined ? {} : { command }) }
  if (error instanceof NotLetIn) {
    log.info({ person: error.who.person, route, method, code: error.code }, 'did not let a person in')
    return refusals.record(error.who, recordOfRefusal(question, error.code, error.about))
  }
  if (!caller || recordedThere.has(`${method} ${route}`) || !(error instanceof RoomkeeperError) || !forRights.has(error.code)) return
  log.info({ person: caller.person, route, method, code: error.code }, 'refused a request')
  await refusals.record(caller, recordOfRefusal(question, error.code))
}

/** The type of the command in a body, where it is one that there is. */
function commandIn(body: unknown): CommandType | undefined {
  const command = typeof body === 'object' && body !== null && 'command' in body ? body.command : undefined
  const type = typeof command === 'object' && command !== null && 'type' in command ? command.type : undefined
  return commandTypes.find((known) => known === type)
}
