import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

/** What most relays are: two `ws` connections of the same path, each message of one sent on the other. */
const waiting = new Map<string, WebSocket>()
const mostWaiting = 64 * 1024

function forward(from: WebSocket, to: WebSocket): void {
  from.on('message', (data: Buffer) => {
    to.send(data, { binary: true }, () => {
      if (from.isPaused && to.bufferedAmount < mostWaiting) from.resume()
    })
    if (to.bufferedAmount >= mostWaiting) from.pause()
  })
  from.on('close', () => to.terminate())
  from.on('error', () => to.terminate())
}

const server = createServer()
const sockets = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 16 * 1024 * 1024 })
sockets.on('connection', (socket, { url = '' }) => {
  const other = waiting.get(url)
  if (!other) {
    waiting.set(url, socket)
    return
  }
  waiting.delete(url)
  forward(socket, other)
  forward(other, socket)
  socket.send('k')
  other.send('k')
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(JSON.stringify({ ready: true, service: `http://127.0.0.1:${port}` }))
})
process.stdin.resume().once('end', () => process.exit(0))
