import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'

/** A proxy that takes CONNECT, and remembers to where. `refuse` answers in its place. */
export async function startProxy(refuse?: number): Promise<{ port: number; targets: string[]; stop(): Promise<void> }> {
  const targets: string[] = []
  const server: Server = createServer((_request, response) => response.writeHead(400).end())
  server.on('connect', (request, socket) => {
    const target = request.url ?? ''
    targets.push(target)
    if (refuse !== undefined) {
      socket.end(`HTTP/1.1 ${refuse} No\r\n\r\n`)
      return
    }
    const [host = '', port = ''] = target.split(':')
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    // Whichever end goes, in whatever way, the other goes too.
    onward.on('error', () => undefined)
    socket.on('error', () => undefined)
    onward.on('close', () => socket.destroy())
    socket.on('close', () => onward.destroy())
  })
  await listening(server)
  return { port: portOf(server), targets, stop: () => stop(server) }
}

/** A server that answers every request with a text: for PAC files. */
export async function startTextServer(text: string): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer((_request, response) => response.end(text))
  await listening(server)
  return { url: `http://127.0.0.1:${portOf(server)}/proxy.pac`, stop: () => stop(server) }
}

const listening = (server: Server) => new Promise<void>((done) => server.listen(0, '127.0.0.1', done))

export function portOf(server: { address(): string | AddressInfo | null }): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

function stop(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => {
      done()
    })
    server.closeAllConnections()
  })
}
