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
