import { join } from 'node:path'
import type { Ids, Random, System, Timers } from '../contract/system.ts'
import type { Allowlist } from './agent/allowlist.ts'
import type { Credential } from './agent/enrol.ts'
import { makePrivateFolder } from './agent/files.ts'
import { checkHosts, type HostResult } from './agent/hosts.ts'
import { JournalStore } from './agent/journal-store.ts'
import { type WayOptions, wayTo } from './agent/network.ts'
import { serviceAddress, type ServiceAddress } from './agent/service-address.ts'
import { webSocketDial, type Dial } from './agent/socket.ts'
import type { WayOut } from './agent/way-out.ts'
import { notesOf } from './notes.ts'

/** How the agents of a process reach their service. */
export interface NetworkOptions extends WayOptions {
  /** Address of the service: https, or http on loopback. */
  service: string
  /** Hosts to check before an enrolment. */
  allowlist?: Allowlist | undefined
  /** Is told what stands between the process and its service; the same words not more often than once in `noteMs`. */
  note?: ((text: string) => void) | undefined
}

/** What all agents of one process share. */
export interface Context {
  folder: string
  store: JournalStore
  address: ServiceAddress
  /** Undefined: devices that are not enrolled stay so. */
  credential: Credential | undefined
  /** Leads to the service, and to other addresses such as a relay's. */
  way: WayOut
  dial: Dial
  checkHosts: (() => Promise<HostResult[]>) | undefined
  /** What stands between a device and its service is said here for people who look at the process. */
  note: (text: string) => void
  /** The time by which everything is dated: begins as the machine's clock says (ms) and goes on evenly, however that is set. */
  now: () => number
  /** The machine's clock (UTC ms), for its own logs. */
  wall: () => number
  timers: Timers
  random: Random
  newId: Ids
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
  /** The machine's. */
  system: System
  /** For the waits of devices. */
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
export function openContext(options: ContextOptions): Context {
  const address = serviceAddress(options.service)
  const { system, timers } = options
  const { clock, random, ids } = system
  const note = notesOf(options.note, () => clock.steady())
  const { way, ca } = wayTo(options, clock, note)
  makePrivateFolder(options.folder)
  const { allowlist } = options
  return {
    folder: options.folder,
    store: JournalStore.open({ file: join(options.folder, 'journal.db'), system }),
    address,
    credential: options.credential,
    way,
    dial: webSocketDial(clock, way.agentTo(address.socket)),
    checkHosts: allowlist && (() => checkHosts(allowlist, { way, ca })),
    note,
    now: () => clock.steady(),
    wall: () => clock.now(),
    timers,
    random,
    newId: ids,
    verboseLogs: options.verboseLogs,
    durable: options.durable,
    restartMs: options.restartMs ?? defaultRestartMs,
  }
}

/** Gives files and connections free. */
export function closeContext(context: Context): void {
  context.store.close()
  context.way.close()
}
