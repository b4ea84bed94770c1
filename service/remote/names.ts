import { createHash } from 'node:crypto'
import { SessionId } from '../../contract/ids.ts'
import type { Caller } from '../ground/caller.ts'
import type { TenantReader } from '../ground/store/reader.ts'
import type { LiveSession, LiveSessions } from './live.ts'
import type { RemoteSessionTable } from './tables.ts'

/**
 * Sessions are named by their operators. What somebody else has named so already is not told of: the session is kept under an
 * id of its operator's own, made of the name, and found by either.
 */

type Who = Pick<Caller, 'tenant' | 'person'>

/** The id that this operator's session has where its name is taken. */
export function ownNameOf({ tenant, person }: Who, named: SessionId): SessionId {
  const bytes = createHash('sha256').update(`session\n${tenant}\n${person}\n${named}`).digest().subarray(0, 16)
  // A UUID of one's own making: version 8 of RFC 9562.
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return SessionId.parse(bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'))
}

/** The session of this operator that runs or begins under this name. */
export function liveNamed(live: LiveSessions, who: Who, named: SessionId): LiveSession | undefined {
  const found = live.get(named)
  return found?.tenant === who.tenant && found.caller.person === who.person ? found : live.get(ownNameOf(who, named))
}

export interface Named {
  /** The row of this name, whoever's it is. */
  readonly row: Omit<RemoteSessionTable, 'tenant'> | undefined
  /** The row of this operator's session of this name. */
  readonly own: Omit<RemoteSessionTable, 'tenant'> | undefined
}

/** What the session log has under a name. */
export async function rowsNamed(read: Pick<TenantReader, 'tables'>, who: Who, named: SessionId): Promise<Named> {
  const ownName = ownNameOf(who, named)
  const rows = await read.tables.remoteSession().selectAll().where('id', 'in', [named, ownName]).execute()
  const row = rows.find(({ id }) => id === named)
  return { row, own: row?.operator === who.person ? row : rows.find(({ id }) => id === ownName) }
}
