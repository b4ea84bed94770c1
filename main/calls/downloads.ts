import type { Console } from '../console.ts'
import { safeFileName, saveNew } from '../files.ts'

/** Files that operators ask for, and the addresses that they come from. */

/** Saves it in the operator's download folder; `otherwise` where nothing of the name can be used. Errors: `disk.failed`. */
export function saveDownload(core: Console, name: string, otherwise: string, bytes: Uint8Array): { path: string; bytes: number } {
  return saveNew(core.options.host.downloadFolder, safeFileName(name, otherwise), bytes)
}

const latestMillis = 8_640_000_000_000_000
/** The day of a moment (UTC ms), such as 2026-11-21. */
export const dayOf = (at: number): string => new Date(Math.min(at, latestMillis)).toISOString().slice(0, 10)

/** '' or '?a=1&b=2' of what is given. */
export function queryOf(values: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(values).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, String(value)]]))
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}
