import { existsSync, readFileSync, rmSync } from 'node:fs'
import { z } from 'zod'
import { Millis } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { Random } from '../../contract/system.ts'
import { openReadable } from '../cache/open.ts'
import { writeWhole } from '../files.ts'
import { seal, unseal } from '../sealed.ts'

/** What is kept beside a copy to know how long it may be read. Times are the service's, as far as they are known. */
export const LeaseRecord = z.object({
  version: z.literal(1),
  /** The last contact; of a copy that never had one, when it was made. */
  contactAt: Millis,
  /** What the service's clock was ahead of this machine's then. */
  skew: z.int(),
  /** 0: no limit. */
  days: z.int().min(0).max(limits.offlineLeaseDaysAtMost),
  /** The latest time that was seen: an earlier one means that the clock was turned back. */
  seen: Millis,
  /** The copy was locked and nothing has come from the service since. */
  ended: z.boolean(),
})
export type LeaseRecord = z.infer<typeof LeaseRecord>

/** Where the record of a copy lies. */
export const leasePath = (cachePath: string): string => `${cachePath}.lease`

/** Removes the record, with a copy that was forgotten at sign-out. */
export const removeLease = (cachePath: string): void => rmSync(leasePath(cachePath), { force: true })

const purpose = 'roomkeeper-lease'

/** `unusable`: there is one, but not of this key, or a byte of it was changed. */
export function readLease(cachePath: string, key: Uint8Array): LeaseRecord | 'none' | 'unusable' {
  if (!existsSync(leasePath(cachePath))) return 'none'
  try {
    const plain = unseal(key, purpose, readFileSync(leasePath(cachePath)))
    return LeaseRecord.parse(JSON.parse(plain?.toString('utf8') ?? ''))
  } catch {
    return 'unusable'
  }
}

/** On the disk when it returns. Errors: `disk.failed`. */
export function writeLease(cachePath: string, key: Uint8Array, record: LeaseRecord, random: Random): void {
  writeWhole(leasePath(cachePath), seal(key, purpose, Buffer.from(JSON.stringify(record), 'utf8'), random))
}

/**
 * What a copy without a usable record is: `leased`, so its record was taken away or changed; `older` than leases; or
 * `unreadable` with this key, so that there is nothing to keep from anyone.
 */
export function copyIs(cachePath: string, key: Uint8Array): 'leased' | 'older' | 'unreadable' {
  try {
    const db = openReadable(cachePath, key)
    try {
      return db.prepare(`select 1 from meta where key = 'leased'`).get() === undefined ? 'older' : 'leased'
    } finally {
      db.close()
    }
  } catch {
    return 'unreadable'
  }
}
