import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { TenantId } from '../contract/ids.ts'
import type { Undo } from '../contract/system.ts'
import { Preferences } from '../contract/views.ts'
import { writeWhole } from './files.ts'

/**
 * What is kept in `preferences.json`: what the operator chose, and the Work offline switch; by account, which tenant is
 * one's own, and which one was entered last; and what the service's clock was ahead of this machine's (ms).
 */
const Stored = Preferences.extend({
  workOffline: z.boolean(),
  skew: z.int(),
  own: z.record(z.string(), TenantId),
  entered: z.record(z.string(), z.union([TenantId, z.literal('all')])),
})
type Stored = z.infer<typeof Stored>

const defaults: Stored = { language: 'system', theme: 'system', workOffline: false, skew: 0, own: {}, entered: {} }

/** Choices of this data folder. A file that cannot be read counts as none: nothing in it is worth not starting for. */
export class PreferenceFile {
  readonly #path: string
  readonly #listeners = new Set<(preferences: Preferences) => void>()
  #stored: Stored

  constructor(path: string) {
    this.#path = path
    this.#stored = read(path)
  }

  get preferences(): Preferences {
    const { language, theme } = this.#stored
    return { language, theme }
  }

  get workOffline(): boolean {
    return this.#stored.workOffline
  }

  get skew(): number {
    return this.#stored.skew
  }

  /** Errors: `disk.failed`; nothing changes then. */
  noteSkew(skew: number): void {
    this.#write({ ...this.#stored, skew })
  }

  /** The account's own tenant, where it was ever synced. */
  ownTenant(account: string): TenantId | null {
    return this.#stored.own[account] ?? null
  }

  /** What the account entered last. */
  entered(account: string): TenantId | 'all' | undefined {
    return this.#stored.entered[account]
  }

  /** Notes the account's own tenant, or what it entered. Errors: `disk.failed`; nothing changes then. */
  note(what: 'own', account: string, value: TenantId): void
  note(what: 'entered', account: string, value: TenantId | 'all'): void
  note(what: 'own' | 'entered', account: string, value: TenantId | 'all'): void {
    if (this.#stored[what][account] === value) return
    this.#write({ ...this.#stored, [what]: { ...this.#stored[what], [account]: value } })
  }

  /** Forgets what is kept of an account. Errors: `disk.failed`; nothing changes then. */
  forget(account: string): void {
    const { [account]: _own, ...own } = this.#stored.own
    const { [account]: _entered, ...entered } = this.#stored.entered
    this.#write({ ...this.#stored, own, entered })
  }

  /** Errors: `disk.failed`; nothing changes then. */
  set(changes: Partial<Preferences & { workOffline: boolean }>): Preferences {
    this.#write({ ...this.#stored, ...changes })
    for (const listener of this.#listeners) listener(this.preferences)
    return this.preferences
  }

  #write(stored: Stored): void {
    writeWhole(this.#path, JSON.stringify(stored))
    this.#stored = stored
  }

  /** Returns its undo. */
  listen(listener: (preferences: Preferences) => void): Undo {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

function read(path: string): Stored {
  try {
    const parsed = Stored.partial().safeParse(JSON.parse(readFileSync(path, 'utf8')))
    return parsed.success ? { ...defaults, ...parsed.data } : defaults
  } catch {
    return defaults
  }
}
