import { RoomkeeperError } from '../../../contract/errors.ts'
import type { RoomId } from '../../../contract/ids.ts'
import type { Permission } from '../../../contract/permissions.ts'
import { explainWhat, explainWho } from '../../access/explanations.ts'
import { assignmentViews } from '../../access/views.ts'
import type { Caller } from '../../ground/caller.ts'
import { ghost, keyOf, nameOf, type Organisation, people, type Person, rooms } from './cast.ts'
import { assignmentsOf, type Facts, holds, roomsHeld, roomsOf, type Subject, subjectOf } from './facts.ts'
import type { World } from './world.ts'

export interface Asked {
  readonly permission: Permission
  readonly room: string
  readonly about: string
}

/** "Who can do this", "what can they do" (ACC-7): as the model has it, cut to what whoever asks may be told. */
export async function checkAnswers(world: World, facts: Facts, at: Organisation, asker: Person, asked: Asked): Promise<string | undefined> {
  const caller = await world.caller(asker, at)
  const viewer = subjectOf(asker, facts)
  if (typeof caller === 'string' || !viewer || !holds(facts, at, viewer, 'roles.view', 'any')) return undefined
  const named = await checkNames(world, facts, at, caller)
  if (named !== undefined) return named
  return (await checkWho(world, facts, at, caller, viewer, asked)) ?? (await checkWhat(world, facts, at, caller, viewer, asked.about))
}

/** Members are called as their own directory calls them, and counted as the model does (one of the same id elsewhere is somebody else). */
async function checkNames(world: World, facts: Facts, at: Organisation, caller: Caller): Promise<string | undefined> {
  const resolved = await world.access.resolved(world.tenants[at])
  const shown = resolved.policy.assignments.filter(
    ({ link, role }) => role !== 'tenantManager' && (caller.link === undefined || link === caller.link),
  )
  for (const { id, link, members, reaches } of await assignmentViews(
    world.store.read(world.tenants[at], 'wholeTenant'),
    resolved,
    caller,
    shown,
  )) {
    const home = link === null ? at : 'fabrikam'
    const stranger = members.find((member) => member.known && member.name !== nameOf({ home, id: member.id }))
    if (stranger) return `assignment ${id} names ${stranger.name}`
    const assignment = facts.tenants[at].assignments[id]
    const reached = people.filter((person) => {
      const subject = subjectOf(person, facts)
      return subject !== undefined && assignment !== undefined && assignmentsOf(facts, at, subject).includes(assignment)
    })
    if (reached.length !== reaches.people) return `assignment ${id} reaches ${reaches.people} people, and not ${reached.map(keyOf).join()}`
  }
  return undefined
}

async function checkWho(
  world: World,
  facts: Facts,
  at: Organisation,
  caller: Caller,
  viewer: Subject,
  { permission, room: id }: Asked,
): Promise<string | undefined> {
  const room = roomsOf(facts, at).find((one) => one.id === id)
  const seen = room !== undefined && holds(facts, at, viewer, 'roles.view', room)
  const answer = await orCode(explainWho(world, caller, permission, parse(id, at)))
  if (!seen || !room) return answer === 'access.outOfScope' ? undefined : `who can on ${id}: told, though it is hidden from them or missing`
  if (typeof answer === 'string') return `who can: ${answer}`
  const can = people.filter((person) => {
    const subject = subjectOf(person, facts)
    return subject !== undefined && (viewer.home === at || person.home === viewer.home) && holds(facts, at, subject, permission, room)
  })
  const wanted = await Promise.all(can.map(async (person) => (await world.idOf(person, at)) ?? keyOf(person)))
  const said = answer.people.map(({ person }) => String(person.id))
  return said.sort().join() === wanted.map(String).sort().join()
    ? undefined
    : `who has ${permission} on ${id}: ${answer.people.map(({ person }) => person.name).join()} and not ${can.map(keyOf).join()}`
}

async function checkWhat(
  world: World,
  facts: Facts,
  at: Organisation,
  caller: Caller,
  viewer: Subject,
  about: string,
): Promise<string | undefined> {
  const person = people.find((one) => keyOf(one) === about)
  const id = person && (await world.idOf(person, at))
  if (!person || !id) return undefined
  const answer = await orCode(explainWhat(world, caller, id))
  const isOther = viewer.home !== at && person.home !== viewer.home
  if (isOther) return answer === 'access.outOfScope' ? undefined : `what can ${about}: told, though they are of another organisation`
  if (typeof answer === 'string') return undefined
  const subject = subjectOf(person, facts)
  const wanted = subject
    ? roomsHeld(facts, at, subject, 'rooms.view').filter((one) =>
        roomsOf(facts, at).some((room) => room.id === one && holds(facts, at, viewer, 'roles.view', room)),
      )
    : []
  return answer.rooms
    .map((room) => String(room.id))
    .sort()
    .join() === [...wanted].sort().join()
    ? undefined
    : `what ${about} may see: ${answer.rooms.map(({ name }) => name).join()} and not ${wanted.join()}`
}

/** An id that no room has is asked about, too. */
function parse(id: string, at: Organisation): RoomId {
  const known = rooms[at].find((room) => room.id === id)
  return known?.id ?? ghost
}

async function orCode<T>(asking: Promise<T>): Promise<T | string> {
  try {
    return await asking
  } catch (error) {
    if (error instanceof RoomkeeperError) return error.code
    throw error
  }
}
