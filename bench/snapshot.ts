import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { z } from 'zod'
import { startPart } from '../build/part.ts'
import { snapshotPath, type Row, SnapshotPage } from '../contract/feed.ts'
import { machine } from '../contract/machine.ts'
import { reportedSignals } from '../contract/signals.ts'
import { Cache } from '../main/cache/cache.ts'
import { createLog } from '../main/log.ts'
import { fetchSnapshot } from '../main/sync/snapshot.ts'
import { type Bench, median } from './bench.ts'
import { connect, inParallel } from './device.ts'
import { type Replication, replications } from './peers.ts'
import { enrolDevices, type Service, startService } from './stack.ts'

const rooms = 10_000
const rounds = 5
const connectTogether = 32
const rowsPerTransaction = 1_000

const Ready = z.object({ ready: z.literal(true), service: z.url() })

const fullReport = JSON.stringify({
  type: 'report',
  reports: [
    {
      number: 1,
      observedAt: Date.now(),
      full: true,
      signals: Object.fromEntries(reportedSignals.map((id) => [id, { value: 'healthy' }])),
    },
  ],
})

/** Rooms with devices that have connected and reported once. */
async function fill(service: Service): Promise<void> {
  const devices = await enrolDevices(service, rooms)
  await inParallel(rooms, connectTogether, async (index) => {
    const device = devices[index]
    if (!device) throw new Error(`no device ${index}`)
    const { socket, whenAcknowledged } = await connect(service.url, device)
    socket.send(fullReport)
    await whenAcknowledged(1)
    socket.terminate()
  })
}

type FetchPage = (after: string | null) => Promise<Uint8Array>

/** Pages as a console asks for them, and the bytes that they were on their way. */
export interface Pages {
  readonly fetchPage: FetchPage
  wireBytes: number
}

export function pagesOf(service: Service): Pages {
  const pages: Pages = {
    wireBytes: 0,
    fetchPage: async (after) => {
      const response = await fetch(new URL(snapshotPath(after), service.url), {
        headers: { authorization: `Bearer ${service.token}` },
      })
      if (!response.ok) throw new Error(`the snapshot was answered with ${response.status}`)
      pages.wireBytes += Number(response.headers.get('content-length'))
      return new Uint8Array(await response.arrayBuffer())
    },
  }
  return pages
}

/** Seconds from an empty encrypted cache to one that holds the whole snapshot, and the rows in it. */
async function ours(fetchPage: FetchPage, file: string): Promise<{ seconds: number; rows: number }> {
  const log = createLog('silent')
  const cache = await Cache.open({ path: file, key: randomBytes(32), clock: machine({ keepsAlive: false }).clock, log })
  const startedAt = performance.now()
  const snapshot = await fetchSnapshot({
    store: cache,
    fetchPage,
    full: true,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  })
  const seconds = (performance.now() - startedAt) / 1000
  await cache.close()
  if (!snapshot) throw new Error('the snapshot came to nothing')
  return { seconds, rows: snapshot.done }
}

/** Writes the rows of the snapshot as NDJSON, one document a line. */
async function writeNdjson(fetchPage: FetchPage, file: string): Promise<number> {
  const out = createWriteStream(file)
  let after: string | null = null
  let rows = 0
  do {
    const page: SnapshotPage = SnapshotPage.parse(JSON.parse(new TextDecoder().decode(await fetchPage(after))))
    for (const row of page.rows) if (!out.write(`${JSON.stringify(row)}\n`)) await once(out, 'drain')
    rows += page.rows.length
    after = page.next ?? null
  } while (after !== null)
  out.end()
  await once(out, 'finish')
  return rows
}

/** Seconds for the same rows over HTTP, line by line, into a plain SQLite table. */
async function limit(url: string, file: string): Promise<number> {
  const database = new Database(file)
  database.pragma('journal_mode = WAL')
  database.exec('create table doc (id text, kind text, body text, primary key (id, kind)) without rowid')
  const put = database.prepare('insert or replace into doc values (?, ?, ?)')
  const write = database.transaction((rows: Row[]) => {
    for (const { id, kind, doc } of rows) put.run(id, kind, JSON.stringify(doc))
  })
  const startedAt = performance.now()
  const response = await fetch(url)
  if (!response.body) throw new Error('no body')
  let rows: Row[] = []
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true })
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) {
      rows.push(JSON.parse(line) as Row)
      if (rows.length < rowsPerTransaction) continue
      write(rows)
      rows = []
    }
  }
  write(rows)
  const seconds = (performance.now() - startedAt) / 1000
  database.close()
  return seconds
}

interface Compared {
  readonly rows: number
  /** Median seconds. */
  readonly mine: number
  readonly limits: number
  /** Of one snapshot on its way. */
  readonly wireBytes: number
  readonly others: readonly Replication[]
}

interface HowToCompare {
  readonly folder: string
  readonly turns: number
  /** Has peers take the same rows too. */
  readonly beside?: (url: string, rows: number) => Promise<Replication[]>
}

/** Both ways by turns, and peers once. */
export async function compared(pages: Pages, { folder, turns, beside }: HowToCompare): Promise<Compared> {
  const file = join(folder, 'rows.ndjson')
  const rows = await writeNdjson(pages.fetchPage, file)
  const { wireBytes } = pages
  const plain = await startPart({
    name: 'NDJSON server',
    args: ['bench/ndjson-server.ts', file],
    ready: Ready,
    log: join(folder, 'ndjson.log'),
  })
  const mine: number[] = []
  const limits: number[] = []
  for (let turn = 0; turn < turns; turn++) {
    limits.push(await limit(plain.ready.service, join(folder, `limit-${turn}.db`)))
    mine.push((await ours(pages.fetchPage, join(folder, `cache-${turn}.db`))).seconds)
  }
  const others = (await beside?.(plain.ready.service, rows)) ?? []
  await plain.stop()
  return { rows, mine: median(mine), limits: median(limits), wireBytes, others }
}

export const snapshot: Bench = {
  name: 'snapshot',
  what: `${rooms.toLocaleString('en')} rooms into an empty, encrypted cache, against plain NDJSON over HTTP into SQLite`,
  peers: ['measured elsewhere, 10,000 documents of 600 bytes: NDJSON 0.40 s, Yjs 0.68 s'],
  run: async ({ folder, say }) => {
    const service = await startService(folder)
    try {
      say(`enrolling ${rooms} rooms …`)
      await fill(service)
      const { rows, mine, limits, others } = await compared(pagesOf(service), {
        folder,
        turns: rounds,
        beside: (url, all) => replications(url, all, folder, say),
      })
      return [
        { what: `ours, ${rows.toLocaleString('en')} rows in all`, value: mine, unit: 's' },
        { what: 'limit: the same rows as NDJSON', value: limits, unit: 's' },
        { name: 'snapshot10k.timesLimit', what: 'ours as a multiple of it', value: mine / limits, unit: '×', aim: '2' },
        ...others.map(({ what, seconds }) => ({ what: `peer: ${what}, as a multiple of it`, value: seconds / limits, unit: '×' })),
      ]
    } finally {
      await service.part.stop()
    }
  },
}
