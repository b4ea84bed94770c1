import { existsSync } from 'node:fs'
import { defaultSettings } from '../../contract/entities.ts'
import { limits } from '../../contract/limits.ts'
import type { Clock, Random, Undo } from '../../contract/system.ts'
import { removeDatabase } from '../cache/open.ts'
import { Emitter } from '../emitter.ts'
import type { Log } from '../log.ts'
import { copyIs, type LeaseRecord, readLease, writeLease } from './record.ts'

const dayMs = 86_400_000
/** How often the time is looked at while the console runs, and how often what was seen is put on the disk. */
const lookEveryMs = 10_000
const keepEveryMs = 60_000
/** After so many looks without a word from the service there is no contact. */
const looksInContact = 4

export const defaultLeaseDays = defaultSettings.offlineLeaseDays ?? 0

export interface LeaseOptions {
  /** The copy's database; the record lies beside it. */
  cachePath: string
  /** The copy's key, which seals the record too, so that a record of one copy is none of another. */
  key(): Promise<Uint8Array>
  /** Forgets the copy's key: from then on the copy is unreadable. */
  forgetKey(): Promise<void>
  clock: Clock
  random: Random
  log: Log
}

/** Says how long the copy of one tenant may be read (ACC-8). */
export interface LeaseGuard {
  /**
   * Asked before anything of the copy is read; begins to watch the time. False: the lease has ended, the copy and its
   * key are gone. An empty one may be made, and counts as locked until the service is reached. Rejects where the key
   * cannot be had or forgotten: then nothing may be opened.
   */
  mayOpen(): Promise<boolean>
  /** The service was heard: its time, and the days that the tenant sets (0: no limit). */
  contact(serviceTime: number, leaseDays: number): void
  /** The tenant's days came or changed since the last contact. */
  setDays(leaseDays: number): void
  /** Locked, and nothing has come from the service since. */
  readonly ended: boolean
  /**
   * Called when the lease ends while the console runs, and the key is forgotten: close the copy, then ask `mayOpen` of a
   * new guard, which removes it. Returns its undo.
   */
  onEnd(listener: () => void): Undo
  /** Called by `contact` when a locked copy is not locked any more. Returns its undo. */
  onUnlock(listener: () => void): Undo
  /** Ends the watch and keeps the time that was seen last. */
  stop(): void
}

/**
 * The offline lease of one copy. It counts from the last contact by the service's time, on this machine's clock; a clock
 * that stands before what was seen ends it too. It guards what a lost machine holds against whoever finds it, not against
 * an owner who puts an older copy of the whole folder back.
 */
export class Lease implements LeaseGuard {
  readonly #options: LeaseOptions
  readonly #onEnd = new Emitter<void>()
  readonly #onUnlock = new Emitter<void>()
  #record: LeaseRecord | null = null
  #key: Uint8Array | null = null
  #keptAt = 0
  #looks = looksInContact
  #timer: Undo | null = null
  #ending = false

  constructor(options: LeaseOptions) {
    this.#options = options
  }

  get ended(): boolean {
    return this.#record?.ended ?? false
  }

