import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Clock } from '../../contract/system.ts'
import { RateLimit } from '../ground/rateLimit.ts'

/**
 * Connections by address until they have proved a device; from then on they are counted by device. A thousand devices share
 * one address, and all come back at once when its network does.
 */
export class Strangers {
  readonly #waiting = new Map<string, number>()
  readonly #rate: RateLimit

  constructor(clock: Pick<Clock, 'now'>) {
    this.#rate = new RateLimit(limits.agentConnectionsPerMinute, clock)
  }

  /** One more of this address. @throws RoomkeeperError rate.limited where it has too many, or asks too often. */
  come(address: string): void {
    this.#rate.take(address)
    if ((this.#waiting.get(address) ?? 0) >= limits.agentStrangersPerAddress) throw new RoomkeeperError('rate.limited')
    this.#waiting.set(address, (this.#waiting.get(address) ?? 0) + 1)
  }

  leave(address: string): void {
    const left = (this.#waiting.get(address) ?? 0) - 1
    if (left > 0) this.#waiting.set(address, left)
    else this.#waiting.delete(address)
  }
}
