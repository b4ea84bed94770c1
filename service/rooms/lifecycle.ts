import { builtInRings, hasProLicence, ringOf } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { RoomId } from '../../contract/ids.ts'
import { enrolRooms, unenrolRooms } from '../enrolment/offboarding.ts'
import { replaceDevice } from '../enrolment/replacing.ts'
import { checkRooms, type CommandHandler } from '../ground/commands/handler.ts'
import { roomsTouched } from '../ground/commands/touched.ts'
import type { AuditRecord, TenantTransaction } from '../ground/store/transaction.ts'
import type { RoomDeps } from './deps.ts'

/** What the audit says of rooms: one by its name, several by their number. */
export async function auditOf(tx: TenantTransaction, changed: readonly RoomId[], detail: AuditRecord['detail']): Promise<AuditRecord> {
  const touched = await roomsTouched(tx, changed)
  const objectName = changed.length === 1 ? (touched.roomNames[0] ?? touched.rooms.join()) : `${changed.length} rooms`
  return { category: 'Room', objectName, operation: 'Update', detail: { ...detail, ...touched } }
}

/** Starts alerts and incidents of rooms (ENR-5), each with a Pro licence (ROM-5). All of them are checked before any is changed. */
export const enrol = ({ rooms }: RoomDeps): CommandHandler<'rooms.enrol'> => ({
  check: (command, context) => checkRooms(command.type, command.rooms, context),
  async apply(command, { tx }) {
    const changed = await enrolRooms(rooms, tx, [...new Set(command.rooms)])
    return auditOf(tx, changed, { action: command.type })
  },
})

/** Stops them, closes what is open, and cuts the devices off once their off-boarding is done (ENR-5). */
export const unenrol = ({ rooms }: RoomDeps): CommandHandler<'rooms.unenrol'> => ({
  check: (command, context) => checkRooms(command.type, command.rooms, context),
  async apply(command, { tx }) {
    const changed = await unenrolRooms(rooms, tx, [...new Set(command.rooms)])
    return auditOf(tx, changed, { action: command.type })
  },
})

/** A device that was re-imaged or exchanged goes where the one before stood; that one is cut off (decision 0047). */
export const replace = ({ rooms }: RoomDeps): CommandHandler<'rooms.replace'> => ({
  check: (command, context) => checkRooms(command.type, command.rooms, context),
  async apply({ type, rooms: [next, former] }, { tx }) {
    if (next === undefined || former === undefined) throw new RoomkeeperError('request.invalid', { field: 'rooms' })
    const { device, revoked } = await replaceDevice(rooms, tx, next, former)
    const { name } = rooms.within(tx).room(former).base
    const detail = { action: type, device, revoked, ...(await roomsTouched(tx, [next, former])) }
    return { category: 'Room', objectName: name, operation: 'Update', detail }
  },
})

/** Puts rooms into an update ring. */
export const moveToRing = ({ rooms }: RoomDeps): CommandHandler<'rooms.ring'> => ({
  check: (command, context) => checkRooms(command.type, command.rooms, context),
  async apply({ type, rooms: ids, ring: wanted }, { tx }) {
    const ring = builtInRings.find((one) => one === wanted)
    if (ring === undefined) throw new RoomkeeperError('room.ringUnknown', { field: 'ring' })
    const work = rooms.within(tx)
    await work.load(ids)
    const changed = [...new Set(ids)].filter((id) => ringOf(work.room(id).base) !== ring)
    if (changed.length === 0) return null
    for (const id of changed) work.rebase(id, { ring })
    await work.flush()
    return auditOf(tx, changed, { action: type, ring })
  },
})

/** Says which licence rooms have (ROM-5). One that is enrolled stays so without Pro, and cannot be reached remotely. */
export const licenseRooms = ({ rooms }: RoomDeps): CommandHandler<'rooms.licence'> => ({
  check: (command, context) => checkRooms(command.type, command.rooms, context),
  async apply({ type, rooms: ids, licence }, { tx }) {
    const work = rooms.within(tx)
    await work.load(ids)
    const changed = [...new Set(ids)].filter((id) => hasProLicence(work.room(id).base) !== hasProLicence({ licence }))
    if (changed.length === 0) return null
    for (const id of changed) work.rebase(id, { licence })
    await work.flush()
    return auditOf(tx, changed, { action: type, licence })
  },
})
