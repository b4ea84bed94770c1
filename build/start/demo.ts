import { type Room } from '../../contract/entities.ts'
import { type Api } from './api.ts'

/** Enrols the rooms of the fleet that are new; one that an operator unenrolled stays so. Answers how many. */
export async function enrolFleet(api: Api, rooms: readonly Room[], fleet: ReadonlySet<string>): Promise<number> {
  const fresh = rooms.filter((room) => room.lifecycle === 'onboarding' && fleet.has(room.id)).map((room) => room.id)
  await api.enrolRooms(fresh)
  return fresh.length
}
