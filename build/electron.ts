import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { out, tool } from './paths.ts'
import { run } from './run.ts'

const packageFolder = tool('electron')
const failureNote = join(out, 'electron-fetch.json')
const failureKeptMs = 24 * 3_600_000
const wholeFetchMs = 600_000

/** The Electron binary that is installed here. */
function installed(): string | undefined {
  const named = join(packageFolder, 'path.txt')
  if (!existsSync(named)) return undefined
  const file = join(packageFolder, 'dist', readFileSync(named, 'utf8'))
  return existsSync(file) ? file : undefined
}

/** Why a window cannot open here, if so: asked before anything is fetched for it. */
function noWindow(): string | undefined {
  if (process.platform !== 'linux') return undefined
  if (!process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) return 'there is no display'
  if (process.getuid?.() === 0) return 'Electron does not run as root'
  return undefined
}

function failedLately(now: number): boolean {
  try {
    return now - Number(readFileSync(failureNote, 'utf8')) < failureKeptMs
  } catch {
    return false
  }
}

/** Fetches the binary as Electron's package does when asked to; a failure is remembered for a day. */
async function fetchElectron(): Promise<boolean> {
  const { code } = await run(process.execPath, [tool('electron', 'install.js')], { limitMs: wholeFetchMs })
  if (code === 0 && installed()) {
    rmSync(failureNote, { force: true })
    return true
  }
  mkdirSync(out, { recursive: true })
  writeFileSync(failureNote, String(Date.now()))
  return false
}

/**
 * Electron's binary, fetched if it is not there, or why it cannot be had. Waits for the fetch at most `fetchMs`; a
 * fetch that takes longer goes on beside, for the next start. `insist` tries again after a failure of today.
 */
export async function findElectron(options: { fetchMs: number; insist?: boolean }): Promise<{ path: string } | { missing: string }> {
  const why = noWindow()
  if (why) return { missing: why }
  const there = installed()
  if (there) return { path: there }
  if (!options.insist && failedLately(Date.now())) return { missing: 'the Electron program could not be fetched earlier today' }
  const fetched = fetchElectron()
  const timer = new Promise<'later'>((resolve) => setTimeout(() => resolve('later'), options.fetchMs).unref())
  const result = await Promise.race([fetched, timer])
  if (result === 'later') return { missing: 'the Electron program is still being fetched; the next start may have it' }
  const path = installed()
  return path ? { path } : { missing: 'the Electron program could not be fetched' }
}
