import { z } from 'zod'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { Member } from '../../contract/policy.ts'
import type { Store } from '../ground/store/store.ts'
import type { DirectoryGroupTable } from '../ground/store/tables.ts'
import type { DirectoryMatches, DirectoryMembers, DirectoryPerson, DirectoryPrincipal, DirectoryReader } from './directory.ts'

const Members = z.array(Member)
const Domains = z.array(z.string())

export const membersOf = ({ members }: Pick<DirectoryGroupTable, 'members'>): Member[] => Members.parse(JSON.parse(members))

/** Ids asked for in one statement. */
const idsPerStatement = 500

/** The directory that the service keeps itself, where there is no other (ACC-1). Security groups may hold each other, in circles too. */
export class EmbeddedDirectory implements DirectoryReader {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  async search(directory: string, text: string, kind: Member['kind'] | undefined, limit: number): Promise<DirectoryMatches> {
    const all = [
      ...(kind === 'group' ? [] : await this.#people(directory)),
      ...(kind === 'person' ? [] : (await this.#groups(directory)).map(asPrincipal)),
    ]
    const wanted = folded(text).trim()
    const found = all
      .filter(({ name, email }) => wordBegins(folded(name), wanted) || folded(email).startsWith(wanted))
      .sort((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1))
    return { items: found.slice(0, limit), more: found.length > limit }
  }

  async principals(directory: string, ids: readonly string[]): Promise<DirectoryPrincipal[]> {
    const found: DirectoryPrincipal[] = []
    for (let start = 0; start < ids.length; start += idsPerStatement) {
      const some = ids.slice(start, start + idsPerStatement)
      found.push(...(await this.#people(directory, some)))
      const groups = await this.#store.service
        .selectFrom('directoryGroup')
        .selectAll()
        .where('directory', '=', directory)
        .where('id', 'in', some)
        .execute()
      found.push(...groups.map(asPrincipal))
    }
    return found
  }

  async membersOf(directory: string, group: string): Promise<DirectoryMembers> {
    const groups = new Map((await this.#groups(directory)).map((row) => [row.id, membersOf(row)]))
    if (!groups.has(group)) throw new RoomkeeperError('directory.notFound')
    const seen = new Set([group])
    const people = new Set<string>()
    for (const id of seen) {
      for (const member of groups.get(id) ?? []) (member.kind === 'group' ? seen : people).add(member.id)
    }
    const known = (await this.principals(directory, [...people])).filter((found) => isPerson(found))
    return { people: known.slice(0, limits.peoplePerSecurityGroup), more: known.length > limits.peoplePerSecurityGroup }
  }

  async groupsOf(directory: string, objectId: string): Promise<string[]> {
    if ((await this.#people(directory, [objectId])).length === 0) throw new RoomkeeperError('directory.notFound')
    const above = new Map<string, string[]>()
    for (const row of await this.#groups(directory)) {
      for (const { id } of membersOf(row)) above.set(id, [...(above.get(id) ?? []), row.id])
    }
    const groups = new Set(above.get(objectId))
    for (const group of groups) for (const higher of above.get(group) ?? []) groups.add(higher)
    return [...groups].sort()
  }

  async domainsOf(directory: string): Promise<string[]> {
    const tenant = await this.#store.service.selectFrom('directoryTenant').select('domains').where('id', '=', directory).executeTakeFirst()
    if (!tenant) throw new RoomkeeperError('directory.notFound')
    return Domains.parse(JSON.parse(tenant.domains))
  }

  async #people(directory: string, ids?: readonly string[]): Promise<DirectoryPerson[]> {
    const all = this.#store.service
      .selectFrom('directoryAccount')
      .select(['id', 'name', 'email'])
      .where('directory', '=', directory)
      .where('kind', '=', 'person')
    return (await (ids ? all.where('id', 'in', ids) : all).execute()).map((row) => ({ kind: 'person', ...row }))
  }

  async #groups(directory: string): Promise<DirectoryGroupTable[]> {
    return this.#store.service.selectFrom('directoryGroup').selectAll().where('directory', '=', directory).execute()
  }
}

export const isPerson = (principal: DirectoryPrincipal): principal is DirectoryPerson => principal.kind === 'person'

const asPrincipal = ({ id, name }: DirectoryGroupTable): DirectoryPrincipal => ({ kind: 'group', id, name, email: '' })

/** Without case and accents: who looks for "amelie" means Amélie. */
const folded = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase()

const wordBegins = (text: string, wanted: string): boolean =>
  text.startsWith(wanted) || text.includes(` ${wanted}`) || text.includes(`-${wanted}`)