  async mayOpen(): Promise<boolean> {
    const { cachePath, key, clock, log } = this.#options
    this.#key = await key()
    const kept = readLease(cachePath, this.#key)
    const record = this.#believed(kept)
    if (record === null || record.ended || overAt(record, clock.now())) {
      const there = existsSync(cachePath)
      if (there) log.warn({ record: typeof kept === 'string' ? kept : 'ended' }, 'the offline lease has ended; the copy is removed')
      await this.#purge(record)
    } else {
      this.#record = seenAt(record, clock.now())
      this.#keep()
    }
    this.#watch()
    return !this.ended
  }

  contact(serviceTime: number, leaseDays: number): void {
    const before = this.#record
    if (this.#ending || before === null) return
    const now = this.#options.clock.now()
    this.#looks = 0
    this.#record = { version: 1, contactAt: serviceTime, skew: serviceTime - now, days: leaseDays, seen: serviceTime, ended: false }
    if (before.ended || before.days !== leaseDays || Math.abs(now - this.#keptAt) >= keepEveryMs) this.#keep()
    if (before.ended) this.#onUnlock.emit()
  }

  setDays(leaseDays: number): void {
    if (this.#ending || this.#record === null || this.#record.days === leaseDays) return
    this.#record = { ...this.#record, days: leaseDays }
    this.#keep()
  }

  onEnd(listener: () => void): Undo {
    return this.#onEnd.listen(listener)
  }

  onUnlock(listener: () => void): Undo {
    return this.#onUnlock.listen(listener)
  }

  stop(): void {
    this.#timer?.()
    this.#timer = null
    if (this.#ending) return
    this.#ending = true
    if (this.#record !== null) this.#record = seenAt(this.#record, this.#options.clock.now())
    this.#keep()
  }

  /** The record to go by; null: there was one and it cannot be believed. */
  #believed(kept: LeaseRecord | 'none' | 'unusable'): LeaseRecord | null {
    if (typeof kept !== 'string') return kept
    const { cachePath, clock } = this.#options
    if (existsSync(cachePath) && this.#key !== null && copyIs(cachePath, this.#key) === 'leased') return null
    const now = clock.now()
    return { version: 1, contactAt: now, skew: 0, days: defaultLeaseDays, seen: now, ended: false }
  }

  #watch(): void {
    this.#timer?.()
    this.#timer = this.#options.clock.after(lookEveryMs, () => {
      this.#look()
      if (!this.#ending) this.#watch()
    })
  }

  #look(): void {
    const record = this.#record
    if (record === null || record.ended) return
    const now = this.#options.clock.now()
    // While the service is heard its time counts, and this machine's clock may be put right.
    if (++this.#looks > looksInContact && overAt(record, now)) {
      void this.#end()
      return
    }
    if (this.#looks > looksInContact) this.#record = seenAt(record, now)
    if (Math.abs(now - this.#keptAt) >= keepEveryMs) this.#keep()
  }

  /** The record says so before the key goes: a kill in between locks at the next start. */
  async #end(): Promise<void> {
    const { key, forgetKey, log } = this.#options
    this.#ending = true
    if (this.#record !== null) this.#record = { ...this.#record, ended: true }
    log.warn({}, 'the offline lease has ended; the copy is locked')
    this.#keep()
    try {
      await forgetKey()
      this.#key = await key()
      this.#keep()
    } catch (error) {
      log.error({ error: String(error) }, 'the key of a locked copy could not be forgotten; it is tried again')
    }
    this.#onEnd.emit()
  }

  /** Removes the copy, its key first, and notes under the new key that what comes next is locked. */
  async #purge(record: LeaseRecord | null): Promise<void> {
    const { cachePath, key, forgetKey, clock } = this.#options
    const now = clock.now()
    const ended: LeaseRecord = { ...(record ?? { version: 1, contactAt: now, skew: 0, days: defaultLeaseDays, seen: now }), ended: true }
    this.#record = ended
    if (existsSync(cachePath)) {
      this.#keep()
      await forgetKey()
      removeDatabase(cachePath)
      this.#key = await key()
    }
    this.#keep()
  }

  /** A disk that takes nothing leaves the record before: what it says ends no later. */
  #keep(): void {
    if (this.#record === null || this.#key === null) return
    try {
      writeLease(this.#options.cachePath, this.#key, this.#record, this.#options.random)
      this.#keptAt = this.#options.clock.now()
    } catch (error) {
      this.#options.log.warn({ error: String(error) }, 'the offline lease could not be noted')
    }
  }
}

const seenAt = (record: LeaseRecord, clockTime: number): LeaseRecord => ({
  ...record,
  seen: Math.max(record.seen, clockTime + record.skew),
})

/** Whether a lease is over at this time of this machine's clock. */
export function overAt({ contactAt, skew, days, seen }: LeaseRecord, clockTime: number): boolean {
  if (days === 0) return false
  const now = clockTime + skew
  return now >= contactAt + days * dayMs || now < seen - limits.leaseClockBackMs
}
