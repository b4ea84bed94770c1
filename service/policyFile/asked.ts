import { mayImport } from '../../contract/commands.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { AssignmentId, TenantId } from '../../contract/ids.ts'
import { plainName } from '../../contract/names.ts'
import type { Member } from '../../contract/policy.ts'
import { type AskDeps, domainsAsked, membersAsked, nothingAsked } from '../access/membership/asked.ts'
import { readDeciding } from '../access/membership/deciding.ts'
import type { Asked } from '../access/membership/members.ts'
import { policyOf } from '../access/policies.ts'
import type { Asker } from '../ground/commands/handler.ts'
import { assignmentsTouched, policyDifference } from './difference.ts'
import type { ParsedPolicy } from './parse.ts'
import { readPolicyFile } from './read.ts'

export interface AskedOfFile extends Asked {
  /** The policy file that the command brings, or what is wrong with it; not there where it was not read before. */
  readonly policyFile?: PromiseSettledResult<ParsedPolicy>
}

/** Reads a file, and what its import is decided by. What is wrong with it is told by the command, after the rights are looked at. */
export async function askForFile(deps: AskDeps, yaml: string, asker: Asker): Promise<AskedOfFile> {
  if (!asker.access || !mayImport(asker.access)) return nothingAsked
  const [policyFile] = await Promise.allSettled([readPolicyFile(yaml, deps.clock)])
  const parsed = policyFile.status === 'fulfilled' ? policyFile.value : undefined
  await readDeciding(deps, asker.tenant, null, { type: 'policy.import', yaml }, parsed && (await touchedBy(deps, asker.tenant, parsed)))
  return {
    // Only invitations depend on it; no file without these words has one.
    domains: yaml.includes('agreeToTerms') ? await domainsAsked(deps, asker) : [],
    ...(await membersAsked(deps, asker, null, await newIn(deps, asker.tenant, parsed))),
    policyFile,
  }
}

/** The assignments that a file touches as the policy stands now; none where it does not fit, which the command says. */
async function touchedBy({ store, clock, ids }: AskDeps, tenant: TenantId, file: ParsedPolicy): Promise<ReadonlySet<AssignmentId>> {
  const read = store.read(tenant, 'wholeTenant')
  const policy = await policyOf(read.tables)
  try {
    return assignmentsTouched(policyDifference(file, { policy, rooms: await read.roomFacts(), now: clock.now(), ids }), policy)
  } catch (error) {
    if (error instanceof RoomkeeperError) return new Set()
    throw error
  }
}

/**
 * Whom a policy file names and the policy does not yet; and security groups where an assignment names them that did not, or makes
 * them Pro Managers: who is in them is decided by, however well they are known elsewhere.
 */
async function newIn({ store }: AskDeps, tenant: TenantId, file: ParsedPolicy | undefined): Promise<Member[]> {
  if (!file) return []
  const rows = await store
    .read(tenant, 'wholeTenant')
    .tables.assignment()
    .select(['id', 'name', 'role', 'members'])
    .where('link', 'is', null)
    .execute()
  const known = new Set(rows.flatMap(({ members }) => membersOf(members)).map(memberKey))
  const there = new Map<string, (typeof rows)[number]>([
    ...rows.map((row) => [plainName(row.name), row] as const),
    ...rows.map((row) => [String(row.id), row] as const),
  ])
  return file.file.assignments.flatMap(({ id, name, role, members }) => {
    const same = there.get(id ?? plainName(name))
    const had = new Set(same && (role !== 'proManager' || same.role === role) ? membersOf(same.members).map(memberKey) : [])
    return members
      .map((member): Member => ({ kind: member.kind, id: member.id }))
      .filter((member) => !(member.kind === 'group' ? had : known).has(memberKey(member)))
  })
}

const membersOf = (members: string): Member[] => JSON.parse(members)
const memberKey = ({ kind, id }: Member): string => `${kind}/${id}`
