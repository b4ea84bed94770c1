import type { Access } from '../../../contract/access.ts'
import type { Command } from '../../../contract/commands.ts'
import type { AssignmentId, LinkId, TenantId } from '../../../contract/ids.ts'
import { plainName } from '../../../contract/names.ts'
import type { Member } from '../../../contract/policy.ts'
import { assignmentIsShown } from '../explain.ts'
import { resolvedOf } from '../resolved.ts'
import type { Caller } from '../service.ts'
import type { ServiceDeps } from '../../ground/deps.ts'
import { readInTime, type Reading } from './reading.ts'
import { sourceOf } from './sources.ts'
import type { ParsedPolicy } from '../../policyFile/parse.ts'
import { domainsAsKept } from '../../directory/domains.ts'

/**
 * What a command has to know from the directory of the caller's own organisation. It is asked before the write begins: in
 * a write nothing but the database is awaited, and a directory may be far away.
 */
export interface Asked {
  /** The organisation's verified domains, as they are kept; empty where the command does not depend on them. */
  readonly domains: readonly string[]
  /** What it says of the members that the command names; not there where it names none. */
  readonly members?: AskedMembers
  /** The policy file that the command brings, or what is wrong with it; not there where it was not read before. */
  readonly policyFile?: PromiseSettledResult<ParsedPolicy>
}

export interface AskedMembers {
  /** The tenant whose people they are. */
  readonly home: TenantId
  /** Its source is the side that names them: of the link under which they come to stand, or the tenant's own. */
  readonly reading: Reading
}

export const nothingAsked: Asked = { domains: [] }

type Deps = Pick<ServiceDeps, 'directory' | 'store' | 'now'>
/** In whose name it is asked: where they are, and whose directory is theirs. */
export type Asker = Pick<Caller, 'tenant' | 'home' | 'doer' | 'link'> & Partial<Pick<Caller, 'access'>>

/** @throws RoomkeeperError directory.unavailable where it decides whose an invitation is. */
export async function askDirectory(deps: Deps, asker: Asker, command: Command, file?: ParsedPolicy): Promise<Asked> {
  const { doer, tenant, link = null } = asker
  if (doer.kind === 'system') return nothingAsked
  const domains = async (): Promise<string[]> => domainsAsKept(await deps.directory.domainsOf(doer.userTenantId))
  switch (command.type) {
    case 'partner.invite':
      // Nobody could accept an invitation of their own organisation: who cannot be asked need not be waited for.
      return { domains: await domains().catch(() => []) }
    case 'invitation.deny':
      return { domains: await domains() }
    case 'policy.import':
      // Only invitations depend on it; no file without these words has one.
      return {
        domains: command.yaml.includes('agreeToTerms') ? await domains() : [],
        ...(await membersAsked(deps, asker, null, await newIn(deps, tenant, file))),
      }
    case 'invitation.accept':
      return { domains: await domains(), ...(await membersAsked(deps, asker, command.link, command.admins)) }
    case 'role.save':
      return { domains: [], ...(await membersAsked(deps, asker, link, command.first?.members ?? [])) }
    case 'assignment.save': {
      // Of a partner's that they see, the customer changes the rooms only. One that is hidden is like none.
      const changesRooms =
        link === null && asker.access !== undefined && (await seesPartners(deps, tenant, asker.access, command.assignment))
      return changesRooms ? nothingAsked : { domains: [], ...(await membersAsked(deps, asker, link, command.members)) }
    }
    case 'tenantManagers.set':
      return { domains: [], ...(await membersAsked(deps, asker, null, command.members)) }
    default:
      return nothingAsked
  }
}

async function seesPartners({ store }: Deps, tenant: TenantId, access: Access, id: AssignmentId): Promise<boolean> {
  const read = store.read(tenant, 'wholeTenant')
  const row = await read.tables.assignment().select('link').where('id', '=', id).executeTakeFirst()
  if (!row || row.link === null) return false
  const resolved = await resolvedOf(read)
  const known = resolved.policy.assignments.find((one) => one.id === id)
  return known !== undefined && assignmentIsShown(access, known, resolved)
}

/**
 * Whom a policy file names and the policy does not yet; and security groups where an assignment names them that did not, or makes
 * them Pro Managers: who is in them is decided by, however well they are known elsewhere.
 */
async function newIn({ store }: Deps, tenant: TenantId, file: ParsedPolicy | undefined): Promise<Member[]> {
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

async function membersAsked(
  { directory, store, now }: Deps,
  { tenant, home }: Asker,
  link: LinkId | null,
  members: readonly Member[],
): Promise<{ members?: AskedMembers }> {
  const own = members.length === 0 ? undefined : await store.tenantById(home)
  if (!own) return {}
  // Someone may be named by the id that they have here.
  const people = [
    ...(await store.read(home, 'wholeTenant').tables.person().select(['id', 'objectId', 'link']).where('link', 'is', null).execute()),
    ...(link === null
      ? []
      : await store.read(tenant, 'wholeTenant').tables.person().select(['id', 'objectId', 'link']).where('link', '=', link).execute()),
  ]
  const source = sourceOf(
    link,
    own,
    [{ link, members }],
    people.map((row) => ({ ...row, link })),
    false,
  )
  return { members: { home, reading: await readInTime(directory, source, now()) } }
}
