import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { RoomkeeperError } from '../contract/errors.ts'
import { saysLocked } from './cache/open.ts'
import type { DataFolder } from './platform.ts'

/**
 * Makes `DIR/console` where it is missing and takes it for this process: two processes with one outbox would send
 * things twice. The lock is one of the operating system (through SQLite), so it goes with the process, however that ends.
 * Errors: `cache.locked` when another console holds it.
 */
export function lockDataFolder(dataDir: string): DataFolder {
  const path = join(dataDir, 'console')
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const lock = new Database(join(path, 'console.lock'), { timeout: 0 })
  try {
    lock.pragma('locking_mode = exclusive')
    lock.exec('begin exclusive; create table if not exists held (by integer); commit')
  } catch (error) {
    lock.close()
    if (saysLocked(error)) {
      throw new RoomkeeperError('cache.locked', {}, error)
    }
    throw error
  }
  let held = true
  return {
    path,
    release() {
      if (!held) return
      held = false
      lock.close()
    },
  }
}
