import type { ServiceToAgent } from '../../contract/agent.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { DeviceId, RoomId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { Turn } from '../../contract/system.ts'
import type { Metrics } from '../ground/ops/metrics.ts'
import type { Store } from '../ground/store/store.ts'
import { system } from '../ground/store/transaction.ts'
import type { Rooms } from '../incidents/rooms.ts'
import { Batch } from './batch.ts'
import type { IntakeItem, SessionOutcome } from './intakeItems.ts'
import type { AgentSession } from './session.ts'

export interface IntakeOptions {
  readonly store: Store
  readonly rooms: Rooms
  readonly metrics: Metrics
  readonly turn: Turn
  /** Whether somebody is there for the room: a silence that was noticed before they came is void. */
  readonly isPresent: (room: RoomId) => boolean
  /** Told after the commit. */
  readonly onCommitted: (outcomes: readonly SessionOutcome[]) => void
  /** Nothing of these was committed. */
  readonly onFailed: (items: readonly IntakeItem[], error: unknown) => void
}

/**
 * Group commit: all that arrived since the last commit goes through the engine and into the store in one transaction,
 * and is acknowledged once that is on the disk. The more arrives, the larger the batches and the cheaper each report.
 */
export class Intake {
  readonly #options: IntakeOptions
  #queue: IntakeItem[] = []
  readonly #paused = new Set<AgentSession>()
  #working: Promise<void> | undefined

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  get waiting(): number {
    return this.#queue.length
  }

  /** Queues one thing. A session that fills the queue is not read from until there is room again. */
  add(item: IntakeItem): void {
    this.#queue.push(item)
    if (this.#queue.length >= limits.intakeQueue && 'session' in item && !this.#paused.has(item.session)) {
      this.#paused.add(item.session)
      item.session.pause('crowded')
    }
    this.#working ??= this.#work()
  }

  /** Resolves when all that was queued is committed or has failed. */
  async idle(): Promise<void> {
    while (this.#working) await this.#working
  }

  async #work(): Promise<void> {
    while (this.#queue.length > 0) {
      // One turn of the loop: what other sockets have received meanwhile joins the batch.
      await this.#options.turn()
      const items = this.#queue.splice(0, limits.intakeBatch)
      if (this.#queue.length < limits.intakeQueue / 2) this.#resume()
      await this.#commit(items)
    }
    this.#working = undefined
  }

  #resume(): void {
    for (const session of this.#paused) session.resume('crowded')
    this.#paused.clear()
  }

  async #commit(items: readonly IntakeItem[]): Promise<void> {
    try {
      await this.#tryCommit(items)
    } catch (error) {
      // A lock is in everybody's way.
      const parts = isLocked(error) ? [items] : bySession(items)
      if (parts.length === 1) {
        this.#options.onFailed(items, error)
        return
      }
      // One session's bad luck must not be everybody's.
      for (const part of parts) await this.#commit(part)
    }
  }

  async #tryCommit(items: readonly IntakeItem[]): Promise<void> {
    const { store, rooms, metrics, isPresent, onCommitted } = this.#options
    const tenants = byTenant(items)
    const outcomes = await store.writeMany(system, async (on) => {
      const found: SessionOutcome[] = []
      for (const [tenant, own] of tenants) {
        const batch = new Batch(on(tenant), rooms, isPresent)
        found.push(...(await batch.run(own)))
      }
      return found
    })
    metrics.intakeBatch.observe(items.length)
    onCommitted(outcomes)
  }
}

/** Another program holds the database, which the log says once. */
export const isLocked = (error: unknown): error is RoomkeeperError => error instanceof RoomkeeperError && error.code === 'store.locked'

/** The acknowledgement of one session, as text: the same few bytes for almost all. */
export function acknowledgement({ progress, rejected }: SessionOutcome): string {
  const upTo = progress.acknowledged
  if (rejected.length === 0) return `{"type":"ack","upTo":${upTo}}`
  const message: ServiceToAgent = { type: 'ack', upTo, rejected }
  return JSON.stringify(message)
}

function byTenant(items: readonly IntakeItem[]): Map<TenantId, IntakeItem[]> {
  const found = new Map<TenantId, IntakeItem[]>()
  for (const item of items) {
    const tenant = 'session' in item ? item.session.identity?.tenant : item.tenant
    if (tenant === undefined) continue
    const own = found.get(tenant)
    if (own) own.push(item)
    else found.set(tenant, [item])
  }
  return found
}

/** Parts that can be committed apart: what one device does stays together and in order. */
function bySession(items: readonly IntakeItem[]): IntakeItem[][] {
  const parts = new Map<DeviceId | RoomId | undefined, IntakeItem[]>()
  for (const item of items) {
    const key = 'session' in item ? item.session.identity?.device : item.room
    const part = parts.get(key)
    if (part) part.push(item)
    else parts.set(key, [item])
  }
  return [...parts.values()]
}
