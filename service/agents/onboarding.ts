import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { ServiceDeps } from '../deps.ts'
import { system, type TenantTransaction } from '../store/transaction.ts'
import { unenrolRooms } from './offboarding.ts'

/** How many rooms may wait in onboarding, counted once in a transaction that lets several in, and how long one may. */
export class OnboardingRooms {
  readonly #tx: TenantTransaction
  #found: Promise<{ all: number; since: number }> | undefined
  #more = 0

  constructor(tx: TenantTransaction) {
    this.#tx = tx
  }

  /** Makes place for one more, let in by the tenant's key or by a room's account. @throws enrol.tooMany */
  async add(by: 'key' | 'account'): Promise<void> {
    this.#found ??= this.#count()
    const { all, since } = await this.#found
    const byKey = by === 'key' && since + this.#more >= limits.onboardingRoomsPerKey
    if (byKey || all + this.#more >= limits.onboardingRoomsPerTenant) throw new RoomkeeperError('enrol.tooMany')
    this.#more++
  }

  async #count(): Promise<{ all: number; since: number }> {
    const key = await this.#tx.tables.enrolmentKey().select('madeAt').executeTakeFirst()
    return this.#tx.roomsOnboarding(key?.madeAt ?? 0)
  }
}

/** Rooms that nobody has enrolled in time leave (ENR-4): unenrolled by the service, with a record of each, their devices off-boarded. */
export async function leaveOverdue({ store, rooms, now, config }: Pick<ServiceDeps, 'store' | 'rooms' | 'now' | 'config'>): Promise<void> {
  for (const { id: tenant } of await store.tenants()) {
    for (;;) {
      const overdue = await store.roomsOnboardingBefore(tenant, now() - config.timing.onboardingMs, limits.listRows)
      if (overdue.length === 0) break
      await store.write(tenant, system, async (tx) => {
        const changed = await unenrolRooms(rooms, tx, overdue)
        const docs = await tx.getMany('room', changed)
        for (const room of changed) {
          tx.audit({ category: 'Room', objectName: docs.get(room)?.name ?? room, operation: 'Update', detail: { action: 'unenrol', why: 'neverEnrolled', rooms: [room] } })
        }
      })
      if (overdue.length < limits.listRows) break
    }
  }
}
