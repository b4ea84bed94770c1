import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import PouchDB from 'pouchdb'

/**
 * Replicates the rows of an address (NDJSON) from one PouchDB on LevelDB to another, and prints how long that took: { seconds, rows }.
 * Filling the first one, and a network between the two, are not counted.
 */
const [url, folder] = process.argv.slice(2)
const source = new PouchDB(join(folder, 'source'))
const target = new PouchDB(join(folder, 'target'))
let some = []
for await (const line of createInterface({ input: Readable.fromWeb((await fetch(url)).body) })) {
  const { kind, id, doc } = JSON.parse(line)
  some.push({ _id: `${kind}/${id}`, doc })
  if (some.length < 1000) continue
  await source.bulkDocs(some)
  some = []
}
await source.bulkDocs(some)
const startedAt = performance.now()
await PouchDB.replicate(source, target, { batch_size: 1000 })
const seconds = (performance.now() - startedAt) / 1000
console.log(JSON.stringify({ seconds, rows: (await target.info()).doc_count }))
process.exit(0)
