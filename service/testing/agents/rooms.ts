import { enrolRooms, unenrolRooms } from '../../enrolment/offboarding.ts'
import { readRoom } from '../../ground/store/rooms.ts'
import { system } from '../../ground/store/transaction.ts'
import type { TestDevice } from './device.ts'
import type { Parts } from './parts.ts'

/** For tests: what the service that runs now knows of a device's room, and what an operator does with it. */
export function roomsOf(running: () => Parts) {
  const read = () => running().deps.store.read(running().tenant, 'wholeTenant')
  const rooms = () => running().deps.rooms
  return {
    room: (device: TestDevice) => readRoom(read(), device.enrolment.room),
    incidents: (device: TestDevice) => read().list('incident', { room: device.enrolment.room, limit: 100 }),
    enrol: (device: TestDevice) =>
      running().deps.store.write(running().tenant, system, (tx) => enrolRooms(rooms(), tx, [device.enrolment.room])),
    unenrol: (device: TestDevice) =>
      running().deps.store.write(running().tenant, system, (tx) => unenrolRooms(rooms(), tx, [device.enrolment.room])),
  }
}
