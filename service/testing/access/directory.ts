import { RoomkeeperError } from '../../../contract/errors.ts'
import type { DirectoryMatches, DirectoryMembers, DirectoryPerson, DirectoryPrincipal, DirectoryReader } from '../../directory/directory.ts'
import { firstGroups, type Organisation, organisations, people } from './cast.ts'
import type { DirectoryFacts } from './facts.ts'

interface Held {
  readonly people: Set<string>
  readonly groups: Map<string, Set<string>>
}

/** A directory elsewhere, whose people and groups change under the service without a word, and which can be down. */
export class ChangingDirectory implements DirectoryReader {
  readonly #held: Readonly<Record<Organisation, Held>>
  readonly #down = new Set<string>()

  constructor() {
    const held = (home: Organisation): Held => ({
      people: new Set(people.filter((person) => person.home === home).map(({ id }) => id)),
      groups: new Map(Object.entries(firstGroups[home]).map(([group, ids]) => [group, new Set(ids)])),
    })
    this.#held = { contoso: held('contoso'), fabrikam: held('fabrikam') }
  }

  /** As it is now, whether it can be reached or not. */
  facts(home: Organisation): DirectoryFacts {
    const { people: known, groups } = this.#held[home]
    return { people: [...known], groups: Object.fromEntries([...groups].map(([group, ids]) => [group, [...ids]])) }
  }

  isDown(home: Organisation): boolean {
    return this.#down.has(home)
  }

  setDown(home: Organisation, down: boolean): void {
    if (down) this.#down.add(home)
    else this.#down.delete(home)
  }

  move(home: Organisation, group: string, id: string, into: boolean): void {
    const members = this.#held[home].groups.get(group)
    if (into && this.#held[home].people.has(id)) members?.add(id)
    else members?.delete(id)
  }

  remove(home: Organisation, id: string): void {
    this.#held[home].people.delete(id)
    for (const members of this.#held[home].groups.values()) members.delete(id)
  }

  async search(directory: string, text: string, kind: DirectoryPrincipal['kind'] | undefined, limit: number): Promise<DirectoryMatches> {
    const { people: known, groups } = this.#of(directory)
    const all = [...[...known].map((id) => asPerson(directory, id)), ...[...groups.keys()].map((id) => asGroup(directory, id))]
    const items = all.filter((one) => (kind === undefined || one.kind === kind) && one.name.startsWith(text))
    return { items: items.slice(0, limit), more: items.length > limit }
  }

  async principals(directory: string, ids: readonly string[]): Promise<readonly DirectoryPrincipal[]> {
    const { people: known, groups } = this.#of(directory)
    return ids.flatMap((id) => (known.has(id) ? [asPerson(directory, id)] : groups.has(id) ? [asGroup(directory, id)] : []))
  }

  async membersOf(directory: string, group: string): Promise<DirectoryMembers> {
    const members = this.#of(directory).groups.get(group)
    if (!members) throw new RoomkeeperError('directory.notFound')
    return { people: [...members].map((id) => asPerson(directory, id)), more: false }
  }

  async groupsOf(directory: string, objectId: string): Promise<readonly string[]> {
    const { people: known, groups } = this.#of(directory)
    if (!known.has(objectId)) throw new RoomkeeperError('directory.notFound')
    return [...groups]
      .filter(([, members]) => members.has(objectId))
      .map(([group]) => group)
      .sort()
  }

  async domainsOf(directory: string): Promise<readonly string[]> {
    this.#of(directory)
    return [`${directory}.example`]
  }

  #of(directory: string): Held {
    if (this.#down.has(directory)) throw new RoomkeeperError('directory.unavailable')
    const home = organisations.find((one) => one === directory)
    if (!home) throw new RoomkeeperError('directory.notFound')
    return this.#held[home]
  }
}

const asPerson = (directory: string, id: string): DirectoryPerson => ({
  kind: 'person',
  id,
  name: `${id} of ${directory}`,
  email: `${id}@${directory}.example`,
})
const asGroup = (directory: string, id: string): DirectoryPrincipal => ({ kind: 'group', id, name: `${id} of ${directory}`, email: '' })
