import { existsSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { limits } from '../../../contract/limits.ts'
import { type Config, isLoopback } from '../config.ts'
import { CommandProblem } from '../problems.ts'

/** A server with its own certificate, or without TLS. @throws CommandProblem where a file is missing */
export function makeServer({ tls, host }: Pick<Config, 'tls' | 'host'>): Server {
  // A request without a host is refused where everything else is, with a problem.
  const options = { requireHostHeader: false }
  // Browsers send to the embedded issuer's pages what other ports of the name have set.
  if (!tls) return createServer({ ...options, ...(isLoopback(host) ? { maxHeaderSize: limits.loopbackHeaderBytes } : {}) })
  for (const file of [tls.cert, tls.key]) if (!existsSync(file)) throw new CommandProblem(`There is no file ${file}.`)
  return createTlsServer({ ...options, cert: readFileSync(tls.cert), key: readFileSync(tls.key), minVersion: 'TLSv1.2' })
}

/** Answers the port that was taken. @throws CommandProblem where it cannot be. */
export async function listen(server: Server, { host, port }: Pick<Config, 'host' | 'port'>): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') reject(new CommandProblem(`Port ${port} is in use. Stop what uses it, or give --port another one.`))
      else if (error.code === 'EACCES') reject(new CommandProblem(`This user may not listen on port ${port}.`))
      else if (error.code === 'EADDRNOTAVAIL') reject(new CommandProblem(`This machine has no address ${host}.`))
      else reject(error)
    })
    server.listen(port, host, resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new CommandProblem('The service has no port.')
  return address.port
}

/** The address that it listens on. */
export const urlOf = ({ tls, host }: Pick<Config, 'tls' | 'host'>, port: number): string =>
  `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`

/** Takes nobody more, and ends what is open. */
export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
}
