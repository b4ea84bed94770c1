import type { RoomId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import { type RoomMemory, RoomWork } from './apply.ts'
import type { KnownRoom } from './openRoom.ts'
import type { Rules } from './rules.ts'

/**
 * The engine's shell: a write-through cache of what it remembers of rooms, in the one process that writes. All changes
 * of room documents, and all that the engine does to incidents, go through `within`; memory changes only after the
 * commit, so that a failed transaction leaves no trace.
 */
export class Rooms implements RoomMemory {
  readonly #capacity: number
  readonly #rooms = new Map<RoomId, KnownRoom>()
  readonly #rules = new Map<TenantId, Rules>()
  readonly #works = new WeakMap<TenantTransaction, RoomWork>()
  readonly #timerListeners = new Set<(at: number) => void>()

  /** `capacity`: rooms kept in memory. */
  constructor(capacity: number = limits.roomsInMemory) {
    this.#capacity = capacity
  }

  /** The engine's work inside one transaction; always the same one for the same transaction. */
  within(tx: TenantTransaction): RoomWork {
    let work = this.#works.get(tx)
    if (!work) {
      work = new RoomWork(tx, this)
      this.#works.set(tx, work)
    }
    return work
  }

  /** Told of the earliest timer of each commit. Returns its undo. */
  onTimer(listener: (at: number) => void): () => void {
    this.#timerListeners.add(listener)
    return () => void this.#timerListeners.delete(listener)
  }

  cached(room: RoomId): KnownRoom | undefined {
    const known = this.#rooms.get(room)
    if (known && this.#rooms.size > this.#capacity / 2) {
      // Used again: goes to the young end. With room to spare the order does not matter.
      this.#rooms.delete(room)
      this.#rooms.set(room, known)
    }
    return known
  }

  rulesOf(tenant: TenantId): Rules | undefined {
    return this.#rules.get(tenant)
  }

  /** For `RoomWork`, after the commit: what is true now. */
  remember(tenant: TenantId, rooms: Iterable<KnownRoom>, rules: Rules | undefined): void {
    let earliest: number | null = null
    for (const known of rooms) {
      this.#rooms.delete(known.base.id)
      this.#rooms.set(known.base.id, known)
      if (known.nextTimerAt !== null && (earliest === null || known.nextTimerAt < earliest)) earliest = known.nextTimerAt
    }
    while (this.#rooms.size > this.#capacity) {
      const oldest = this.#rooms.keys().next()
      if (oldest.done) break
      this.#rooms.delete(oldest.value)
    }
    if (rules) this.#rules.set(tenant, rules)
    if (earliest !== null) for (const listener of this.#timerListeners) listener(earliest)
  }
}
