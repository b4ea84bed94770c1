import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'

/**
 * For tests: a proxy that takes CONNECT from whoever shows these credentials, and finds every name under roomkeeper.test on this machine.
 */
export async function startProxy(
  credentials: string,
): Promise<{ address: string; targets: string[]; refused: number; stop(): Promise<void> }> {
  const wanted = `Basic ${Buffer.from(credentials).toString('base64')}`
  const server = createServer((_request, response) => response.writeHead(400).end())
  const proxy = {
    address: '',
    targets: new Array<string>(),
    refused: 0,
    stop: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  server.on('connect', (request, socket) => {
    socket.on('error', () => socket.destroy())
    if (request.headers['proxy-authorization'] !== wanted) {
      proxy.refused += 1
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="test"\r\n\r\n')
      return
    }
    const target = new URL(`http://${request.url}`)
    proxy.targets.push(target.host)
    const onward = connect(Number(target.port), target.hostname.endsWith('.roomkeeper.test') ? '127.0.0.1' : target.hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    onward.on('error', () => socket.destroy())
    onward.on('close', () => socket.destroy())
    socket.on('close', () => onward.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const listens = server.address()
  if (listens === null || typeof listens === 'string') throw new Error('It listens nowhere.')
  proxy.address = `127.0.0.1:${listens.port}`
  return proxy
}
