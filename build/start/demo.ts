import { type Room } from '../../contract/entities.ts'
import { type Api } from './api.ts'

/** Which demo role looks after which building; the rooms of the third are the Pro Manager's alone. */
const buildingOf: Readonly<Record<string, string>> = {
  siteLead: 'Lyon – Confluence',
  siteTech: 'Montréal – Place Ville',
}

/** Enrols the rooms of the fleet that are new; one that an operator unenrolled stays so. Answers how many. */
export async function enrolFleet(api: Api, rooms: readonly Room[], fleet: ReadonlySet<string>): Promise<number> {
  const fresh = rooms.filter((room) => room.lifecycle === 'onboarding' && fleet.has(room.id)).map((room) => room.id)
  await api.enrolRooms(fresh)
  return fresh.length
}

/** Gives Site Lead and Site Tech their buildings, as long as nobody has given them any room. */
export async function assignBuildings(api: Api, rooms: readonly Room[]): Promise<void> {
  for (const { id, ...assignment } of await api.assignments()) {
    const building = buildingOf[assignment.role]
    if (building === undefined || assignment.scope === 'all' || assignment.scope.length > 0) continue
    const scope = rooms.filter((room) => room.place.building === building).map((room) => room.id)
    if (scope.length > 0) await api.changeAssignment(id, { ...assignment, scope })
  }
}
