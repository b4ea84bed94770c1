import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { system, type TenantTransaction } from '../ground/store/transaction.ts'
import type { IncidentDeps } from '../incidents/deps.ts'
import { unenrolRooms } from './offboarding.ts'

/** How many rooms may wait in onboarding, counted once in a transaction that lets several in, and how long one may. */
export class OnboardingRooms {
  readonly #tx: TenantTransaction
  #found: Promise<{ all: number; since: number }> | undefined
  #more = 0
  /** Of accounts that let rooms in now: how many of theirs wait. */
  readonly #ofAccount = new Map<string, number>()

  constructor(tx: TenantTransaction) {
    this.#tx = tx
  }

  /** Makes place for one more, let in by a room's account (object id) or, where null, the tenant's key. @throws enrol.tooMany */
  async add(account: string | null): Promise<void> {
    this.#found ??= this.#count()
    const { all, since } = await this.#found
    const ofAccount = account === null ? 0 : (this.#ofAccount.get(account) ?? (await this.#tx.roomsOnboardingOf(account)))
    const byKey = account === null && since + this.#more >= limits.onboardingRoomsPerKey
    const byAccount = ofAccount >= limits.onboardingRoomsPerAccount
    if (byKey || byAccount || all + this.#more >= limits.onboardingRoomsPerTenant) throw new RoomkeeperError('enrol.tooMany')
    this.#more++
    if (account !== null) this.#ofAccount.set(account, ofAccount + 1)
  }

  async #count(): Promise<{ all: number; since: number }> {
    const key = await this.#tx.tables.enrolmentKey().select('madeAt').executeTakeFirst()
    return this.#tx.roomsOnboarding(key?.madeAt ?? 0)
  }
}

/** Rooms that nobody has enrolled in time leave (ENR-4): unenrolled by the service, with a record of each, their devices off-boarded. */
export async function leaveOverdue({
  store,
  rooms,
  clock,
  config,
}: Pick<IncidentDeps, 'store' | 'rooms' | 'clock' | 'config'>): Promise<void> {
  for (const { id: tenant } of await store.tenants()) {
    for (;;) {
      const overdue = await store.roomsOnboardingBefore(tenant, clock.now() - config.timing.onboardingMs, limits.listRows)
      if (overdue.length === 0) break
      await store.write(tenant, system, async (tx) => {
        const changed = await unenrolRooms(rooms, tx, overdue)
        const docs = await tx.getMany('room', changed)
        for (const room of changed) {
          tx.audit({
            category: 'Room',
            objectName: docs.get(room)?.name ?? room,
            operation: 'Update',
            detail: { action: 'rooms.unenrol', why: 'neverEnrolled', rooms: [room] },
          })
        }
      })
      if (overdue.length < limits.listRows) break
    }
  }
}
