import { createServer, type AddressInfo, type Socket } from 'node:net'

/** The limit of a relay: two TCP connections that name the same pair, piped into each other. */
const waiting = new Map<string, Socket>()
const server = createServer({ allowHalfOpen: false }, (socket) => {
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.once('data', (first) => {
    socket.pause()
    const name = first.toString('latin1')
    const other = waiting.get(name)
    if (!other) {
      waiting.set(name, socket)
      return
    }
    waiting.delete(name)
    socket.pipe(other)
    other.pipe(socket)
    socket.write('k')
    other.write('k')
  })
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(JSON.stringify({ ready: true, service: `http://127.0.0.1:${port}` }))
})
process.stdin.resume().once('end', () => process.exit(0))
