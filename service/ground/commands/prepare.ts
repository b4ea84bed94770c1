import { mayDecide } from '../../../contract/approvals.ts'
import { type Command, CommandRequest, mayCommand } from '../../../contract/commands.ts'
import { RoomkeeperError } from '../../../contract/errors.ts'
import type { AssignmentId, RequestId, TenantId } from '../../../contract/ids.ts'
import { policyOf } from '../../access/policies.ts'
import type { Caller } from '../../access/service.ts'
import type { ServiceDeps } from '../deps.ts'
import { readDeciding } from '../../access/membership/deciding.ts'
import { askDirectory, type Asked, type Asker, nothingAsked } from '../../access/membership/asked.ts'
import { assignmentsTouched, policyDifference } from '../../policyFile/difference.ts'
import type { ParsedPolicy } from '../../policyFile/parse.ts'
import { readPolicyFile } from '../../policyFile/read.ts'
import type { RequestTable } from '../store/tables.ts'
import type { Doer } from '../store/transaction.ts'
import { mayImport } from '../../policyFile/import.ts'

type Deps = Pick<ServiceDeps, 'directory' | 'store' | 'now'>

/**
 * What a command needs before its write begins: answers of the directory, and a policy file parsed, which may take seconds.
 * What is wrong with the file is told by the command, after the rights are looked at. Who may not give the command has
 * nobody asked.
 * @throws RoomkeeperError directory.unavailable
 */
export async function prepare(deps: Deps, caller: Caller, command: Command): Promise<Asked> {
  if (!mayCommand(caller.access, command.type)) return nothingAsked
  if (command.type === 'request.decide')
    return command.approve && caller.link === undefined ? forRequest(deps, caller, command.request) : nothingAsked
  if (command.type !== 'policy.import') return ask(deps, caller, command)
  if (!mayImport(caller.access)) return nothingAsked
  const [policyFile] = await Promise.allSettled([readPolicyFile(command.yaml)])
  const parsed = policyFile.status === 'fulfilled' ? policyFile.value : undefined
  await readDeciding(deps, caller.tenant, null, command, parsed && (await touchedBy(deps, caller.tenant, parsed)))
  return { ...(await askDirectory(deps, caller, command, parsed)), policyFile }
}

/** The assignments that a file touches as the policy stands now; none where it does not fit, which the command says. */
async function touchedBy({ store, now }: Deps, tenant: TenantId, file: ParsedPolicy): Promise<ReadonlySet<AssignmentId>> {
  const read = store.read(tenant, 'wholeTenant')
  const policy = await policyOf(read.tables)
  try {
    return assignmentsTouched(policyDifference(file, { policy, rooms: await read.roomFacts(), now: now() }), policy)
  } catch (error) {
    if (error instanceof RoomkeeperError) return new Set()
    throw error
  }
}

async function ask(deps: Deps, asker: Asker, command: Command): Promise<Asked> {
  await readDeciding(deps, asker.tenant, asker.link ?? null, command)
  return askDirectory(deps, asker, command)
}

/** What a partner asked for is decided by what its own directory says now (PAR-5); while that is away, it goes on waiting. */
async function forRequest(deps: Deps, { tenant, access }: Caller, id: RequestId): Promise<Asked> {
  const read = deps.store.read(tenant, 'wholeTenant')
  const doc = await read.get('request', id)
  // Of one that they cannot decide they are told the same as of none: no directory is asked for it.
  if (!doc || !mayDecide(access, doc)) return nothingAsked
  const row = await read.tables.request().selectAll().where('id', '=', id).where('status', '=', 'waiting').executeTakeFirst()
  const asker = row && (await askerOf(deps, tenant, row))
  if (!asker) return nothingAsked
  const asked = await ask(deps, asker, CommandRequest.parse(JSON.parse(row.request)).command)
  if (asked.members?.reading.answered === false) throw new RoomkeeperError('directory.unavailable')
  return asked
}

async function askerOf({ store }: Deps, tenant: TenantId, row: RequestTable): Promise<Asker | undefined> {
  const link = await store.read(tenant, 'wholeTenant').tables.link().select('partner').where('id', '=', row.link).executeTakeFirst()
  const doer: Doer = JSON.parse(row.doer)
  return link?.partner ? { tenant, home: link.partner, doer, link: row.link } : undefined
}
