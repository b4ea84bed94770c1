import { scrypt } from 'node:crypto'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { Random, System } from '../../contract/system.ts'
import type { Protection } from '../../contract/views.ts'
import { seal, unseal } from '../sealed.ts'
import { readIfThere, writePrivate } from './files.ts'

/**
 * Keeps one random key per name (per account, and one for the tokens), and protects it as well as the machine can:
 * by the system's own store, else by a passphrase, else only by the file's access rights.
 */

/** Wraps and unwraps keys. One per way of protection. */
export interface KeyKeeper {
  readonly protection: Protection
  wrap(name: string, key: Buffer): Promise<string>
  /** Undefined: this is not what was wrapped (another passphrase, another user's store, a damaged file). */
  unwrap(name: string, wrapped: string): Promise<Buffer | undefined>
}

/** The part of Electron's safeStorage that a vault needs; the Electron host gives it. */
export interface SystemStore {
  encryptString(plain: string): Buffer
  decryptString(wrapped: Buffer): string
}

export function systemKeeper(store: SystemStore): KeyKeeper {
  return {
    protection: 'system',
    wrap: async (name, key) => store.encryptString(JSON.stringify({ name, key: key.toString('base64') })).toString('base64'),
    unwrap: async (name, wrapped) => {
      try {
        const text = store.decryptString(Buffer.from(wrapped, 'base64'))
        const inside = z.object({ name: z.literal(name), key: z.base64() }).parse(JSON.parse(text))
        return Buffer.from(inside.key, 'base64')
      } catch {
        return undefined
      }
    },
  }
}

/** No protection beyond the file's rights; the console says so. */
export const plainKeeper: KeyKeeper = {
  protection: 'none',
  wrap: async (_name, key) => key.toString('base64'),
  unwrap: async (_name, wrapped) => Buffer.from(wrapped, 'base64'),
}

/** Cost of guessing one passphrase: about 128 MiB and half a second on a small machine. */
export const passphraseCost = { n: 2 ** 17, r: 8, p: 1 }
const Cost = z.object({
  n: z
    .int()
    .min(2)
    .max(2 ** 20),
  r: z.int().min(1).max(32),
  p: z.int().min(1).max(16),
})
const PassphraseWrap = z.object({ salt: z.base64(), ...Cost.shape, sealed: z.base64() })

/** Derives with scrypt; each salt is derived once and remembered while the program runs. */
export function passphraseKeeper(passphrase: string, random: Random, cost: z.infer<typeof Cost> = passphraseCost): KeyKeeper {
  const salt = random.bytes(16)
  const derived = new Map<string, Promise<Buffer>>()
  const derive = (from: Buffer, { n, r, p }: z.infer<typeof Cost>): Promise<Buffer> => {
    const at = `${from.toString('base64')}:${n}:${r}:${p}`
    const known = derived.get(at)
    if (known) return known
    const made = new Promise<Buffer>((resolve, reject) => {
      scrypt(passphrase.normalize('NFC'), from, 32, { N: n, r, p, maxmem: 256 * n * r }, (error, key) =>
        error ? reject(error) : resolve(key),
      )
    })
    derived.set(at, made)
    return made
  }
  return {
    protection: 'passphrase',
    wrap: async (name, key) => {
      const sealed = seal(await derive(salt, cost), `vault:${name}`, key, random).toString('base64')
      return JSON.stringify({ salt: salt.toString('base64'), ...cost, sealed })
    },
    unwrap: async (name, wrapped) => {
      const parsed = PassphraseWrap.safeParse(JSON.parse(wrapped))
      if (!parsed.success) return undefined
      const { salt: from, sealed, ...params } = parsed.data
      return unseal(await derive(Buffer.from(from, 'base64'), params), `vault:${name}`, Buffer.from(sealed, 'base64'))
    },
  }
}

const KeyName = z.string().regex(/^[a-z0-9-]{1,80}$/u)
const VaultFile = z.object({
  version: z.literal(1),
  protection: z.enum(['system', 'passphrase', 'none']),
  keys: z.record(KeyName, z.string()),
})
type VaultFile = z.infer<typeof VaultFile>

export interface Vault {
  readonly protection: Protection
  /**
   * The 32 bytes of this name, made at first use and on the disk before this returns. Names: a-z, 0-9 and hyphens.
   * Errors: vault.locked when the keys are kept in a way that is not at hand (no passphrase, a wrong one, another
   * system store).
   */
  key(name: string): Promise<Buffer>
  /** Forgets a key: what it encrypts can never be read again. */
  forget(name: string): Promise<void>
}

/**
 * Opens the vault of a data folder, made at first use. Keys that lay unprotected are wrapped anew when a better way is
 * at hand; the other direction never happens by itself. A vault file that cannot be read is set aside, not deleted.
 * Errors: vault.locked.
 */
export async function openVault(folder: string, keeper: KeyKeeper, { clock, random }: Pick<System, 'clock' | 'random'>): Promise<Vault> {
  const path = join(folder, 'vault.json')
  const stored = await readVault(path, clock.now())
  let file: VaultFile = stored ?? { version: 1, protection: keeper.protection, keys: {} }
  const keys = new Map<string, Buffer>()
  const reader = file.protection === keeper.protection ? keeper : file.protection === 'none' ? plainKeeper : undefined
  if (!reader) throw locked(file.protection)
  for (const [name, wrapped] of Object.entries(file.keys)) {
    const key = await reader.unwrap(name, wrapped)
    if (key?.length !== 32) throw locked(file.protection)
    keys.set(name, key)
  }

  const save = async (): Promise<void> => {
    const wrapped: Record<string, string> = {}
    for (const [name, key] of keys) {
      const unchanged = file.protection === keeper.protection ? file.keys[name] : undefined
      wrapped[name] = unchanged ?? (await keeper.wrap(name, key))
    }
    const next: VaultFile = { version: 1, protection: keeper.protection, keys: wrapped }
    await writePrivate(path, JSON.stringify(next, undefined, 2))
    file = next
  }
  if (reader !== keeper) await save()

  // Writes one after the other: each writes the whole file.
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work)
    last = turn
    return turn
  }
  return {
    protection: keeper.protection,
    key: (name) =>
      inTurn(async () => {
        const known = keys.get(KeyName.parse(name))
        if (known) return known
        const made = random.bytes(32)
        keys.set(name, made)
        try {
          await save()
        } catch (error) {
          keys.delete(name)
          throw error
        }
        return made
      }),
    forget: (name) =>
      inTurn(async () => {
        if (keys.delete(name)) await save()
      }),
  }
}

const locked = (protection: Protection): RoomkeeperError =>
  new RoomkeeperError('vault.locked', {
    params: { protection },
    detail:
      protection === 'passphrase'
        ? 'The keys of this data folder are protected by a passphrase: give the right one with --passphrase-file.'
        : 'The keys of this data folder are protected by the system store of the Electron console: open it there.',
  })

async function readVault(path: string, at: number): Promise<VaultFile | undefined> {
  const bytes = await readIfThere(path)
  if (!bytes) return undefined
  try {
    return VaultFile.parse(JSON.parse(bytes.toString('utf8')))
  } catch {
    await rename(path, `${path}.unreadable-${at}`)
    return undefined
  }
}
