import { v7 } from 'uuid'
import { defaultSettings, type Incident, type Settings } from '../../../contract/entities.ts'
import { IncidentId, PersonId, RoleId, RoomId, TenantId, AssignmentId } from '../../../contract/ids.ts'
import { builtInRoles } from '../../../contract/permissions.ts'
import type { Store, StoreOptions } from '../../ground/store/store.ts'

/** What the suites of the store share. */

export const tenantId = TenantId.parse(v7())
export const other = TenantId.parse(v7())
export const roomA = RoomId.parse(v7())
export const roomB = RoomId.parse(v7())

export const settings = (openHoldMs: number, id = tenantId): Settings => ({ id, ...defaultSettings, openHoldMs })
export const incident = (room: RoomId, number: number, status: Incident['status'] = 'needAction'): Incident => ({
  id: IncidentId.parse(v7()),
  number,
  room,
  signal: 'peripherals.camera',
  severity: 'important',
  status,
  value: 'unhealthy',
  since: 1,
  openings: 1,
  flapping: false,
  changedAt: 1,
})

/** Moments before which nothing was. */
export const nothing = { outcomes: 0, transitions: 0, removals: 0 }

/** Where an adapter keeps the data of one test. */
export interface StoreUnderTest {
  /** Opens it, for the first time or again. */
  open(options: Omit<StoreOptions, 'path' | 'schema'>): Promise<Store>
  /** Runs a statement behind the store's back. */
  run(statement: string, ...values: readonly (string | number)[]): void | Promise<void>
  /** After it was closed. */
  remove(): void | Promise<void>
}

/** A person who sees one room, and one who sees none. */
const siteTech = {
  assignment: AssignmentId.parse(v7()),
  role: RoleId.parse('siteTech'),
  permissions: [...builtInRoles.siteTech.permissions],
  scope: [roomA],
}
const person = PersonId.parse(v7())
export const reach = { tenant: tenantId, person, access: { globalAdministrator: false, grants: [siteTech] } }
export const nobody = { tenant: tenantId, person, access: { globalAdministrator: false, grants: [] } }
