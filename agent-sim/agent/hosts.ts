import { lookup } from 'node:dns/promises'
import { connect, isIP, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { limits } from '../../contract/limits.ts'
import type { AllowedHost, Allowlist } from './allowlist.ts'
import { openTunnel, proxiesFor, type Proxy, type ProxySetting } from './proxy.ts'

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
export const blocksEnrolment = (result: HostResult): boolean =>
  result.step !== 'passed' && result.for.includes('enrolment')

export interface HostCheckOptions {
  proxy: ProxySetting
  /** PEM certificates trusted in the place of the well-known ones. */
  ca?: string
  /** Hosts looked at side by side. */
  atOnce?: number
}

class StepFailed extends Error {
  readonly step: HostStep
  constructor(step: HostStep, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.step = step
  }
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
  try {
    const ways = await proxiesFor(options.proxy, new URL(`https://${host}:${port}/`)).catch((error: unknown) => {
      throw new StepFailed('proxy', error)
    })
    let failed: unknown
    for (const way of ways) {
      try {
        const socket = way ? await throughProxy(way, host, port) : await directly(host, port)
        await secure(socket, host, options.ca)
        return { ...checked, step: 'passed' }
      } catch (error) {
        failed = error
      }
    }
    throw failed
  } catch (error) {
    const step = error instanceof StepFailed ? error.step : 'tcp'
    return { ...checked, step, detail: error instanceof Error ? error.message : String(error) }
  }
}

async function throughProxy(proxy: Proxy, host: string, port: number): Promise<Socket> {
  return openTunnel(proxy, host, port).catch((error: unknown) => {
    throw new StepFailed('proxy', error)
  })
}

async function directly(host: string, port: number): Promise<Socket> {
  const { address } = await lookup(host).catch((error: unknown) => {
    throw new StepFailed('resolve', error)
  })
  const socket = connect({ host: address, port })
  return settled(socket, 'connect', 'tcp')
}

async function secure(socket: Socket, host: string, ca: string | undefined): Promise<void> {
  const secured = tlsConnect({ socket, ...(isIP(host) ? { host } : { servername: host }), ...(ca === undefined ? {} : { ca }) })
  try {
    await settled(secured, 'secureConnect', 'tls')
  } finally {
    secured.destroy()
    socket.destroy()
  }
}

/** The socket, once it has emitted the event; it is destroyed if that fails or takes too long. */
function settled<S extends Socket>(socket: S, event: string, step: HostStep): Promise<S> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      socket.destroy()
      reject(new StepFailed(step, error))
    }
    socket.setTimeout(limits.agentRequestMs, () => {
      fail(new Error(`no answer within ${limits.agentRequestMs / 1_000} s`))
    })
    socket.once('error', fail)
    const closed = () => {
      fail(new Error('the other end closed the connection'))
    }
    socket.once('close', closed)
    socket.once(event, () => {
      socket.setTimeout(0)
      socket.removeListener('close', closed)
      socket.removeListener('error', fail)
      // Whatever becomes of it later is its next user's business, and no reason to end the process.
      socket.on('error', () => undefined)
      resolve(socket)
    })
  })
}
