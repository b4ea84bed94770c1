import { isLoopback } from '../config.ts'

/** A host and, where there is one, a port, and nothing else: no user, path, list or white space. */
const shape = /^(?<name>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?<port>\d{1,5}))?$/iu

/**
 * Whether a Host header (RFC 9110, 7.2) is a loopback name, with any port: tunnels and proxies of this machine end at ports
 * of their own, and a page that has made its own name lead here (DNS rebinding) cannot send a loopback one.
 */
export function isLoopbackHost(header: string | undefined): boolean {
  const { name, port } = shape.exec(header ?? '')?.groups ?? {}
  if (name === undefined || (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535))) return false
  return isLoopback(name.toLowerCase())
}
