import type { Command, CommandType } from '../../../contract/commands.ts'
import type { LinkId } from '../../../contract/ids.ts'
import type { Member } from '../../../contract/policy.ts'
import { domainsAsKept } from '../../directory/domains.ts'
import type { Asker, AskingHandler, CommandOf } from '../../ground/commands/handler.ts'
import type { AccessDeps } from '../deps.ts'
import { readDeciding } from './deciding.ts'
import { type Asked, type AskedMembers, knowMembers } from './members.ts'
import { readInTime } from './reading.ts'
import { sourceOf } from './sources.ts'

export const nothingAsked: Asked = { domains: [] }

export type AskDeps = Pick<AccessDeps, 'directory' | 'store' | 'clock' | 'ids'>

/**
 * For a handler of a command on the policy: what it is decided by is read from the directory, and then `more`, which it asks itself.
 */
export const asksDirectory = <T extends CommandType>(
  deps: AskDeps,
  more: (command: CommandOf<T>, asker: Asker) => Promise<Asked> = async () => nothingAsked,
): Pick<AskingHandler<T, Asked>, 'nothing' | 'ask' | 'answered' | 'know'> => ({
  nothing: nothingAsked,
  ask: async (command: CommandOf<T> & Command, asker) => {
    await readDeciding(deps, asker.tenant, asker.link ?? null, command)
    return more(command, asker)
  },
  answered: ({ members }) => members?.reading.answered !== false,
  know: knowMembers,
})

/** The verified domains of the asker's own organisation, as they are kept. @throws RoomkeeperError directory.unavailable */
export const domainsAsked = async ({ directory }: AskDeps, { doer }: Asker): Promise<string[]> =>
  doer.kind === 'system' ? [] : domainsAsKept(await directory.domainsOf(doer.userTenantId))

/** What their own directory says of the members that somebody names, under this link or, with null, in a tenant of their own. */
export async function membersAsked(
  { directory, store, clock }: AskDeps,
  { tenant, home, doer }: Asker,
  link: LinkId | null,
  members: readonly Member[],
): Promise<{ members?: AskedMembers }> {
  const own = members.length === 0 || doer.kind === 'system' ? undefined : await store.tenantById(home)
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
  return { members: { home, reading: await readInTime({ directory, clock }, source) } }
}
