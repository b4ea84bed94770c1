import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { steadyTime } from '../contract/steady.ts'
import type { Allowlist } from './agent/allowlist.ts'
import type { Credential } from './agent/enrol.ts'
import { makePrivateFolder } from './agent/files.ts'
import { checkHosts, type HostResult } from './agent/hosts.ts'
import { JournalStore } from './agent/journal-store.ts'
import { agentFor, parseProxy, proxiesFor } from './agent/proxy.ts'
import { serviceAddress, type ServiceAddress } from './agent/service-address.ts'
import { webSocketDial, type Dial } from './agent/socket.ts'
import type { Timers } from './agent/timers.ts'
import type { Agent as HttpAgent } from 'node:http'

/** How the agents of a process reach their service. */
export interface NetworkOptions {
  /** Address of the service: https, or http on loopback. */
  service: string
  /** `host:port`, or the address of a PAC file. */
  proxy?: string | undefined
  /** File with PEM certificates to trust in the place of the well-known ones. */
  caFile?: string | undefined
  /** Hosts to check before an enrolment. */
  allowlist?: Allowlist | undefined
}

/** What all agents of one process share. */
export interface Context {
  folder: string
  store: JournalStore
  address: ServiceAddress
  /** Undefined: devices that are not enrolled stay so. */
  credential: Credential | undefined
  httpAgent: HttpAgent
  /** The agent that leads to another address, such as a relay's. */
  agentTo: (url: URL) => HttpAgent
  dial: Dial
  checkHosts: (() => Promise<HostResult[]>) | undefined
  /** The time by which everything is dated: begins as the machine's clock says (ms) and goes on evenly, however that is set. */
  now: () => number
  /** The machine's clock (UTC ms), for its own logs. */
  wall: () => number
  timers: Timers
  random: () => number
  newId: () => string
  verboseLogs: boolean
  /** Keys and enrolments survive a loss of power; journals always do. */
  durable: boolean
  /** How long a simulated device is away when it restarts, in ms. */
  restartMs: number
}

export interface ContextOptions extends NetworkOptions {
  /** Where journals, keys and logs are kept. */
  folder: string
  credential: Credential | undefined
  timers: Timers
  verboseLogs: boolean
  /** Keys and enrolments survive a loss of power; journals always do. */
  durable: boolean
  /** How long a simulated device is away when it restarts, in ms. */
  restartMs?: number | undefined
}

/** How long a simulated device is away when it restarts, in ms. */
export const defaultRestartMs = 4_000

/**
 * Opens the folder and works out the way to the service.
 * @throws ServiceAddressError, ProxyError, JournalStoreError (folder in use)
 */
export async function openContext(options: ContextOptions): Promise<Context> {
  const address = serviceAddress(options.service)
  const proxy = parseProxy(options.proxy)
  const ca = options.caFile === undefined ? undefined : readFileSync(options.caFile, 'utf8')
  // The first way that is named; a device whose proxy moved is restarted by whoever moved it.
  const [way] = await proxiesFor(proxy, address.enrolments)
  const route = { proxy: way, ca }
  makePrivateFolder(options.folder)
  const httpAgent = agentFor(address.enrolments, route)
  const isSecure = ({ protocol }: URL) => protocol === 'https:' || protocol === 'wss:'
  const { allowlist } = options
  return {
    folder: options.folder,
    store: JournalStore.open({ file: join(options.folder, 'journal.db'), newId: v7, now: Date.now, timers: options.timers }),
    address,
    credential: options.credential,
    httpAgent,
    agentTo: (url) => (isSecure(url) === isSecure(address.enrolments) ? httpAgent : agentFor(url, route)),
    dial: webSocketDial(agentFor(address.socket, route)),
    checkHosts: allowlist && (() => checkHosts(allowlist, { proxy, ...(ca === undefined ? {} : { ca }) })),
    now: steadyTime({ wall: Date.now, even: () => performance.now(), up: () => uptime() * 1_000 }),
    wall: Date.now,
    timers: options.timers,
    random: Math.random,
    newId: v7,
    verboseLogs: options.verboseLogs,
    durable: options.durable,
    restartMs: options.restartMs ?? defaultRestartMs,
  }
}

/** Gives files and connections free. */
export function closeContext(context: Context): void {
  context.store.close()
  context.httpAgent.destroy()
}
