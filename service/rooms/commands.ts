import { type CommandHandlers, handle } from '../ground/commands/commands.ts'
import type { RoomDeps } from './deps.ts'
import { enrol, licenseRooms, moveToRing, replace, unenrol } from './lifecycle.ts'
import { moveRooms, renameRoom } from './places.ts'
import { settingsChange } from './settings.ts'

/** What is done to rooms (ENR-5, ROM-5), and the tenant's settings for all of them. */
export const roomCommands = (deps: RoomDeps): Partial<CommandHandlers> => ({
  'rooms.enrol': handle(enrol(deps)),
  'rooms.unenrol': handle(unenrol(deps)),
  'rooms.ring': handle(moveToRing(deps)),
  'rooms.licence': handle(licenseRooms(deps)),
  'rooms.rename': handle(renameRoom(deps)),
  'rooms.move': handle(moveRooms(deps)),
  'rooms.replace': handle(replace(deps)),
  'settings.change': handle(settingsChange(deps)),
})
