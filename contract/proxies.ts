import { limits } from './limits.ts'

/** The ways that a PAC file, or a system that has one, names for an address: what agent and console take of them, and in which order. */

/** A proxy that takes CONNECT. */
export interface Proxy {
  /** How the proxy itself is spoken to. */
  readonly protocol: 'http' | 'https'
  readonly host: string
  readonly port: number
}

export type Way = Proxy | 'direct'

/** `host:port` of a proxy as people write it; without a port only where there is one to be assumed. */
export function hostAndPort(text: string, assumed?: number): { host: string; port: number } | undefined {
  const [, bracketed, plain, given] = /^(?:\[([0-9a-f:.]+)\]|([^\s:/@[\]]+))(?::(\d{1,5}))?$/iu.exec(text) ?? []
  const host = bracketed ?? plain
  const port = given === undefined ? assumed : Number(given)
  return host !== undefined && port !== undefined && port >= 1 && port <= 65_535 ? { host, port } : undefined
}

/** A proxy in words: `proxy.example:3128`, and with `https://` in front where it is spoken to so. */
export const proxyName = ({ protocol, host, port }: Proxy): string =>
  `${protocol === 'https' ? 'https://' : ''}${host.includes(':') ? `[${host}]` : host}:${port}`

/**
 * The ways of an answer such as `PROXY a:3128; HTTPS b; DIRECT`, in its order. Nothing said means directly, as browsers take it; SOCKS
 * and what is not understood is passed over, so there may be none.
 */
export function waysIn(answer: string): Way[] {
  const said = answer
    .split(';')
    .map((way) => way.trim())
    .filter(Boolean)
  if (said.length === 0) return ['direct']
  return said.flatMap((way): Way[] => {
    const [kind = '', address = ''] = way.split(/\s+/u)
    switch (kind.toUpperCase()) {
      case 'DIRECT':
        return ['direct']
      case 'PROXY':
      case 'HTTP':
        return [hostAndPort(address, 80)].flatMap((proxy) => (proxy ? [{ protocol: 'http' as const, ...proxy }] : []))
      case 'HTTPS':
        return [hostAndPort(address, 443)].flatMap((proxy) => (proxy ? [{ protocol: 'https' as const, ...proxy }] : []))
      default:
        return []
    }
  })
}

/** Which ways were dead, for a while: they are tried after the others, and again first when their time is over. */
export class DeadWays {
  readonly #now: () => number
  readonly #diedAt = new Map<string, number>()

  /** `now`: ms of a clock that is never set. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** The ways to a target (`host:port`) in the order in which to try them; among the dead the one that died first comes first. */
  order(ways: readonly Way[], target: string): Way[] {
    const diedAt = (way: Way): number => {
      const at = this.#diedAt.get(keyOf(way, target))
      return at === undefined || this.#now() - at >= limits.proxyDeadMs ? -Infinity : at
    }
    return ways.toSorted((a, b) => (diedAt(a) === diedAt(b) ? 0 : diedAt(a) - diedAt(b)))
  }

  /** Nothing answered there. */
  died(way: Way, target: string): void {
    const key = keyOf(way, target)
    this.#diedAt.delete(key)
    if (this.#diedAt.size >= limits.proxiesDead) this.#diedAt.delete(this.#diedAt.keys().next().value ?? '')
    this.#diedAt.set(key, this.#now())
  }

  works(way: Way, target: string): void {
    this.#diedAt.delete(keyOf(way, target))
  }
}

/** A proxy is dead for all addresses; directly, one address may be out of reach, and another not. */
const keyOf = (way: Way, target: string): string => (way === 'direct' ? `direct ${target}` : proxyName(way))

/** The authentication schemes that a proxy names (`Proxy-Authenticate`), such as `Negotiate, NTLM, Basic`; at most five. */
export const schemesIn = (challenge: string): string[] =>
  challenge
    .replace(/"(?:[^"\\]|\\.)*"/gu, '""')
    .split(',')
    .flatMap((part) => /^\s*([a-z][a-z\d-]{0,30})(?:\s+[^\s=]|\s*$)/iu.exec(part)?.[1] ?? [])
    .slice(0, 5)

/** What a proxy wants that asks who comes (407), and what to do. `shown`: it was shown a user and password. */
export function wantedBy(challenge: string | undefined, shown: boolean): { words: string; remedy: string } {
  const schemes = schemesIn(challenge ?? '')
  const named = schemes.length === 0 ? 'and does not say how' : `by ${schemes.join(', ')}`
  if (schemes.length > 0 && !schemes.some((scheme) => scheme.toLowerCase() === 'basic'))
    return {
      words: `asks who comes (407, ${named})`,
      remedy: 'Only Basic is spoken here: have the proxy take that, or let this machine through without.',
    }
  return shown
    ? {
        words: `does not take the user and password that it was shown (407, ${named})`,
        remedy: 'Put the right ones into the file of --proxy-credentials.',
      }
    : { words: `asks who comes (407, ${named})`, remedy: 'Give --proxy-credentials FILE, whose first line is user:password.' }
}

/**
 * Whether a file that holds a secret is kept from others: it belongs to its reader, and nobody else may read or write it (0600); or to
 * root, whose group may read it, since nobody else could then (0640). `mine`: the reader's user id; undefined where there are none, as
 * on Windows, whose access lists are not looked at.
 */
export const isPrivate = ({ mode, uid }: { mode: number; uid: number }, mine: number | undefined): boolean =>
  mine === undefined || (uid === mine && (mode & 0o077) === 0) || (uid === 0 && (mode & 0o027) === 0)
