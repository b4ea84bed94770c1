import { type Access, may, scopeOf } from '../../../contract/access.ts'
import { Me } from '../../../contract/entities.ts'
import type { Caller } from '../../ground/caller.ts'
import { keyOf, type Organisation, organisations, people, type Person, rooms } from './cast.ts'
import { assignmentsOf, type Facts, holds, permissions, roomsHeld, subjectOf } from './facts.ts'
import type { World } from './world.ts'

/** Who may do what on which room: of everyone, in both tenants, what the service decides is what the model says. */

/** All that someone may do, as text: by permission, over all rooms or on which. */
const wordsOf = (words: readonly (readonly [string, string])[]): string =>
  words.flatMap(([permission, over]) => (over === '' ? [] : [`${permission}: ${over}`])).join('\n')

/** By the model; nothing of somebody who is gone. */
function expected(facts: Facts, at: Organisation, person: Person): string {
  const subject = subjectOf(person, facts)
  if (!subject) return ''
  return wordsOf(
    permissions.map((permission) => [
      permission,
      holds(facts, at, subject, permission, 'all') ? 'all' : roomsHeld(facts, at, subject, permission).join(),
    ]),
  )
}

function decided(access: Access, at: Organisation): string {
  return wordsOf(
    permissions.map((permission) => [
      permission,
      scopeOf(access, permission) === 'all' ? 'all' : rooms[at].flatMap(({ id }) => (may(access, permission, id) ? [id] : [])).join(),
    ]),
  )
}

/** `viewsOf`: one of them has to be what the service says of a person. */
export async function checkEveryone(world: World, viewsOf: (person: Person) => readonly Facts[]): Promise<string | undefined> {
  for (const at of organisations) {
    for (const person of people) {
      const wrong = await checkPerson(world, viewsOf(person), at, person)
      if (wrong !== undefined) return `${keyOf(person)} at ${at}: ${wrong}`
    }
  }
  return undefined
}

async function checkPerson(world: World, views: readonly Facts[], at: Organisation, person: Person): Promise<string | undefined> {
  const caller = await world.caller(person, at)
  const allowed = [...new Set(views.map((facts) => expected(facts, at, person)))]
  if (typeof caller === 'string') {
    const demands = views.some(({ tenants }) => tenants[at].link?.multiFactor) && person.home !== at && !world.multiFactorOf(person)
    if (demands && (caller === 'partner.multiFactor' || caller === 'access.denied')) return undefined
    const isGone = views.some((facts) => !subjectOf(person, facts))
    return isGone || (person.home !== at && allowed.includes('')) ? undefined : `not let in (${caller})`
  }
  if (person.home !== at && views.every(({ tenants }) => tenants[at].link?.multiFactor) && !world.multiFactorOf(person))
    return 'let in with a password alone'
  if (person.home !== at && views.every((facts) => isOut(facts, at, person))) return 'let in'
  const has = decided(caller.access, at)
  if (!allowed.includes(has)) return `may do\n${has}\nand not\n${allowed.join('\nor\n')}`
  return checkConsole(world, views, person, caller, at)
}

const isOut = (facts: Facts, at: Organisation, person: Person): boolean => {
  const subject = subjectOf(person, facts)
  return !subject || assignmentsOf(facts, at, subject).length === 0
}

/** Whether they have anything in the customer's tenant (PAR-8). */
const isOfCustomer = (facts: Facts, person: Person): boolean => !isOut(facts, 'contoso', person)

/** What their console has of them decides alike, and they read just the rooms that they may see. */
async function checkConsole(
  world: World,
  views: readonly Facts[],
  person: Person,
  { access, person: id, reach }: Caller,
  at: Organisation,
): Promise<string | undefined> {
  const read = world.store.read(world.tenants[at], reach)
  const me = await read.get('me', id)
  if (!me) return undefined
  const synced = Me.parse(JSON.parse(JSON.stringify(me)))
  if (decided(synced.access, at) !== decided(access, at))
    return `their console says\n${decided(synced.access, at)}\nand the service\n${decided(access, at)}`
  if (person.home === at) {
    const there = me.customers?.some((customer) => customer.tenant === world.tenants.contoso) ?? false
    const wanted = views.map((facts) => at === 'fabrikam' && isOfCustomer(facts, person))
    if (!wanted.includes(there)) return there ? 'is told of a customer where they have nothing' : 'is not told of their customer'
  }
  const seen = (await read.list('room', { limit: 10 })).map(({ id }) => id)
  const wanted = rooms[at].flatMap(({ id }) => (may(access, 'rooms.view', id) ? [id] : []))
  return [...seen].sort().join() === [...wanted].sort().join() ? undefined : `reads ${seen.join()}`
}
