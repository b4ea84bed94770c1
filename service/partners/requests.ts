import { mayDecide } from '../../contract/approvals.ts'
import { CommandRequest } from '../../contract/commands.ts'
import { detailsKept, RoomkeeperError } from '../../contract/errors.ts'
import type { RequestId } from '../../contract/ids.ts'
import { reached } from '../ground/reach.ts'
import { callerWithin } from '../access/service.ts'
import { type Ending, nameOf, settle, waitingRequest } from './approvals.ts'
import type { AuditRecord } from '../ground/store/transaction.ts'
import { checkPermitted, type CommandContext, type CommandHandler, Instead, personRefOf } from '../ground/commands/handler.ts'

/**
 * Decides what a partner asked for (PAR-5). An approved command is applied as its maker's, with what they may do today and
 * by what their own directory says today, as if they sent it now, in the same commit; where that is no longer possible,
 * nothing of it is, and the request says why.
 */
export const decide: CommandHandler<'request.decide'> = {
  check: async (command, context) => {
    checkPermitted(command.type, context)
    const { tx, caller } = context
    reached(await tx.get('request', command.request), (request) => mayDecide(caller.access, request), 'request.undecided')
  },
  async apply({ type, request: id, approve, note }, context) {
    if (!approve) return end(type, context, id, { status: 'rejected' }, note)
    const { tx, caller } = context
    const { row, request } = await waitingRequest(tx, id)
    try {
      const asker = await callerWithin(tx, row.person, row.multiFactor === 1)
      if (asker?.access.link !== row.link) throw new RoomkeeperError('access.denied')
      await tx.as(asker.doer, async () => {
        const done = await context.run(request.command, { ...context, caller: asker, actedAt: Math.min(request.issuedAt, tx.at) })
        if (done) tx.audit({ ...done, detail: { ...done.detail, approvedBy: caller.name, request: id } })
      })
    } catch (error) {
      if (!(error instanceof RoomkeeperError) || error.status >= 500) throw error
      const { code, details } = error
      const ending: Ending = { status: 'failed', code, ...detailsKept(details) }
      throw new Instead((again) => end(type, again, id, ending, note), error)
    }
    return end(type, context, id, { status: 'approved' }, note)
  },
}

/** Whoever asked takes it back while it waits. */
export const withdraw: CommandHandler<'request.withdraw'> = {
  check: async (command, context) => checkPermitted(command.type, context),
  async apply({ type, request: id }, context) {
    reached(await context.tx.get('request', id), ({ by }) => by.id === context.caller.person, 'request.undecided')
    return end(type, context, id, { status: 'withdrawn' })
  },
}

async function end(
  action: 'request.decide' | 'request.withdraw',
  context: CommandContext,
  id: RequestId,
  ending: Ending,
  note?: string,
): Promise<AuditRecord> {
  const { tx, caller } = context
  const { row, doc } = await waitingRequest(tx, id)
  await settle(tx, row, ending, { person: personRefOf(caller), ...(note === undefined ? {} : { note }) })
  const { type: command } = CommandRequest.parse(JSON.parse(row.request)).command
  const failed = ending.status === 'failed' ? { code: ending.code } : {}
  return {
    category: 'Request',
    objectName: nameOf(doc),
    operation: 'Update',
    detail: {
      action,
      decision: ending.status,
      request: id,
      command,
      subjects: doc.subjects,
      partner: doc.partner,
      by: doc.by.name,
      ...failed,
      ...(note === undefined ? {} : { note }),
    },
  }
}
