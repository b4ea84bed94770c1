import { createHash } from 'node:crypto'
import type { Access } from '../../contract/access.ts'
import type { Command, CommandRequest } from '../../contract/commands.ts'
import { CommandOutcome } from '../../contract/commands.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { type Caller, callerWithin } from '../access/service.ts'
import type { ServiceDeps } from '../deps.ts'
import type { AuditRecord, TenantTransaction } from '../store/transaction.ts'
import { approvalFor } from '../partners/approvals.ts'
import type { Asked } from '../partners/asked.ts'
import { type CommandContext, Instead } from './handler.ts'
import { prepare } from './prepare.ts'
import { handlerOf, run } from './registry.ts'

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

type Deps = Pick<ServiceDeps, 'store' | 'rooms' | 'metrics' | 'directory'>

/**
 * What a command is applied with; `asked` was read before the write began. The caller is as they are in this write: they
 * may have lost rights since they were let in, while the directory was asked or others wrote.
 */
export async function contextOf(tx: TenantTransaction, caller: Caller, rooms: ServiceDeps['rooms'], issuedAt: number, asked: Asked): Promise<CommandContext> {
  const now = await callerWithin(tx, caller.person)
  const access = now && now.link === caller.link ? now.access : nothingLeft(caller.access)
  return { tx, caller: { ...caller, access, reach: { tenant: caller.tenant, person: caller.person, access } }, rooms, actedAt: Math.min(issuedAt, tx.at), asked, run }
}

const nothingLeft = (access: Access): Access => ({ ...access, globalAdministrator: false, grants: [] })

/**
 * Applies a command once (CON-3): access first, then the key. What changed, its audit, the stored outcome and the
 * receipt are one commit; a second delivery is answered from the stored outcome. What a customer wants to approve first
 * (PAR-5) is only kept as a request.
 * @throws RoomkeeperError the refusal, also a stored one; command.keyReused, command.expired.
 */
export async function submit(deps: Deps, caller: Caller, request: CommandRequest): Promise<CommandOutcome> {
  const { store, rooms, metrics } = deps
  const { type } = request.command
  const digest = digestOf(request.command)
  const handler = handlerOf(request.command)
  const asked = await prepare(deps, caller, request.command)
  const write = (apply: (context: CommandContext) => Promise<AuditRecord>): Promise<CommandOutcome> =>
    store.write(caller.tenant, caller.doer, async (tx) => {
      const context = await contextOf(tx, caller, rooms, request.issuedAt, asked)
      const denied = await refusalOf(() => handler.check(context))
      const known = await storedOutcome(tx, caller, request)
      if (denied) throw new Refused(denied, !known)
      if (known) {
        if (known.digest !== digest) throw new Refused(new RoomkeeperError('command.keyReused'), false)
        if (known.outcome.outcome !== 'refused') return known.outcome
        const { code, detail } = known.outcome
        throw new RoomkeeperError(code, detail === undefined ? {} : { detail })
      }
      if (tx.at - request.issuedAt > limits.commandMaxAgeMs) throw new Refused(new RoomkeeperError('command.expired'), true)
      try {
        const requested = await approvalFor(context, request)
        if (requested) return await keep(tx, caller, request, digest, requested)
        tx.audit(await apply(context))
      } catch (error) {
        throw error instanceof RoomkeeperError && error.status < 500 ? new Refused(error, true) : error
      }
      const applied = await keep(tx, caller, request, digest, { outcome: 'applied', at: tx.at })
      // Last, so that whoever has seen it has seen all that the command changed.
      tx.put('receipt', { id: request.key, person: caller.person, at: tx.at })
      return applied
    })
  try {
    const outcome = await write(handler.apply).catch((error: unknown) => {
      if (error instanceof Instead) return write(error.apply)
      throw error
    })
    metrics.commands.inc({ type, outcome: outcome.outcome })
    return outcome
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    metrics.commands.inc({ type, outcome: 'refused' })
    await recordRefusal(deps, caller, request, digest, error)
    throw error.error
  }
}

/** Refusals of known people are audited, and stored so that a retry gets the same answer. */
async function recordRefusal({ store }: Deps, caller: Caller, request: CommandRequest, digest: string, refused: Refused): Promise<void> {
  const { code, details } = refused.error
  await store.write(caller.tenant, caller.doer, async (tx) => {
    tx.audit({ category: 'Command', objectName: request.command.type, operation: 'Update', resultStatus: 'Failed', detail: { code, key: request.key } })
    if (!refused.store || (await storedOutcome(tx, caller, request))) return
    const detail = details.detail === undefined ? {} : { detail: details.detail }
    await keep(tx, caller, request, digest, { outcome: 'refused', code, ...detail })
  })
}

async function refusalOf(check: () => Promise<void>): Promise<RoomkeeperError | undefined> {
  try {
    await check()
    return undefined
  } catch (error) {
    if (error instanceof RoomkeeperError) return error
    throw error
  }
}

async function storedOutcome(tx: TenantTransaction, { person }: Caller, { key }: CommandRequest) {
  const row = await tx.tables.commandOutcome().select(['digest', 'outcome']).where('person', '=', person).where('key', '=', key).executeTakeFirst()
  return row && { digest: row.digest, outcome: CommandOutcome.parse(JSON.parse(row.outcome)) }
}

async function keep(tx: TenantTransaction, { person }: Caller, { key }: CommandRequest, digest: string, outcome: CommandOutcome): Promise<CommandOutcome> {
  await tx.insert.commandOutcome({ person, key, digest, outcome: JSON.stringify(outcome), at: tx.at }).execute()
  return outcome
}

/** Of the command as parsed, whose properties always come in the schema's order. */
const digestOf = (command: Command): string => createHash('sha256').update(JSON.stringify(command)).digest('base64url')
