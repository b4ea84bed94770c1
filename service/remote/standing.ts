import type { DeviceDocument, RoomDocument, Settings } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { SessionEnd } from '../../contract/remote.ts'
import type { AgentDeps } from '../agents/deps.ts'
import { parse } from '../ground/store/documents.ts'
import type { LiveSession, LiveSessions } from './live.ts'
import { mayRemote } from './preconditions.ts'

/** Whether what a session began with still holds (REM-7): access, the switch, the room, and that nobody talks in it. */

/** Why a session with this room is over; null: it goes on. */
export function endByRoom(room: Pick<RoomDocument, 'lifecycle' | 'inCall'> | undefined): SessionEnd | null {
  if (room?.lifecycle !== 'enrolled') return 'unenrolled'
  return room.inCall ? 'callStarted' : null
}

/** Whether another device stands in the room. */
export const endByDevice = ({ device }: Pick<LiveSession, 'device'>, now: Pick<DeviceDocument, 'device'> | undefined): SessionEnd | null =>
  now?.device.id === device ? null : 'unenrolled'

export const endBySettings = (settings: Pick<Settings, 'remoteAccess'> | undefined): SessionEnd | null =>
  settings?.remoteAccess === true ? null : 'switchedOff'

/** Asks what its operator may do at this moment. Who is not known any more may nothing. */
export async function endByAccess(
  { access }: Pick<AgentDeps, 'access'>,
  { tenant, caller, room, mode }: LiveSession,
): Promise<SessionEnd | null> {
  try {
    const current = await access.current(tenant, caller.person)
    if (current.access.link !== caller.link || !mayRemote(current.access, room, mode)) return 'accessWithdrawn'
    return current.multiFactor && !caller.multiFactor ? 'accessWithdrawn' : null
  } catch (error) {
    if (error instanceof RoomkeeperError) return 'accessWithdrawn'
    throw error
  }
}

/** All of it, as committed. */
export async function endOf(deps: Pick<AgentDeps, 'access' | 'store'>, session: LiveSession): Promise<SessionEnd | null> {
  const read = deps.store.read(session.tenant, 'wholeTenant')
  return (
    (await endByAccess(deps, session)) ??
    endBySettings(await read.get('settings', session.tenant)) ??
    endByDevice(session, await read.get('device', session.room)) ??
    endByRoom(await read.get('room', session.room))
  )
}

/**
 * Looks at what commits change, and ends the sessions that must not go on: `end` is called before the next turn of the
 * loop, or when what the operator may do has been read. Returns its undo.
 */
export function watchStanding(
  deps: Pick<AgentDeps, 'bus' | 'access' | 'log'>,
  live: LiveSessions,
  end: (session: LiveSession, reason: SessionEnd) => void,
): () => void {
  const { bus, log } = deps
  const recheck = (session: LiveSession): void => {
    endByAccess(deps, session).then(
      (reason) => reason && end(session, reason),
      (error: unknown) => {
        log.error({ err: error, session: session.id }, 'what an operator may do could not be read; their remote session ends')
        end(session, 'accessWithdrawn')
      },
    )
  }
  const undo = [
    bus.subscribe('changes', ({ tenant, rows }) => {
      const there = live.ofTenant(tenant)
      if (there.size === 0) return
      for (const { kind, id, owner, body } of rows) {
        if (kind === 'room' || kind === 'device') {
          const sessions = live.ofRoom(tenant, id)
          if (sessions.length === 0) continue
          const room = kind === 'room' ? endByRoom(body === null ? undefined : parse<'room'>(body)) : null
          const device = kind === 'device' && body !== null ? parse<'device'>(body) : undefined
          for (const session of sessions) {
            const reason = kind === 'room' ? room : endByDevice(session, device)
            if (reason) end(session, reason)
          }
        } else if (kind === 'settings') {
          const reason = endBySettings(body === null ? undefined : parse<'settings'>(body))
          if (reason) for (const session of [...there]) end(session, reason)
        } else if (kind === 'me') {
          for (const session of there) if (session.caller.person === owner) recheck(session)
        }
      }
    }),
    bus.subscribe('policy', ({ tenant }) => live.ofTenant(tenant).forEach(recheck)),
    bus.subscribe('scope', ({ tenant, person }) => {
      for (const session of live.ofTenant(tenant)) if (session.caller.person === person) recheck(session)
    }),
    bus.subscribe('device', ({ device, change }) => {
      const session = live.ofDevice(device)
      if (session && change.type !== 'lifecycle') end(session, 'unenrolled')
    }),
  ]
  return () => undo.forEach((stop) => stop())
}
