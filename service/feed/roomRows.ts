import { joinRoom } from '../../contract/roomDocuments.ts'
import { parse, type StoredRow } from '../ground/store/documents.ts'
import type { TenantReader } from '../ground/store/reader.ts'

/** Rows of rooms, each behind that of its device: a console that has the one has the other. */
export async function withDevices(read: TenantReader, rooms: readonly StoredRow[]): Promise<StoredRow[]> {
  const devices = await byId(read, 'device', rooms)
  return rooms.flatMap((room) => [...(devices.get(room.id) ?? []), room])
}

/**
 * These rows for consoles of version 1 of the feed: a room with its device is one document there, as often changed as both are. Whichever
 * of the two is among the rows brings it.
 */
export async function asVersion1(read: TenantReader, rows: readonly StoredRow[]): Promise<StoredRow[]> {
  const parts = rows.filter(({ kind }) => kind === 'room' || kind === 'device')
  if (parts.length === 0) return [...rows]
  const [rooms, devices] = [await byId(read, 'room', parts), await byId(read, 'device', parts)]
  const done = new Set<string>()
  return rows.flatMap((row) => {
    if (row.kind !== 'room' && row.kind !== 'device') return [row]
    if (done.has(row.id)) return []
    done.add(row.id)
    const [room, device] = [rooms.get(row.id)?.[0], devices.get(row.id)?.[0]]
    if (!room?.body || !device?.body) return []
    const body = JSON.stringify(joinRoom(parse<'room'>(room.body), parse<'device'>(device.body)))
    return [{ ...room, rev: room.rev + device.rev, seq: row.seq, body }]
  })
}

async function byId(read: TenantReader, kind: 'room' | 'device', of: readonly StoredRow[]): Promise<Map<string, StoredRow[]>> {
  return Map.groupBy(await read.rows(kind, [...new Set(of.map(({ id }) => id))]), ({ id }) => id)
}
