import { lookup } from 'node:dns/promises'
import { isIP, type Socket } from 'node:net'
import type { AllowedHost, Allowlist } from './allowlist.ts'
import { secured } from './certificates.ts'
import { ProxyError } from './proxy.ts'
import type { WayOut } from './way-out.ts'

/** The step at which the check of a host ended. */
export type HostStep = 'passed' | 'resolve' | 'proxy' | 'tcp' | 'tls'

export interface HostResult {
  host: string
  port: number
  for: AllowedHost['for']
  /** The step that failed, or that all passed. */
  step: HostStep
  detail?: string
}

/** Whether this result fails an enrolment: a host that only remote access needs never does (ENR-2). */
export const blocksEnrolment = (result: HostResult): boolean => result.step !== 'passed' && result.for.includes('enrolment')

export interface HostCheckOptions {
  way: WayOut
  /** PEM certificates trusted in the place of the well-known ones. */
  ca?: string | undefined
  /** Hosts looked at side by side. */
  atOnce?: number
  /** A PAC file that cannot be had or used is what is wrong, though devices go directly then. */
  strictly?: boolean
}

/**
 * Looks at every host of the list as the device will use it: its name resolves, TCP connects, TLS completes with a
 * certificate that is valid for it; behind a proxy, the proxy resolves and connects. Names the step that failed.
 */
export async function checkHosts(list: Allowlist, options: HostCheckOptions): Promise<HostResult[]> {
  const results: HostResult[] = []
  const rest = list.hosts.map((allowed, index) => ({ allowed, index }))
  const work = async () => {
    for (let next = rest.shift(); next; next = rest.shift()) {
      results[next.index] = await checkHost(next.allowed, list.port, options)
    }
  }
  await Promise.all(Array.from({ length: options.atOnce ?? 4 }, work))
  return results
}

async function checkHost({ host, for: uses }: AllowedHost, port: number, options: HostCheckOptions): Promise<HostResult> {
  const checked = { host, port, for: uses }
  const failed = (step: HostStep, error: unknown): HostResult => ({
    ...checked,
    step,
    detail: error instanceof Error ? error.message : String(error),
  })
  let socket: Socket
  try {
    socket = await options.way.open('https:', host, port, options.strictly)
  } catch (error) {
    return failed(error instanceof ProxyError ? 'proxy' : (await isNamed(host)) ? 'tcp' : 'resolve', error)
  }
  try {
    const secure = await secured(socket, host, options.ca, options.way.clock)
    secure.destroy()
    return { ...checked, step: 'passed' }
  } catch (error) {
    return failed('tls', error)
  } finally {
    socket.destroy()
  }
}

const isNamed = async (host: string): Promise<boolean> =>
  isIP(host) !== 0 ||
  lookup(host).then(
    () => true,
    () => false,
  )
