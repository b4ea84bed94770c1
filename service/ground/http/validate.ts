import type { FastifyRequest } from 'fastify'
import { validatorCompiler } from 'fastify-type-provider-zod'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { unknownField, unknownFieldSays } from '../../../contract/unknown.ts'

const refused = (way: readonly (string | number)[]): RoomkeeperError =>
  new RoomkeeperError('request.invalid', { field: way.join('.'), detail: unknownFieldSays })

/** Bodies, queries and parameters by their schemas, and nothing beside what those read. */
export const exactValidator: typeof validatorCompiler = (route) => {
  const validate = validatorCompiler(route)
  return (data: unknown) => {
    const result = validate(data)
    const way = typeof result === 'object' && 'value' in result ? unknownField(data, result.value) : undefined
    return way ? { error: refused(way) } : result
  }
}

/**
 * A route without a schema reads nothing: whoever sends it a query or fields is told, too. Devices and what is public are
 * let be: a newer agent, or somebody's monitoring.
 * @throws RoomkeeperError request.invalid
 */
export async function checkUnread({ query, body, routeOptions: { config, schema } }: FastifyRequest): Promise<void> {
  if (config.access === undefined || config.access === 'public' || config.access === 'device') return
  for (const [read, given] of [
    [schema?.querystring, query],
    [schema?.body, body],
  ] as const) {
    const way = read === undefined ? unknownField(given, {}) : undefined
    if (way) throw refused(way)
  }
}
