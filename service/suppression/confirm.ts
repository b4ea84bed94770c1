import { RoomkeeperError } from '../../contract/errors.ts'
import { checkPermitted, type CommandHandler } from '../ground/commands/handler.ts'
import type { SettleDeps } from './deps.ts'
import { auditOf, checkWhole, reachedSuppression } from './reach.ts'
import { suppressionOf } from './said.ts'
import { confirmAt, settle } from './settle.ts'

/** One without an end is still wanted (ROM-3): it is asked about again later. */
export const confirm = (deps: SettleDeps): CommandHandler<'suppression.confirm'> => ({
  async check(command, context) {
    checkPermitted(command.type, context)
    checkWhole(await reachedSuppression(context, command.suppression))
  },
  async apply({ type, suppression: id }, context) {
    const { tx } = context
    const { row, said, rooms } = await reachedSuppression(context, id)
    const confirmBy = confirmAt(said.until, said.recurrence !== null, tx.at)
    if (confirmBy === null) throw new RoomkeeperError('suppression.hasEnd')
    if (row.confirmBy === confirmBy) return null
    await tx.update.suppression().where('id', '=', id).set({ confirmBy }).execute()
    await settle(deps, tx, [suppressionOf({ ...row, confirmBy })], false)
    return auditOf(tx, { row, said }, 'Update', rooms, { action: type, confirmBy })
  },
})
