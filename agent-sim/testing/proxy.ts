import { createServer, type Server } from 'node:http'
import { createServer as createSecure } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import { testCertificate } from './tls.ts'

interface ProxyManners {
  /** Answers with this status in the place of a tunnel. */
  refuse?: number
  /** Lets through only who shows this `user:password`. */
  credentials?: string
  /** How it asks for them. */
  challenge?: string
  /** It is spoken to by https. */
  secure?: boolean
}

/** A proxy that takes CONNECT, and remembers to where. */
export async function startProxy(manners: ProxyManners = {}): Promise<{ port: number; targets: string[]; stop(): Promise<void> }> {
  const { refuse, credentials, challenge = 'Basic realm="a test"', secure = false } = manners
  const targets: string[] = []
  const wanted = credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`
  const server: Server = secure ? createSecure(testCertificate) : createServer()
  server.on('request', (_request, response) => response.writeHead(400).end())
  server.on('connect', (request, socket) => {
    const target = request.url ?? ''
    targets.push(target)
    if (wanted !== undefined && request.headers['proxy-authorization'] !== wanted) {
      socket.end(`HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: ${challenge}\r\n\r\n`)
      return
    }
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
export async function startTextServer(text: string, { secure = false, port = 0 } = {}): Promise<{ url: string; stop(): Promise<void> }> {
  const server: Server = secure ? createSecure(testCertificate) : createServer()
  server.on('request', (_request, response) => response.end(text))
  await listening(server, port)
  return { url: `${secure ? 'https' : 'http'}://127.0.0.1:${portOf(server)}/proxy.pac`, stop: () => stop(server) }
}

const listening = (server: Server, port = 0) => new Promise<void>((done) => server.listen(port, '127.0.0.1', done))

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
