import { mayDecide } from '../../contract/approvals.ts'
import { CommandRequest } from '../../contract/commands.ts'
import { detailsKept, RoomkeeperError } from '../../contract/errors.ts'
import type { RequestId } from '../../contract/ids.ts'
import { callerWithin } from '../access/service.ts'
import type { ReadyCommand } from '../ground/commands/commands.ts'
import {
  type Asker,
  type AskingHandler,
  checkPermitted,
  type CommandContext,
  type CommandHandler,
  Instead,
  personRefOf,
} from '../ground/commands/handler.ts'
import type { GroundDeps } from '../ground/deps.ts'
import { reached } from '../ground/reach.ts'
import type { AuditRecord, Doer } from '../ground/store/transaction.ts'
import { type Ending, nameOf, settle, waitingRequest } from './approvals.ts'

/**
 * Decides what a partner asked for (PAR-5). An approved command is applied as its maker's, with what they may do today and
 * by what their own directory says today, as if they sent it now, in the same commit; where that is no longer possible,
 * nothing of it is, and the request says why.
 */
export const decide = (deps: DecideDeps): AskingHandler<'request.decide', ReadyCommand | undefined> => ({
  nothing: undefined,
  ask: async ({ approve, request }, asker) => (approve && asker.link === undefined ? askedFor(deps, asker, request) : undefined),
  know: async (tx, asked) => asked?.know(tx),
  check: async (command, context) => {
    checkPermitted(command.type, context)
    const { tx, caller } = context
    reached(await tx.get('request', command.request), (request) => mayDecide(caller.access, request), 'request.undecided')
  },
  async apply({ type, request: id, approve, note }, context) {
    if (!approve) return end(type, context, id, { status: 'rejected' }, note)
    const { tx, caller, asked } = context
    const { row, request } = await waitingRequest(tx, id)
    try {
      const asker = await callerWithin(tx, row.person, row.multiFactor === 1)
      if (asker?.access.link !== row.link) throw new RoomkeeperError('access.denied')
      const command = asked ?? deps.commands.of(request.command).unasked
      await tx.as(asker.doer, async () => {
        const theirs = { ...context, caller: asker, actedAt: Math.min(request.issuedAt, tx.at) }
        await command.check(theirs)
        const done = await command.apply(theirs)
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
})

type DecideDeps = Pick<GroundDeps, 'store' | 'commands'>

/** What a partner asked for is decided by what its own directory says now (PAR-5); while that is away, it goes on waiting. */
async function askedFor({ store, commands }: DecideDeps, { tenant, access }: Asker, id: RequestId): Promise<ReadyCommand | undefined> {
  const read = store.read(tenant, 'wholeTenant')
  const doc = await read.get('request', id)
  // Of one that they cannot decide they are told the same as of none: no directory is asked for it.
  if (!doc || !access || !mayDecide(access, doc)) return undefined
  const row = await read.tables.request().selectAll().where('id', '=', id).where('status', '=', 'waiting').executeTakeFirst()
  const link = row && (await read.tables.link().select('partner').where('id', '=', row.link).executeTakeFirst())
  if (!row || !link?.partner) return undefined
  const doer: Doer = JSON.parse(row.doer)
  const { command } = CommandRequest.parse(JSON.parse(row.request))
  const ready = await commands.of(command).ask({ tenant, home: link.partner, doer, link: row.link })
  if (!ready.answered) throw new RoomkeeperError('directory.unavailable')
  return ready
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
