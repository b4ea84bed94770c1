import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'

/** Serves one file of NDJSON over HTTP, as plainly as can be: the sending half of the snapshot's limit. */
const file = process.argv[2]
if (file === undefined) throw new Error('usage: ndjson-server.ts FILE')
const server = createServer((_request, response) => {
  createReadStream(file).pipe(response)
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(JSON.stringify({ ready: true, service: `http://127.0.0.1:${port}` }))
})
process.stdin.resume().once('end', () => process.exit(0))
