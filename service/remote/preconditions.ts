import { type Access, may } from '../../contract/access.ts'
import { hasProLicence, type Room } from '../../contract/entities.ts'
import type { ErrorCode } from '../../contract/errors.ts'
import type { RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { hasAnythingFor, type RemoteMode } from '../../contract/remoteFacts.ts'

/** What decides whether a remote session may begin (REM-3). */
export interface SessionFacts {
  readonly access: Access
  readonly room: RoomId
  readonly mode: RemoteMode
  /** The room, where there is one in the tenant. */
  readonly found: Pick<Room, 'lifecycle' | 'licence' | 'inCall' | 'device'> | undefined
  /** Remote access is allowed in the tenant (REM-1). */
  readonly on: boolean
  /** The room's agent is connected at this moment. */
  readonly connected: boolean
  /** Somebody else has a session with the room. */
  readonly occupied: boolean
  /** Sessions of the tenant that run, without one of the same operator that would be replaced. */
  readonly running: number
}

/** Whether these grants allow such a session with the room (REM-2). */
export const mayRemote = (access: Access, room: RoomId, mode: RemoteMode): boolean =>
  may(access, 'remoteAccess.modify', room) || (mode === 'view' && may(access, 'remoteAccess.view', room))

/** Whoever holds nothing on a room of what sessions are about cannot tell it from one that does not exist. */
const maySee = (access: Access, room: RoomId): boolean => may(access, 'rooms.view', room) || mayRemote(access, room, 'view')

/** Whether there is such a room for who holds this. */
export const isVisibleTo = ({ access, room, found }: Pick<SessionFacts, 'access' | 'room' | 'found'>): boolean =>
  found !== undefined && maySee(access, room)

/** Why the session may not begin: the first thing that is wrong, in a fixed order; null: it may. */
export function preconditions(facts: SessionFacts): ErrorCode | null {
  const { access, room, mode, found, on, connected, occupied, running } = facts
  if (!found || !isVisibleTo(facts)) return 'room.notFound'
  if (!mayRemote(access, room, mode)) return 'access.denied'
  if (!on) return 'remote.switchedOff'
  if (found.lifecycle !== 'enrolled') return 'room.notEnrolled'
  if (!hasProLicence(found)) return 'remote.noLicence'
  if (!found.device.remote || !hasAnythingFor(mode, found.device.remote)) return 'remote.unsupported'
  if (!connected) return 'remote.disconnected'
  if (found.inCall) return 'remote.inCall'
  if (occupied) return 'remote.occupied'
  if (running >= limits.sessionsPerTenant) return 'remote.tooMany'
  return null
}
