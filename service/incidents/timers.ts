import type { RoomId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { Clock, Undo } from '../../contract/system.ts'
import type { Store } from '../ground/store/store.ts'
import { system } from '../ground/store/transaction.ts'
import type { Rooms } from './rooms.ts'

/** The longest single sleep; timers further away are looked at again then. */
const longestSleepMs = 3_600_000

export interface TimersOptions {
  readonly store: Store
  readonly rooms: Rooms
  readonly clock: Clock
  /** Told when a run failed; the next try follows after a pause. */
  readonly onProblem: (error: unknown) => void
}

/**
 * Takes rooms through the engine when their time has come (INC-3). Which room is due when is in the database, so
 * timers survive a restart; in memory there is one timer, for the earliest.
 */
export class Timers {
  readonly #options: TimersOptions
  #endSleep: Undo | undefined
  #sleepUntil = Infinity
  #running: Promise<void> | undefined
  /** The earliest that was asked for while a round ran. */
  #meanwhile = Infinity
  #stopped = true
  #unsubscribe: (() => void) | undefined

  constructor(options: TimersOptions) {
    this.#options = options
  }

  start(): void {
    this.#stopped = false
    this.#unsubscribe = this.#options.rooms.onTimer((at) => this.#wakeAt(at))
    this.#wakeAt(0)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#unsubscribe?.()
    this.#endSleep?.()
    await this.#running
  }

  /** Lets everything happen that is due now. Returns when it is committed. */
  async run(): Promise<void> {
    const { store, rooms, clock } = this.#options
    for (;;) {
      const due = await store.dueRooms(clock.now(), limits.dueRoomsTogether)
      if (due.length === 0) return
      await store.writeMany(system, async (on) => {
        for (const [tenant, ids] of byTenant(due)) {
          const work = rooms.within(on(tenant))
          await work.load(ids)
          for (const id of ids) if (work.has(id)) work.take(id, { type: 'timer' })
          await work.flush()
        }
      })
      if (due.length < limits.dueRoomsTogether) return
    }
  }

  #wakeAt(at: number): void {
    if (this.#running) this.#meanwhile = Math.min(this.#meanwhile, at)
    if (this.#stopped || this.#running || at >= this.#sleepUntil) return
    this.#endSleep?.()
    this.#sleepUntil = at
    const wait = Math.min(Math.max(at - this.#options.clock.now(), 1), longestSleepMs)
    this.#endSleep = this.#options.clock.after(wait, () => this.#awake())
  }

  #awake(): void {
    this.#sleepUntil = Infinity
    if (this.#running || this.#stopped) return
    this.#running = this.#round()
  }

  async #round(): Promise<void> {
    this.#meanwhile = Infinity
    let next: number | null = this.#options.clock.now() + limits.retryFirstMs
    try {
      await this.run()
      next = await this.#options.store.nextRoomTimer()
    } catch (error) {
      this.#options.onProblem(error)
    } finally {
      this.#running = undefined
    }
    this.#wakeAt(Math.min(next ?? Infinity, this.#meanwhile))
  }
}

export function byTenant(rooms: readonly { tenant: TenantId; room: RoomId }[]): Map<TenantId, RoomId[]> {
  const found = new Map<TenantId, RoomId[]>()
  for (const { tenant, room } of rooms) {
    const ids = found.get(tenant)
    if (ids) ids.push(room)
    else found.set(tenant, [room])
  }
  return found
}
