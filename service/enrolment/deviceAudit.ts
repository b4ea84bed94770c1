import type { Lifecycle } from '../../contract/entities.ts'
import type { DeviceId, RoomId } from '../../contract/ids.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'

/** By what a device was let in: the tenant's self-enrolment key, its own key alone, or the account of a room (its address). */
export type EnrolledBy = { readonly by: 'key' | 'own' } | { readonly by: 'account'; readonly account: string }

/** What became of a device's key; `lifecycle`: what its room is in afterwards. */
export type DeviceAct =
  | ({ readonly action: 'device.enrol'; readonly lifecycle?: Lifecycle } & EnrolledBy)
  /** `proved`: by the key before. */
  | ({ readonly action: 'device.newKey'; readonly proved: boolean; readonly lifecycle: Lifecycle } & EnrolledBy)
  /** Its key is known, and its files had lost what it enrolled as. */
  | ({ readonly action: 'device.restore' } & EnrolledBy)
  /** Another machine has its key, too; or, `over`, only one has been seen since. `times`: how often both were; absent: not known. */
  | { readonly action: 'device.copied'; readonly machines: string; readonly times?: number; readonly over: boolean }
  /** `offboarded`: the device says that its agent is gone; `overdue`: it did not in time. */
  | { readonly action: 'device.revoke'; readonly why: 'offboarded' | 'overdue' }

const operations = {
  'device.enrol': 'Create',
  'device.newKey': 'Update',
  'device.restore': 'Update',
  'device.copied': 'Update',
  'device.revoke': 'Delete',
} as const

/** One record of one act (AUD-1). Its doer is the service: a device is no person, and what let it in stands in the detail. */
export function auditDevice(
  tx: TenantTransaction,
  act: DeviceAct,
  of: { readonly device: DeviceId; readonly room: RoomId; readonly name: string },
): void {
  tx.audit({
    category: 'Device',
    objectName: of.name,
    operation: operations[act.action],
    detail: { ...act, room: of.room, device: of.device },
  })
}
