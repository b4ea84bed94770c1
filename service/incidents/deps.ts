import type { AccessDeps } from '../access/deps.ts'
import type { Rooms } from './rooms.ts'

/** What parts are given that change rooms or their incidents. */
export interface IncidentDeps extends AccessDeps {
  /** The incident engine's shell (`new Rooms()`): every change of a room's document goes through it. */
  readonly rooms: Rooms
}
