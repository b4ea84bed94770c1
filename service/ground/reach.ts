import { type ErrorCode, type ErrorDetails, RoomkeeperError } from '../../contract/errors.ts'

/**
 * What is out of somebody's reach is answered exactly like what does not exist: one code, one status, one body. Every
 * command and route that takes an id looks it up through here, so that the two cannot come apart.
 * @throws RoomkeeperError `code` where there is none, or none that is `within` reach.
 */
export function reached<T>(
  thing: T | null | undefined,
  within: boolean | ((thing: T) => boolean),
  code: ErrorCode,
  details: ErrorDetails = {},
): T {
  if (thing === null || thing === undefined || !(typeof within === 'boolean' ? within : within(thing)))
    throw new RoomkeeperError(code, details)
  return thing
}
