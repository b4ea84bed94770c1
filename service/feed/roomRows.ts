import type { StoredRow } from '../ground/store/documents.ts'
import type { TenantReader } from '../ground/store/reader.ts'

/** Rows of rooms, each behind that of its device: a console that has the one has the other. */
export async function withDevices(read: TenantReader, rooms: readonly StoredRow[]): Promise<StoredRow[]> {
  const devices = await byId(read, 'device', rooms)
  return rooms.flatMap((room) => [...(devices.get(room.id) ?? []), room])
}

async function byId(read: TenantReader, kind: 'room' | 'device', of: readonly StoredRow[]): Promise<Map<string, StoredRow[]>> {
  return Map.groupBy(await read.rows(kind, [...new Set(of.map(({ id }) => id))]), ({ id }) => id)
}
