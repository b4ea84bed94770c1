import { changeKindOf, type CommandOutcome, CommandRequest, type CommandType } from '../../contract/commands.ts'
import type { ApprovalRequest, PersonRef } from '../../contract/entities.ts'
import { detailsKept, type ErrorCode, type ErrorDetails, RoomkeeperError } from '../../contract/errors.ts'
import { type LinkId, RequestId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { linkHere, linkOf } from '../access/links.ts'
import type { Approvals } from '../ground/commands/approvals.ts'
import { type CommandContext, personRefOf } from '../ground/commands/handler.ts'
import { putReceipt } from '../ground/commands/receipt.ts'
import type { RequestTable } from '../ground/store/tables.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import { subjectsOf } from './subjects.ts'

/**
 * Manual approval (PAR-5): what a partner's person asks for is kept with its command and applied when the customer
 * says so, never before. The request has the id of the command's key, unless somebody else's has it already.
 */

const dayMs = 24 * 3_600_000

/** Whether the customer wants to approve this kind of a partner's person's actions, as it stands in this write. */
async function isApproved(tx: TenantTransaction, link: LinkId | undefined, type: CommandType): Promise<boolean> {
  const kind = changeKindOf[type]
  const row = link === undefined || kind === null ? undefined : await tx.tables.link().selectAll().where('id', '=', link).executeTakeFirst()
  return row !== undefined && kind !== null && linkOf(row).changeControl[kind] === 'manual'
}

/**
 * Keeps what has to be approved; the outcome is `requested`. Called when the command is theirs to give and its key is new.
 * @throws RoomkeeperError access.denied for nobody of a partner; policy.tooMany
 */
async function keepRequest(context: CommandContext, request: CommandRequest): Promise<CommandOutcome> {
  const { tx, caller } = context
  const kind = changeKindOf[request.command.type]
  if (caller.access.link === undefined || kind === null) throw new RoomkeeperError('access.denied')
  const link = await linkHere(tx, caller.access.link)
  // Somebody else's request may have this id, which is not told: theirs is kept under one of its own.
  const named = RequestId.parse(request.key)
  const id = (await tx.tables.request().select('id').where('id', '=', named).executeTakeFirst()) ? RequestId.parse(tx.ids()) : named
  const { waiting } = await tx.tables
    .request()
    .select((eb) => eb.fn.countAll<number>().as('waiting'))
    .where('link', '=', link.id)
    .where('status', '=', 'waiting')
    .executeTakeFirstOrThrow()
  if (Number(waiting) >= limits.requestsWaiting) throw new RoomkeeperError('policy.tooMany')
  const expiresAt = tx.at + limits.requestDays * dayMs
  const { person, doer } = caller
  await tx.insert
    .request({
      id,
      link: link.id,
      person,
      request: JSON.stringify(request),
      doer: JSON.stringify(doer),
      multiFactor: Number(caller.multiFactor),
      status: 'waiting',
      expiresAt,
    })
    .execute()
  const doc: ApprovalRequest = {
    id,
    link: link.id,
    partner: link.partnerName,
    by: personRefOf(caller),
    kind,
    command: request.command.type,
    ...(await subjectsOf(tx, link.id, request.command)),
    at: tx.at,
    expiresAt,
    status: 'waiting',
  }
  tx.put('request', doc)
  tx.audit({
    category: 'Request',
    objectName: nameOf(doc),
    operation: 'Create',
    detail: { action: 'request.make', request: id, command: doc.command, subjects: doc.subjects },
  })
  return { outcome: 'requested', request: id, expiresAt }
}

/** What the way of a command asks of partners. */
export const approvals: Approvals = { waits: isApproved, keep: keepRequest }

export interface WaitingRequest {
  readonly row: RequestTable
  readonly doc: ApprovalRequest
  readonly request: CommandRequest
}

/** @throws RoomkeeperError request.undecided where no such request waits; request.expired where it waited too long. */
export async function waitingRequest(tx: TenantTransaction, id: RequestId): Promise<WaitingRequest> {
  const row = await tx.tables.request().selectAll().where('id', '=', id).where('status', '=', 'waiting').executeTakeFirst()
  const doc = row && (await tx.get('request', id))
  if (!row || !doc) throw new RoomkeeperError('request.undecided')
  if (tx.at >= row.expiresAt) throw new RoomkeeperError('request.expired')
  return { row, doc, request: CommandRequest.parse(JSON.parse(row.request)) }
}

/** How a request ended, and what who asked is answered under their key from then on. */
export type Ending =
  | { readonly status: 'approved' }
  | { readonly status: 'rejected' | 'expired' | 'withdrawn' }
  | ({ readonly status: 'failed'; readonly code: ErrorCode } & Readonly<ErrorDetails>)

const codes = { rejected: 'request.rejected', expired: 'request.expired', withdrawn: 'request.withdrawn' } as const

/** Ends a waiting request: its row, its document, and the stored outcome; an approved one leaves a receipt, too. */
export async function settle(
  tx: TenantTransaction,
  row: RequestTable,
  ending: Ending,
  by?: { person: PersonRef; note?: string },
): Promise<ApprovalRequest | undefined> {
  await tx.update.request().where('id', '=', row.id).set({ status: 'decided' }).execute()
  const outcome = outcomeOf(ending, tx.at, by?.note)
  const { key } = CommandRequest.parse(JSON.parse(row.request))
  await tx.update
    .commandOutcome()
    .where('person', '=', row.person)
    .where('key', '=', key)
    .set({ outcome: JSON.stringify(outcome), at: tx.at })
    .execute()
  const before = await tx.get('request', row.id)
  if (!before) return undefined
  const doc: ApprovalRequest = {
    ...before,
    status: ending.status,
    decidedAt: tx.at,
    ...(by ? { decidedBy: by.person } : {}),
    ...(by?.note === undefined ? {} : { note: by.note }),
    ...(ending.status === 'failed' ? { code: ending.code } : {}),
  }
  tx.put('request', doc)
  if (ending.status === 'approved') await putReceipt(tx, key, row.person)
  return doc
}

function outcomeOf(ending: Ending, at: number, note: string | undefined): CommandOutcome {
  if (ending.status === 'approved') return { outcome: 'applied', at }
  if (ending.status === 'failed') return { outcome: 'refused', code: ending.code, ...detailsKept(ending) }
  return { outcome: 'refused', code: codes[ending.status], ...(note === undefined ? {} : { detail: note }) }
}

/** All that waits under a link, when the link ends. */
export async function withdrawRequests(tx: TenantTransaction, link: LinkId): Promise<void> {
  const rows = await tx.tables.request().selectAll().where('link', '=', link).where('status', '=', 'waiting').execute()
  for (const row of rows) await settle(tx, row, { status: 'withdrawn' })
}

/** How the audit calls a request. */
export const nameOf = ({ command, subjects }: Pick<ApprovalRequest, 'command' | 'subjects'>): string =>
  subjects.length === 0 ? command : `${command} ${subjects.slice(0, 3).join(', ')}`
