import { z } from 'zod'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Member } from '../../contract/policy.ts'
import { cleanText } from '../../contract/text.ts'
import type { DirectoryMatches, DirectoryMembers, DirectoryPerson, DirectoryPrincipal, DirectoryReader } from './directory.ts'
import type { GraphRequests } from './graphRequests.ts'

/** Names are null where the application may not read that type of object. */
const text = z.string().nullish()
const User = z.object({ id: z.string(), displayName: text, mail: text, userPrincipalName: text, accountEnabled: z.boolean().nullish() })
const Group = z.object({ id: z.string(), displayName: text, mail: text, securityEnabled: z.boolean().nullish() })
const DirectoryObject = z.looseObject({ '@odata.type': z.string(), ...User.shape, ...Group.shape })
const Organization = z.object({ verifiedDomains: z.array(z.object({ name: z.string() })).default([]) })

const userColumns = 'id,displayName,mail,userPrincipalName,accountEnabled'
const groupColumns = 'id,displayName,mail,securityEnabled'

/** Objects in one request of getByIds, and items in one page of members. */
const idsPerRequest = 1_000
const pageItems = '999'
/** Ids in one filter. */
const idsPerFilter = 15

const isId = (id: string): boolean => z.guid().safeParse(id).success

/** People and security groups of Entra ID, by Microsoft Graph v1.0 with the application's own rights. */
export class GraphDirectory implements DirectoryReader {
  readonly #requests: GraphRequests

  constructor(requests: GraphRequests) {
    this.#requests = requests
  }

  async search(directory: string, text: string, kind: Member['kind'] | undefined, limit: number): Promise<DirectoryMatches> {
    const [people, groups] = await Promise.all([
      kind === 'group'
        ? none
        : this.#requests.list(
            directory,
            searchOf('/users', text, ['displayName', 'mail', 'userPrincipalName'], userColumns, limit),
            User,
            limit,
          ),
      kind === 'person'
        ? none
        : this.#requests.list(
            directory,
            searchOf('/groups', text, ['displayName'], groupColumns, limit, 'securityEnabled eq true'),
            Group,
            limit,
          ),
    ])
    const items = [...people.items.filter(isEnabled).map(personOf), ...groups.items.map(groupOf)].sort((a, b) =>
      a.name.localeCompare(b.name),
    )
    return { items: items.slice(0, limit), more: people.more || groups.more || items.length > limit }
  }

  async principals(directory: string, ids: readonly string[]): Promise<DirectoryPrincipal[]> {
    const wanted = ids.filter(isId)
    const found: DirectoryPrincipal[] = []
    const untold: string[] = []
    for (let start = 0; start < wanted.length; start += idsPerRequest) {
      const body = { ids: wanted.slice(start, start + idsPerRequest), types: ['user', 'group'] }
      const { items } = await this.#requests.list(directory, { path: '/directoryObjects/getByIds', body }, DirectoryObject, idsPerRequest)
      for (const item of items) {
        if (item['@odata.type'] === '#microsoft.graph.user' && isEnabled(item)) found.push(personOf(item))
        if (item['@odata.type'] === '#microsoft.graph.group') found.push(groupOf(item))
      }
      // Documented to be whole, and known not to be always.
      for (const item of items)
        if (item['@odata.type'] === '#microsoft.graph.user' && item.accountEnabled === undefined) untold.push(item.id)
    }
    const disabled = await this.#disabled(directory, untold)
    return found.filter(({ id }) => !disabled.has(id))
  }

  /** Those of these people whose account is disabled. */
  async #disabled(directory: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
    const found = new Set<string>()
    for (let start = 0; start < ids.length; start += idsPerFilter) {
      const some = ids.slice(start, start + idsPerFilter)
      const query = { $select: 'id,accountEnabled', $filter: `id in (${some.map((id) => `'${id}'`).join(',')})` }
      const { items } = await this.#requests.list(directory, { path: '/users', query }, User, idsPerFilter)
      for (const user of items) if (!isEnabled(user)) found.add(user.id)
    }
    return found
  }

  async membersOf(directory: string, group: string): Promise<DirectoryMembers> {
    if (!isId(group)) throw new RoomkeeperError('directory.notFound')
    const path = `/groups/${group}/transitiveMembers/microsoft.graph.user`
    const query = { $select: userColumns, $top: pageItems, $count: 'true' }
    const { items, more } = await this.#requests.list(directory, { path, query, indexed: true }, User, limits.peoplePerSecurityGroup, true)
    return { people: items.filter(isEnabled).map(personOf), more }
  }

  async groupsOf(directory: string, objectId: string): Promise<string[]> {
    if (!isId(objectId)) throw new RoomkeeperError('directory.notFound')
    const path = `/users/${objectId}/transitiveMemberOf/microsoft.graph.group`
    const query = { $select: 'id,securityEnabled', $filter: 'securityEnabled eq true', $top: pageItems, $count: 'true' }
    const { items } = await this.#requests.list(directory, { path, query, indexed: true }, Group, limits.groupsPerPerson)
    return items.map(({ id }) => id).sort()
  }

  async domainsOf(directory: string): Promise<string[]> {
    const { items } = await this.#requests.list(
      directory,
      { path: '/organization', query: { $select: 'id,verifiedDomains' } },
      Organization,
      1,
    )
    return items.flatMap(({ verifiedDomains }) => verifiedDomains.map(({ name }) => name.toLowerCase()))
  }
}

const none = { items: [], more: false }

/** Graph finds words by their beginnings; quotation marks and backslashes would end the phrase. */
function searchOf(path: string, text: string, columns: readonly string[], $select: string, limit: number, $filter?: string) {
  const phrase = text.trim().replace(/["\\]/gu, '\\$&')
  const query = {
    $select,
    $top: String(Math.min(limit + 1, 999)),
    $count: 'true',
    $orderby: 'displayName',
    ...($filter === undefined ? {} : { $filter }),
    ...(phrase === '' ? {} : { $search: columns.map((column) => `"${column}:${phrase}"`).join(' OR ') }),
  }
  return { path, query, indexed: true }
}

/** Null: the application may not read it. */
const isEnabled = ({ accountEnabled }: { accountEnabled?: boolean | null | undefined }): boolean => accountEnabled !== false

function personOf({ id, displayName, mail, userPrincipalName }: z.infer<typeof User>): DirectoryPerson {
  const email = cleanText(mail ?? userPrincipalName ?? '', 254)
  return { kind: 'person', id, name: cleanText(displayName ?? '', limits.nameChars) || email, email }
}

const groupOf = ({ id, displayName, mail }: z.infer<typeof Group>): DirectoryPrincipal => ({
  kind: 'group',
  id,
  name: cleanText(displayName ?? '', limits.nameChars),
  email: cleanText(mail ?? '', 254),
})
