import { statSync } from 'node:fs'
import { join } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import type { Kind } from '../../contract/entities.ts'
import type { Preferences, SettingsView, SyncState } from '../../contract/views.ts'
import { scrubLine } from './scrub.ts'

export interface BundleFacts {
  version: string
  host: 'electron' | 'browser'
  protection: string
  preferences: Preferences
  workOffline: boolean
  session: string
  sync: SyncState
  /** Documents of each open tenant, one's own first. */
  counts: readonly Partial<Record<Kind, number>>[]
  outbox: { pending: number; refused: number }
  settings: SettingsView | undefined
  /** Folders of the tenants' files, one's own first. */
  folders: readonly string[]
  log: readonly string[]
  /** Names of the person and the organisation, to be taken out wherever they got in. */
  names: readonly string[]
  now: number
}

/**
 * A zip for whoever helps: versions, settings, states, counts and recent log lines. No names, tokens, addresses of
 * people, paths, or anything that an operator wrote.
 */
export function makeBundle(facts: BundleFacts): Uint8Array {
  const about = {
    madeAt: new Date(facts.now).toISOString(),
    console: facts.version,
    host: facts.host,
    platform: `${process.platform} ${process.arch}`,
    versions: { node: process.versions.node, electron: process.versions['electron'], chrome: process.versions['chrome'] },
    protection: facts.protection,
    preferences: facts.preferences,
    workOffline: facts.workOffline,
  }
  const { id: _tenant, ...settings } = facts.settings ?? { id: undefined }
  const state = {
    session: facts.session,
    sync: facts.sync,
    documents: facts.counts,
    outbox: facts.outbox,
    settings,
    files: facts.folders.map(sizes),
  }
  return zipSync({
    'about.json': strToU8(JSON.stringify(about, null, 2)),
    'state.json': strToU8(JSON.stringify(state, null, 2)),
    'console.log': strToU8(facts.log.map((line) => scrubLine(line, facts.names)).join('\n')),
  })
}

function sizes(folder: string): Record<string, number> {
  const found: Record<string, number> = {}
  for (const name of ['cache.db', 'cache.db-wal', 'outbox.db', 'outbox.db-wal']) {
    const size = statSync(join(folder, name), { throwIfNoEntry: false })?.size
    if (size !== undefined) found[name] = size
  }
  return found
}
