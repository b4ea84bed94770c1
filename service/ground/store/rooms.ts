import type { Doc, Kind, Room, RoomDocument } from '../../../contract/entities.ts'
import type { RoomId } from '../../../contract/ids.ts'
import { joinRoom } from '../../../contract/roomDocuments.ts'

/** Whoever reads documents: a `TenantReader`, cut to its reach, or a transaction. */
interface Reads {
  getMany<K extends Kind>(kind: K, ids: readonly string[]): Promise<Map<string, Doc<K>>>
}

/** Rooms of these documents, with their devices. */
export async function withDevices(read: Reads, rooms: readonly RoomDocument[]): Promise<Room[]> {
  const devices = await read.getMany(
    'device',
    rooms.map(({ id }) => id),
  )
  return rooms.flatMap((room) => {
    const device = devices.get(room.id)
    return device === undefined ? [] : [joinRoom(room, device)]
  })
}

/** A room with its device; undefined where there is none within reach. */
export async function readRoom(read: Reads, id: RoomId): Promise<Room | undefined> {
  const found = await withDevices(read, [...(await read.getMany('room', [id])).values()])
  return found[0]
}
