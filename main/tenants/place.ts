import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { TenantId } from '../../contract/ids.ts'
import { removeDatabase, setAside } from '../cache/open.ts'
import { removeLease } from '../lease/record.ts'
import type { Vault } from '../platform.ts'

/**
 * Where the two files of one tenant lie, and under which names the vault keeps their keys. One's own tenant has the
 * account's folder, each customer a folder in it.
 */
export interface Place {
  readonly folder: string
  readonly cachePath: string
  readonly outboxPath: string
  readonly cacheKey: string
  readonly outboxKey: string
}

/** The place of one's own tenant, or of a customer. `root`: the console's data folder. */
export function placeOf(root: string, account: string, customer?: TenantId): Place {
  const folder = customer === undefined ? join(root, account) : join(root, account, customer)
  const name = customer === undefined ? account : `${account}-${customer.replaceAll('-', '')}`
  return {
    folder,
    cachePath: join(folder, 'cache.db'),
    outboxPath: join(folder, 'outbox.db'),
    cacheKey: `cache-${name}`,
    outboxKey: `outbox-${name}`,
  }
}

/** Customers that something is kept of, whether or not they still are customers. */
export function customersKept(root: string, account: string): TenantId[] {
  const folder = join(root, account)
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const tenant = TenantId.safeParse(entry.name)
    return entry.isDirectory() && tenant.success ? [tenant.data] : []
  })
}

/** Copies that could not be used are kept for a look at them; what they held comes again from the service. */
const asideKept = 2

/** Renames a cache that is not open, so that it is built anew. The outbox is not touched. */
export function setCacheAside({ cachePath }: Place, now: number): void {
  setAside(cachePath, now, asideKept)
}

/** Forgets what was synced, of a cache that is not open: the key first, so that a kill leaves nothing readable. */
export async function forgetCache({ cachePath, cacheKey }: Place, vault: Vault): Promise<void> {
  await vault.forget(cacheKey)
  removeDatabase(cachePath)
  removeLease(cachePath)
}

/** Removes a customer's place for good, when nothing is unsent in it. */
export async function forgetPlace(place: Place, vault: Vault): Promise<void> {
  await forgetCache(place, vault)
  await vault.forget(place.outboxKey)
  rmSync(place.folder, { recursive: true, force: true })
}

/** Forgets what was synced for an account that is not open, of every tenant; one's own last, by which it is known. */
export async function forgetAccount(root: string, account: string, vault: Vault): Promise<void> {
  for (const place of [...customersKept(root, account).map((tenant) => placeOf(root, account, tenant)), placeOf(root, account)]) {
    await forgetCache(place, vault)
  }
}

/** Forgets what an interrupted sign-out left behind, of all accounts but the current one. */
export async function forgetLeftOvers(root: string, current: string | undefined, vault: Vault): Promise<void> {
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name === current || !existsSync(join(root, entry.name, 'cache.db'))) continue
    await forgetAccount(root, entry.name, vault)
  }
}
