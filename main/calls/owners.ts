import { PeopleList } from '../../contract/api.ts'
import type { CallOutput } from '../../contract/bridge.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { IncidentId, RoomId } from '../../contract/ids.ts'
import type { Console } from '../console.ts'
import type { OpenAccount } from '../tenants/account.ts'

/**
 * Whom incidents can be given to (INC-5): who sees the rooms of all of them, in each of their tenants, as the service says. Offline: all
 * of whom it said so before, since this program started and under the scope of now, as of when it said it of the one longest ago; the
 * service decides once the command is there.
 */
export async function listOwners(
  core: Console,
  incidents: readonly IncidentId[],
  signal: AbortSignal,
): Promise<CallOutput<'incidents.owners'>> {
  const answers = await Promise.all([...roomsOf(core, incidents)].map(([account, rooms]) => ownersIn(core, account, rooms, signal)))
  const [first, ...others] = answers
  const knownAt = answers.flatMap((answer) => answer.knownAt ?? [])
  return {
    items: first?.items.filter(({ id }) => others.every(({ items }) => items.some((one) => one.id === id))) ?? [],
    knownAt: knownAt.length === 0 ? null : Math.min(...knownAt),
  }
}

function roomsOf(core: Console, incidents: readonly IncidentId[]): Map<OpenAccount, Set<RoomId>> {
  const found = new Map<OpenAccount, Set<RoomId>>()
  const { everything } = core
  for (const id of incidents) {
    const shown = everything.holder('incident', id)
    const account = core.tenants.all.find((one) => one.shown === shown)
    const room = shown?.incident(id)?.room
    if (account && room) found.set(account, (found.get(account) ?? new Set()).add(room))
  }
  return found
}

async function ownersIn(
  core: Console,
  account: OpenAccount,
  rooms: ReadonlySet<RoomId>,
  signal: AbortSignal,
): Promise<CallOutput<'incidents.owners'>> {
  const { shown, cache } = account
  const { scope } = cache.state
  const before = shown.owners?.scope === scope ? shown.owners : null
  try {
    if (core.preferences.workOffline) throw new RoomkeeperError('network.offline')
    const question = { method: 'POST', path: '/v1/people/owners', body: { rooms: [...rooms] }, signal } as const
    const { items } = await account.client.json(PeopleList, question)
    const people = new Map(before?.people)
    for (const person of items) people.set(person.id, { person, at: core.clock.now() })
    shown.owners = { scope, people }
    return { items, knownAt: null }
  } catch (error) {
    if (!(error instanceof RoomkeeperError) || error.code !== 'network.offline' || !before?.people.size) throw error
    const known = [...before.people.values()]
    const items = known.map(({ person }) => person).sort((a, b) => (a.name < b.name ? -1 : 1))
    return { items, knownAt: Math.min(...known.map(({ at }) => at)) }
  }
}
