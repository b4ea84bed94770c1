import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { createRxDatabase } from 'rxdb'
import { replicateRxCollection } from 'rxdb/plugins/replication'
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory'

/** Replicates the rows of an address (NDJSON) into RxDB in memory, and prints how long that took: { seconds, rows }. */
const [url] = process.argv.slice(2)
const startedAt = performance.now()
const database = await createRxDatabase({ name: 'peer', storage: getRxStorageMemory(), multiInstance: false })
const { rows } = await database.addCollections({
  rows: {
    schema: {
      version: 0,
      primaryKey: 'id',
      type: 'object',
      properties: { id: { type: 'string', maxLength: 120 }, doc: { type: 'object', additionalProperties: true } },
      required: ['id', 'doc'],
    },
  },
})
const lines = createInterface({ input: Readable.fromWeb((await fetch(url)).body) })[Symbol.asyncIterator]()
let taken = 0
const replication = replicateRxCollection({
  collection: rows,
  replicationIdentifier: url,
  live: false,
  pull: {
    batchSize: 1000,
    handler: async (_checkpoint, batchSize) => {
      const documents = []
      for (let line = await lines.next(); !line.done; line = await lines.next()) {
        const { kind, id, doc } = JSON.parse(line.value)
        documents.push({ id: `${kind}/${id}`, doc, _deleted: false })
        if (documents.length === batchSize) break
      }
      taken += documents.length
      return { documents, checkpoint: { taken } }
    },
  },
})
await replication.awaitInitialReplication()
const seconds = (performance.now() - startedAt) / 1000
console.log(JSON.stringify({ seconds, rows: await rows.count().exec() }))
process.exit(0)
