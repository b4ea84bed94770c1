import { CompiledQuery, type DatabaseConnection, type Dialect, type Driver, type QueryResult } from 'kysely'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { limits } from '../../../contract/limits.ts'

/** What a connection knows of the lock that another program may hold on the database. */
export class ForeignLock {
  readonly #now: () => number
  readonly #onChange: (locked: boolean) => void
  #since: number | undefined
  #said = false

  /** `now`: ms of a clock that is never set. `onChange` is told when it was in the way for `storeLockedSaidMs`, and when it is gone. */
  constructor(now: () => number, onChange: (locked: boolean) => void) {
    this.#now = now
    this.#onChange = onChange
  }

  /** Something met it. How long it has been in the way, in ms. */
  met(): number {
    const at = this.#now()
    const since = (this.#since ??= at)
    if (!this.#said && at - since >= limits.storeLockedSaidMs) {
      this.#said = true
      this.#onChange(true)
    }
    return at - since
  }

  gone(): void {
    this.#since = undefined
    if (!this.#said) return
    this.#said = false
    this.#onChange(false)
  }
}

export interface Patience {
  readonly lock: ForeignLock
  /** Whether an error says that somebody else holds a lock. */
  readonly isLocked: (error: unknown) => boolean
  /** How a transaction begins, so that a lock is met there and nowhere in its middle. */
  readonly begin: string
  readonly pause: (ms: number) => Promise<void>
}

/**
 * A dialect whose statements meet a lock of another program without a wait in the thread: they are tried again with pauses that leave it
 * free, for `storeLockedMs` from when the lock was first met; from then on they are tried once. @throws RoomkeeperError store.locked
 */
export function patiently(dialect: Dialect, patience: Patience): Dialect {
  return {
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver: () => new PatientDriver(dialect.createDriver(), patience),
  }
}

class PatientDriver implements Driver {
  readonly #driver: Driver
  readonly #patience: Patience

  constructor(driver: Driver, patience: Patience) {
    this.#driver = driver
    this.#patience = patience
  }

  async init(): Promise<void> {
    await this.#driver.init()
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    return new PatientConnection(await this.#driver.acquireConnection(), this.#patience)
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(this.#patience.begin))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  async releaseConnection(): Promise<void> {
    // There is one connection, and it stays open.
  }

  async destroy(): Promise<void> {
    await this.#driver.destroy()
  }
}

class PatientConnection implements DatabaseConnection {
  readonly #connection: DatabaseConnection
  readonly #patience: Patience

  constructor(connection: DatabaseConnection, patience: Patience) {
    this.#connection = connection
    this.#patience = patience
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { lock, isLocked, pause } = this.#patience
    for (let waitMs = 5; ; waitMs = Math.min(waitMs * 2, 100)) {
      try {
        const result = await this.#connection.executeQuery<R>(query)
        lock.gone()
        return result
      } catch (error) {
        if (!isLocked(error)) throw error
        const inTheWayMs = lock.met()
        if (inTheWayMs >= limits.storeLockedMs)
          throw new RoomkeeperError('store.locked', { params: { retryAfter: limits.storeLockedAgainS } }, error)
      }
      await pause(waitMs)
    }
  }

  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    return this.#connection.streamQuery<R>(query, chunkSize)
  }
}
