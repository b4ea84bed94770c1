import { RoomkeeperError } from '../../contract/errors.ts'
import { checkPermitted, type CommandHandler, personRefOf } from '../ground/commands/handler.ts'
import type { SettleDeps } from './deps.ts'
import { auditOf, reachedSuppression } from './reach.ts'
import { endSuppression, leaveRooms } from './settle.ts'

/**
 * Ends a suppression now (ROM-3), in each of its rooms where the caller may act, or in those that they name. Where that is all of it, it is
 * over; whether it is, is not told.
 */
export const end = (deps: SettleDeps): CommandHandler<'suppression.end'> => ({
  async check(command, context) {
    checkPermitted(command.type, context)
    await reachedSuppression(context, command.suppression)
  },
  async apply({ type, suppression: id, within: named }, context) {
    const { tx, caller } = context
    const found = await reachedSuppression(context, id)
    if (found.row.endedAt !== null) throw new RoomkeeperError('suppression.ended')
    const wanted = named && new Set(named)
    const mine = wanted ? found.mine.filter((room) => wanted.has(room)) : found.mine
    if (mine.length === 0 && found.rooms.length > 0) {
      if (wanted) return null
      throw new RoomkeeperError('access.denied')
    }
    if (mine.length === found.rooms.length) await endSuppression(deps, tx, found, personRefOf(caller))
    else await leaveRooms(deps, tx, id, mine)
    return auditOf(tx, found, 'Update', mine, { action: type })
  },
})
