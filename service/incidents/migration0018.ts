import type { Kysely } from 'kysely'
import type { Doc } from '../../contract/entities.ts'
import type { RoomId } from '../../contract/ids.ts'
import { signals } from '../../contract/signals.ts'
import type { Migration } from '../ground/store/migrations/migration.ts'
import type { DocumentTable, TenantTable } from '../ground/store/tables.ts'

/** Some signals are critical that were important: what is open of them, and what their rooms count, says so from now on. */
export const severities: Migration = { version: 18, name: 'severities', up }

type Former = { document: DocumentTable; tenant: Pick<TenantTable, 'id' | 'lastSeq'> }
/** In one statement. */
const roomsAtOnce = 500

async function up(db: Kysely<unknown>): Promise<void> {
  const former = db.withTables<Former>()
  for (const { id: tenant, lastSeq } of await former.selectFrom('tenant').select(['id', 'lastSeq']).execute()) {
    let seq = Number(lastSeq)
    const rowsOf = (kind: 'room' | 'incident') =>
      former
        .selectFrom('document')
        .select(['id', 'rev', 'body'])
        .where('tenant', '=', tenant)
        .where('kind', '=', kind)
        .where('deleted', '=', 0)
    const put = async (kind: 'room' | 'incident', { id, rev }: Pick<DocumentTable, 'id' | 'rev'>, doc: object): Promise<void> => {
      const change = { rev: rev + 1, seq: ++seq, body: JSON.stringify(doc) }
      await former.updateTable('document').set(change).where('tenant', '=', tenant).where('kind', '=', kind).where('id', '=', id).execute()
    }
    /** By how many each room has more. */
    const critical = new Map<RoomId, number>()
    for (const row of await rowsOf('incident').where('state', '!=', 'resolved').execute()) {
      // Bodies were made from a typed document, and nobody else writes them.
      const incident = JSON.parse(row.body) as Doc<'incident'>
      if (signals[incident.signal].severity !== 'critical' || incident.severity !== 'important') continue
      await put('incident', row, { ...incident, severity: 'critical' })
      if (incident.status === 'needAction') critical.set(incident.room, (critical.get(incident.room) ?? 0) + 1)
    }
    const rooms = [...critical.keys()]
    for (let at = 0; at < rooms.length; at += roomsAtOnce) {
      for (const row of await rowsOf('room')
        .where('id', 'in', rooms.slice(at, at + roomsAtOnce))
        .execute()) {
        const room = JSON.parse(row.body) as Doc<'room'>
        const more = critical.get(room.id) ?? 0
        const incidents = { ...room.incidents, important: room.incidents.important - more, critical: more }
        await put('room', row, { ...room, incidents })
      }
    }
    if (seq > Number(lastSeq)) await former.updateTable('tenant').set({ lastSeq: seq }).where('id', '=', tenant).execute()
  }
}
