import type { Command } from '../../contract/commands.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { Member } from '../../contract/policy.ts'
import type { Caller } from '../access/service.ts'
import type { ServiceDeps } from '../deps.ts'
import type { DirectoryPerson, DirectoryPrincipal } from '../directory/directory.ts'
import type { ParsedPolicy } from '../policyFile/parse.ts'
import { domainsAsKept } from './domains.ts'

/**
 * What a command has to know from the directory of the caller's own organisation. It is asked before the write begins: in
 * a write nothing but the database is awaited, and a directory may be far away.
 */
export interface Asked {
  /** The organisation's verified domains, as they are kept; empty where the command does not depend on them. */
  readonly domains: readonly string[]
  /** The members that the command names, by object id; undefined where the directory cannot be reached, or was not asked. */
  readonly principals: ReadonlyMap<string, DirectoryPrincipal> | undefined
  /** The people of the security groups among them. */
  readonly people: ReadonlyMap<string, readonly DirectoryPerson[]>
  /** The policy file that the command brings, or what is wrong with it; not there where it was not read before. */
  readonly policyFile?: PromiseSettledResult<ParsedPolicy>
}

export const nothingAsked: Asked = { domains: [], principals: undefined, people: new Map() }

type Deps = Pick<ServiceDeps, 'directory'>

/** @throws RoomkeeperError directory.unavailable where it decides whose an invitation is. */
export async function askDirectory(deps: Deps, { doer }: Pick<Caller, 'doer'>, command: Command): Promise<Asked> {
  if (doer.kind === 'system') return nothingAsked
  const directory = doer.userTenantId
  switch (command.type) {
    case 'partner.invite':
      // Nobody could accept an invitation of their own organisation: who cannot be asked need not be waited for.
      return { ...nothingAsked, domains: await deps.directory.domainsOf(directory).then(domainsAsKept, () => []) }
    case 'invitation.deny':
      return { ...nothingAsked, domains: domainsAsKept(await deps.directory.domainsOf(directory)) }
    case 'policy.import':
      // Only invitations depend on it; no file without these words has one.
      return command.yaml.includes('agreeToTerms') ? { ...nothingAsked, domains: domainsAsKept(await deps.directory.domainsOf(directory)) } : nothingAsked
    case 'invitation.accept':
      return { ...(await membersOf(deps, directory, command.admins)), domains: domainsAsKept(await deps.directory.domainsOf(directory)) }
    case 'role.save':
      return command.first ? membersOf(deps, directory, command.first.members) : nothingAsked
    case 'assignment.save':
    case 'tenantManagers.set':
      return membersOf(deps, directory, command.members)
    default:
      return nothingAsked
  }
}

async function membersOf({ directory: reader }: Deps, directory: string, members: readonly Member[]): Promise<Asked> {
  try {
    const found = await reader.principals(
      directory,
      members.map(({ id }) => id),
    )
    const people = new Map<string, readonly DirectoryPerson[]>()
    for (const { kind, id } of found) if (kind === 'group') people.set(id, (await reader.membersOf(directory, id)).people)
    return { domains: [], principals: new Map(found.map((one) => [one.id, one])), people }
  } catch (error) {
    // Who is known here already can be named all the same.
    if (error instanceof RoomkeeperError && (error.code === 'directory.unavailable' || error.code === 'directory.notFound')) return { domains: [], principals: undefined, people: new Map() }
    throw error
  }
}
