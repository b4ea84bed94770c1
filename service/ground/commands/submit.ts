import { createHash } from 'node:crypto'
import type { Access } from '../../../contract/access.ts'
import type { Command, CommandRequest } from '../../../contract/commands.ts'
import { CommandOutcome, mayCommand } from '../../../contract/commands.ts'
import { detailsKept, RoomkeeperError } from '../../../contract/errors.ts'
import { limits } from '../../../contract/limits.ts'
import type { Caller } from '../caller.ts'
import type { GroundDeps } from '../deps.ts'
import type { TenantTransaction } from '../store/transaction.ts'
import type { ReadyCommand } from './commands.ts'
import { type CommandContext, Instead } from './handler.ts'
import { putReceipt } from './receipt.ts'

/** A refusal inside the transaction: undoes it, and is then stored under the key in one of its own. */
class Refused extends Error {
  readonly error: RoomkeeperError
  /** Whether the key is free, so that the refusal may be stored under it. */
  readonly store: boolean
  constructor(error: RoomkeeperError, store: boolean) {
    super(error.message, { cause: error })
    this.error = error
    this.store = store
  }
}

type Deps = Pick<GroundDeps, 'store' | 'metrics' | 'refusals' | 'clock' | 'commands' | 'approvals' | 'access'>

/**
 * What a command is applied with. The caller is as they are in this write: they may have lost rights since they were let in, while a
 * directory was asked or others wrote.
 */
export async function contextOf(
  { access: people }: Pick<GroundDeps, 'access'>,
  tx: TenantTransaction,
  caller: Caller,
  issuedAt: number,
): Promise<CommandContext> {
  const now = await people.within(tx, caller.person, caller.multiFactor)
  const access = now && now.link === caller.link ? now.access : nothingLeft(caller.access)
  return {
    tx,
    caller: { ...caller, access, reach: { tenant: caller.tenant, person: caller.person, access } },
    actedAt: Math.min(issuedAt, tx.at),
  }
}

/**
 * The command with what its handler asks for. Who may give none of its type has nobody asked.
 * @throws RoomkeeperError directory.unavailable
 */
export async function readyFor({ commands }: Pick<GroundDeps, 'commands'>, caller: Caller, command: Command): Promise<ReadyCommand> {
  const bound = commands.of(command)
  return mayCommand(caller.access, command.type) ? bound.ask(caller) : bound.unasked
}

const nothingLeft = (access: Access): Access => ({ ...access, globalAdministrator: false, grants: [] })

/**
 * Applies a command once (CON-3): the key first, then access. What changed, its audit, the stored outcome and the
 * receipt are one commit. Who sends the same command again is answered from the stored outcome, whatever they may do
 * by now: they are told no more than they were told before, and never that something was refused which was applied. What
 * a customer wants to approve first (PAR-5) is only kept as a request.
 * @throws RoomkeeperError the refusal, also a stored one; command.keyReused, command.expired.
 */
export async function submit(deps: Deps, caller: Caller, sent: CommandRequest): Promise<CommandOutcome> {
  const { store, metrics, clock } = deps
  const request = { ...sent, issuedAt: issuedAt(sent, clock.now()) }
  const { type } = request.command
  const digest = digestOf(request.command)
  try {
    const known = await storedOutcome(store.read(caller.tenant, 'wholeTenant'), caller, request)
    if (caller.notLetIn && known?.digest !== digest) throw caller.notLetIn
    const outcome = known ? answerOf(known, digest) : await applyOnce(deps, caller, request, digest)
    metrics.commands.inc({ type, outcome: outcome.outcome })
    return outcome
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    metrics.commands.inc({ type, outcome: 'refused' })
    const known = await recordRefusal(deps, caller, request, digest, error)
    if (known?.digest === digest) return answerOf(known, digest)
    throw error.error
  }
}

/** When the operator acted, by this service's time (rule 11). */
const issuedAt = ({ issuedAt, sentAt }: CommandRequest, now: number): number =>
  sentAt === undefined ? issuedAt : Math.max(0, now - Math.max(0, sentAt - issuedAt))

const expired = (issuedAt: number, now: number): string => {
  const [then, here] = [new Date(issuedAt).toISOString(), new Date(now).toISOString()]
  return `It says that it was issued at ${then}, and here it is ${here}. The clock it comes from may be wrong.`
}

