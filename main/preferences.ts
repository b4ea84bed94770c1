import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { Preferences } from '../contract/views.ts'
import type { Undo } from './platform.ts'
import { writeWhole } from './files.ts'

/** What is kept in `preferences.json`: what the operator chose, and the Work offline switch. */
const Stored = Preferences.extend({ workOffline: z.boolean() })
type Stored = z.infer<typeof Stored>

const defaults: Stored = { language: 'system', theme: 'system', workOffline: false }

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

  /** Errors: `disk.failed`; nothing changes then. */
  set(changes: Partial<Stored>): Preferences {
    const stored = { ...this.#stored, ...changes }
    writeWhole(this.#path, JSON.stringify(stored))
    this.#stored = stored
    for (const listener of this.#listeners) listener(this.preferences)
    return this.preferences
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
