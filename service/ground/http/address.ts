import type { IncomingHttpHeaders } from 'node:http'
import { isIPv6 } from 'node:net'

/** What is read of a request, of HTTP or of a WebSocket. */
interface FromSomewhere {
  readonly headers: IncomingHttpHeaders
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/**
 * Where a request comes from, as budgets count it: an IPv4 address, or the /64 network of an IPv6 one, which one machine has
 * whole. Behind a proxy it is the last address of X-Forwarded-For: what stands before it is whatever the client sent.
 * Undefined where the proxy does not say it; then all would be one address, and none is counted.
 */
export function addressOf({ headers, socket }: FromSomewhere, behindProxy: boolean): string | undefined {
  if (!behindProxy) return networkOf(socket.remoteAddress ?? '')
  const last = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',').at(-1)?.trim()
  return last ? networkOf(withoutPort(last)) : undefined
}

/** Some proxies also name the port, which is another one for each connection: 192.0.2.7:4711, [2001:db8::1]:4711. */
const withoutPort = (address: string): string =>
  /^(?:\[(?<v6>[^\]]+)\]|(?<v4>\d+(?:\.\d+){3}))(?::\d+)?$/.exec(address)?.slice(1).find(Boolean) ?? address

function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (!isIPv6(plain)) return plain
  const [head = '', tail] = (plain.split('%', 1)[0] ?? '').split('::')
  const before = head === '' ? [] : head.split(':')
  // What "::" stands for is zeros; a dotted end counts for two groups.
  const after = tail ? tail.split(':').flatMap((group) => (group.includes('.') ? ['', ''] : [group])) : []
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0')
  const network = [...before, ...zeros, ...after].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return `${network.join(':')}::/64`
}