/** What somebody is told who sends a command again. @throws RoomkeeperError the stored refusal; Refused under a used key. */
function answerOf({ digest, outcome }: Stored, wanted: string): CommandOutcome {
  if (digest !== wanted) throw new Refused(new RoomkeeperError('command.keyReused'), false)
  if (outcome.outcome !== 'refused') return outcome
  throw new RoomkeeperError(outcome.code, detailsKept(outcome))
}

/** Its key is looked at again: copies of it may wait for this write together. */
async function applyOnce(deps: Deps, caller: Caller, request: CommandRequest, digest: string): Promise<CommandOutcome> {
  const { store, approvals } = deps
  const { unasked } = deps.commands.of(request.command)
  const ready = await readyFor(deps, caller, request.command)
  const write = (command: ReadyCommand): Promise<CommandOutcome> =>
    store.write(caller.tenant, caller.doer, async (tx) => {
      const known = await storedOutcome(tx, caller, request)
      if (known) return answerOf(known, digest)
      try {
        // Nothing happens before it is approved: nobody whom it names comes to be known by it.
        const waits = await approvals.waits(tx, caller.link, request.command.type)
        const { know, check, apply } = waits ? { ...command, know: unasked.know, check: unasked.check } : command
        await know(tx)
        const context = await contextOf(deps, tx, caller, request.issuedAt)
        await check(context)
        if (tx.at - request.issuedAt > limits.commandMaxAgeMs)
          throw new RoomkeeperError('command.expired', { detail: expired(request.issuedAt, tx.at) })
        if (waits) return await keep(tx, caller, request, digest, await approvals.keep(context, request))
        const record = await apply(context)
        if (record) tx.audit(record)
      } catch (error) {
        throw error instanceof RoomkeeperError && error.status < 500 ? new Refused(error, true) : error
      }
      const applied = await keep(tx, caller, request, digest, { outcome: 'applied', at: tx.at })
      // Last, so that whoever has seen it has seen all that the command changed.
      await putReceipt(tx, request.key, caller.person)
      return applied
    })
  return write(ready).catch((error: unknown) => {
    // Nothing of what was asked for is done: nobody comes to be known by it.
    if (error instanceof Instead) return write({ ...unasked, apply: error.apply })
    throw error
  })
}

/**
 * Refusals of known people are audited, and stored so that a retry gets the same answer, up to `limits.refusedOutcomes`. Where a
 * copy of the command was answered meanwhile, that answer counts and is returned.
 */
async function recordRefusal(
  { store: data, refusals }: Deps,
  caller: Caller,
  request: CommandRequest,
  digest: string,
  refused: Refused,
): Promise<Stored | undefined> {
  const { code, details } = refused.error
  const { type: action } = request.command
  const refusal = {
    category: 'Command',
    objectName: action,
    operation: 'Update',
    resultStatus: 'Failed',
    detail: { action, code, key: request.key },
  } as const
  let known: Stored | undefined
  const store = async (tx: TenantTransaction): Promise<void> => {
    known = await storedOutcome(tx, caller, request)
    if (!known) await keep(tx, caller, request, digest, { outcome: 'refused', code, ...details })
  }
  const isStored = refused.store && refusals.mayStore(caller)
  await refusals.record(caller, refusal, isStored ? store : undefined)
  return refused.store && !isStored ? storedOutcome(data.read(caller.tenant, 'wholeTenant'), caller, request) : known
}

interface Stored {
  readonly digest: string
  readonly outcome: CommandOutcome
}

/** Of this person only: nobody is answered what somebody else did. */
async function storedOutcome(
  { tables }: Pick<TenantTransaction, 'tables'>,
  { person }: Caller,
  { key }: CommandRequest,
): Promise<Stored | undefined> {
  const row = await tables
    .commandOutcome()
    .select(['digest', 'outcome'])
    .where('person', '=', person)
    .where('key', '=', key)
    .executeTakeFirst()
  return row && { digest: row.digest, outcome: CommandOutcome.parse(JSON.parse(row.outcome)) }
}

async function keep(
  tx: TenantTransaction,
  { person }: Caller,
  { key }: CommandRequest,
  digest: string,
  outcome: CommandOutcome,
): Promise<CommandOutcome> {
  await tx.insert.commandOutcome({ person, key, digest, outcome: JSON.stringify(outcome), at: tx.at }).execute()
  return outcome
}

/** Of the command as parsed, whose properties always come in the schema's order. */
const digestOf = (command: Command): string => createHash('sha256').update(JSON.stringify(command)).digest('base64url')
