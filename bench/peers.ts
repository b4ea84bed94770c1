import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { out, root } from '../build/paths.ts'
import { run } from '../build/run.ts'

/** What others make for the same purpose, measured in the same run: programs of bench/peers, with the packages of its own lock file. */

const sources = join(root, 'bench', 'peers')
/** Installed once, outside of what the product is made of. */
const installed = join(out, 'peers')
const installMs = 180_000
const peerMs = 600_000

/** Each peer takes the address of the rows and an empty folder. */
const peers = { rxdb: 'RxDB, in memory', pouchdb: 'PouchDB, between two LevelDB' } as const
type Peer = keyof typeof peers

const Replicated = z.object({ seconds: z.number().positive(), rows: z.int() })

export interface Replication {
  readonly what: string
  readonly seconds: number
}

/** Installs the peers where that has not been done; answers why it cannot be, where so. */
async function install(): Promise<string | undefined> {
  mkdirSync(installed, { recursive: true })
  cpSync(sources, installed, { recursive: true })
  if (existsSync(join(installed, 'node_modules'))) return undefined
  const { code, output } = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: installed, limitMs: installMs })
  return code === 0 ? undefined : (output.trim().split('\n').at(-1) ?? `npm ended with ${code}`)
}

async function replicate(peer: Peer, url: string, folder: string): Promise<{ seconds: number; rows: number }> {
  mkdirSync(folder)
  const { code, answer, output } = await run(process.execPath, [join(installed, `${peer}.mjs`), url, folder], { limitMs: peerMs })
  if (code !== 0) throw new Error(`${peers[peer]} ended with ${code}: ${output.slice(-500)}`)
  return Replicated.parse(JSON.parse(answer))
}

/**
 * Seconds that each peer takes for the rows at an address (NDJSON), all of which it has to have in the end. Without a network to
 * install them, none, and `say` is told why.
 */
export async function replications(url: string, rows: number, folder: string, say: (text: string) => void): Promise<Replication[]> {
  const missing = await install()
  if (missing !== undefined) {
    say(`no peers: ${missing}`)
    return []
  }
  const all: Replication[] = []
  for (const peer of ['rxdb', 'pouchdb'] as const) {
    const done = await replicate(peer, url, join(folder, peer))
    if (done.rows !== rows) throw new Error(`${peers[peer]} has ${done.rows} of ${rows} rows`)
    all.push({ what: peers[peer], seconds: done.seconds })
  }
  return all
}
