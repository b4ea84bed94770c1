import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

/** The least a connected agent can cost: a `ws` connection that parses one message, answers it, and stays. */
const server = createServer()
const sockets = new WebSocketServer({ server, perMessageDeflate: false })
sockets.on('connection', (socket) => {
  socket.on('message', (data: Buffer) => {
    const message: unknown = JSON.parse(data.toString('utf8'))
    socket.send(JSON.stringify({ type: 'ack', of: typeof message }))
  })
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(JSON.stringify({ ready: true, service: `http://127.0.0.1:${port}` }))
})
process.stdin.resume().once('end', () => process.exit(0))
