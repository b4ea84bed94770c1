import { limits } from '../../contract/limits.ts'
import { Bucket } from '../ground/bucket.ts'

/**
 * What one device may cost (a device, and nobody else, waits when it costs more): messages by their bytes and reports, changes
 * of its room, connections. It outlives a connection, so that coming anew gives nothing.
 */
export class DeviceBudget {
  readonly #bytes: Bucket
  readonly #reports: Bucket
  readonly #connections: Bucket
  /** In the device's own time, corrected: what it saw while it was away counts for when it saw it. Never ahead of the service's. */
  #changes: Bucket | undefined
  /** The same in the service's own time, for a full journal: whatever a device says of when it saw something. */
  readonly #changesNow: Bucket
  #noted = false
  /** It has spent its changes, and half of them have not come back. */
  limited = false

  constructor(at: number) {
    this.#bytes = new Bucket(limits.deviceBytes, 1_000 / limits.deviceBytesPerSecond, at)
    this.#reports = new Bucket(limits.deviceReports, 1_000 / limits.deviceReportsPerSecond, at)
    this.#connections = new Bucket(limits.deviceConnections, limits.deviceConnectionMs, at)
    this.#changesNow = new Bucket(limits.deviceChangesOfJournal, limits.deviceChangeMs, at)
  }

  /** One connection. Whether it may be. */
  connect(at: number): boolean {
    if (this.#connections.left(at) < 1) return false
    this.#connections.spend(1, at)
    return true
  }

  /** One message. Whether the device may go on at once. */
  message(bytes: number, at: number): boolean {
    this.#bytes.spend(bytes + limits.deviceMessageBytes, at)
    return this.mayGoOn(at)
  }

  report(at: number): void {
    this.#reports.spend(1, at)
  }

  mayGoOn(at: number): boolean {
    return this.#bytes.left(at) >= 0 && this.#reports.left(at) >= 0
  }

  /**
   * So many changes of the room, seen at this moment; `since`: what was seen before that is counted already; `at`: now.
   * Whether there was anything left for them.
   */
  change(changes: number, seenAt: number, since: number, at: number): boolean {
    if (changes === 0) return true
    this.#changes ??= new Bucket(limits.deviceChanges, limits.deviceChangeMs, since)
    if (this.#changes.left(seenAt) < 1 || this.#changesNow.left(at) < 1) return false
    this.#changes.spend(changes, seenAt)
    this.#changesNow.spend(changes, at)
    return true
  }

  /** True once each time that it has become limited: for the room's history. */
  noted(): boolean {
    const first = this.limited && !this.#noted
    this.#noted = this.limited
    return first
  }

  /** Whether the changes have calmed down: half of them have come back. */
  isCalm(at: number): boolean {
    return Math.min(this.#changes?.left(at) ?? limits.deviceChanges, this.#changesNow.left(at)) >= limits.deviceChanges / 2
  }

  /** As good as a new one. */
  isUntouched(at: number): boolean {
    return (
      this.#bytes.isFull(at) &&
      this.#reports.isFull(at) &&
      this.#connections.isFull(at) &&
      (this.#changes?.isFull(at) ?? true) &&
      this.#changesNow.isFull(at)
    )
  }
}
