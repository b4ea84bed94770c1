import { builtInRings } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { enrolRooms, unenrolRooms } from '../agents/offboarding.ts'
import { checkRooms, type CommandHandler } from './handler.ts'

/** Starts alerts and incidents of rooms (ENR-5). All of them are checked before any is changed. */
export const enrol: CommandHandler<'rooms.enrol'> = {
  check: (command, context) => checkRooms(command.type, command.rooms, context),
  async apply(command, { rooms, tx }) {
    const changed = await enrolRooms(rooms, tx, [...new Set(command.rooms)])
    return { category: 'Room', objectName: `${changed.length} rooms`, operation: 'Update', detail: { action: 'enrol', rooms: changed } }
  },
}

/** Stops them, closes what is open, and cuts the devices off once their off-boarding is done (ENR-5). */
export const unenrol: CommandHandler<'rooms.unenrol'> = {
  check: (command, context) => checkRooms(command.type, command.rooms, context),
  async apply(command, { rooms, tx }) {
    const changed = await unenrolRooms(rooms, tx, [...new Set(command.rooms)])
    return { category: 'Room', objectName: `${changed.length} rooms`, operation: 'Update', detail: { action: 'unenrol', rooms: changed } }
  },
}

/** Puts rooms into an update ring. */
export const moveToRing: CommandHandler<'rooms.ring'> = {
  check: (command, context) => checkRooms(command.type, command.rooms, context),
  async apply({ rooms: ids, ring: wanted }, { rooms, tx }) {
    const ring = builtInRings.find((one) => one === wanted)
    if (ring === undefined) throw new RoomkeeperError('room.ringUnknown', { field: 'ring' })
    const work = rooms.within(tx)
    await work.load(ids)
    const changed = [...new Set(ids)]
    for (const id of changed) work.rebase(id, { ring })
    await work.flush()
    return { category: 'Room', objectName: `${changed.length} rooms`, operation: 'Update', detail: { action: 'ring', ring, rooms: changed } }
  },
}
