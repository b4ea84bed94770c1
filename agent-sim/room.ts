import { join } from 'node:path'
import type { Undo } from '../contract/system.ts'
import { ActionError, type Action } from './actions.ts'
import { Agent } from './agent/agent.ts'
import type { ConnectionState } from './agent/connection-state.ts'
import type { SessionMessage } from './agent/connection.ts'
import type { KeyStore } from './agent/identity.ts'
import {
  enrolmentIn,
  install,
  installedIn,
  type InstallOptions,
  installWithNewKey,
  uninstall,
  type Installed,
} from './agent/installation.ts'
import type { Journal } from './agent/journal.ts'
import { DeviceLog } from './agent/log.ts'
import type { Context } from './context.ts'
import type { RoomStatus } from './control/protocol.ts'
import type { Device } from './devices/device.ts'
import type { HostRemote } from './devices/host-remote.ts'
import { SimulatedDevice } from './devices/simulated.ts'
import type { RoomRemote } from './remote/room-remote.ts'

/** How long what was said last has to leave a device that restarts, in ms. */
const lastWordMs = 200

export interface RoomOptions {
  name: string
  folder: string
  device: Device
  keys: (folder: string) => KeyStore
  /** Where a key is made that takes the place of the device's; absent: such devices keep theirs. */
  nextKey?: { store: (folder: string) => KeyStore; adopt: (folder: string) => void }
  /** What a real machine offers to remote sessions. */
  host?: HostRemote | undefined
}

/** One room of this process: a device, its folder, its journal and its agent. */
export class AgentRoom {
  /** The room's name, clean even where its device sends a hostile one. */
  readonly name: string
  readonly folder: string
  readonly device: Device
  readonly #context: Context
  readonly #keys: KeyStore
  readonly #nextKey: RoomOptions['nextKey']
  readonly #journalName: string
  readonly #log: DeviceLog
  readonly #ended = new AbortController()
  #journal: Journal | undefined
  #agent: Agent | undefined
  #offboarded: boolean
  #networkUp = true
  #settled: ((state: ConnectionState) => void) | undefined
  /** What sessions need, loaded with the first one. */
  #remote: Promise<RoomRemote | undefined> | undefined
  readonly #host: HostRemote | undefined
  /** Brings a device back that restarts. */
  #restarting: Undo | undefined

  /** `folder` is the room's own, under the context's; its last part names the journal. */
  constructor(context: Context, options: RoomOptions) {
    this.name = options.name
    this.folder = join(context.folder, options.folder)
    this.device = options.device
    this.#host = options.host
    this.#context = context
    this.#keys = options.keys(this.folder)
    this.#nextKey = options.nextKey
    this.#journalName = options.folder
    this.#offboarded = context.store.isOffboarded(options.folder)
    const { wall, timers, verboseLogs } = context
    this.#log = new DeviceLog({ folder: this.folder, now: wall, timers, verbose: verboseLogs })
  }

  /** The agent was removed from this device; it is not brought back by a restart. */
  get offboarded(): boolean {
    return this.#offboarded
  }

  /** The agent, once the device is enrolled. */
  get agent(): Agent | undefined {
    return this.#agent
  }

  /** Forgets that the device was off-boarded, so that it can be installed again. */
  bringBack(): void {
    this.#offboarded = false
    this.#context.store.setOffboarded(this.#journalName, false)
  }

  /** Starts the agent of a device that is enrolled already, without dialling. Whether there was one. */
  async resume(): Promise<boolean> {
    if (this.#offboarded || this.#agent) return this.#agent !== undefined
    const installed = await installedIn(this.folder, this.#keys)
    if (installed) await this.#watch(installed)
    return installed !== undefined
  }

  /**
   * Enrols the device where it is not, which waits for the service as long as it takes.
   * @throws InstallationError, RoomkeeperError, WayError, KeyStoreError, FileError; or the reason when the room was stopped meanwhile.
   */
  async enrol(): Promise<void> {
    if (await this.resume()) return
    if (this.#offboarded) throw new ActionError(`${this.name} was off-boarded. The command "enrol" installs it again.`)
    await this.#watch(await install(this.#installing()))
  }

  /**
   * Enrols the device with another key, whatever became of the one before.
   * @returns whether that one has signed for it, so that the room stays as it is
   * @throws as `enrol`
   */
  async enrolWithNewKey(): Promise<boolean> {
    const next = this.#nextKey
    if (!next) throw new ActionError(`${this.name} keeps its key.`)
    const { folder } = this
    const installed = await installWithNewKey({
      ...this.#installing(),
      next: next.store(folder),
      adopt: () => {
        next.adopt(folder)
      },
    })
    return installed.proved
  }

  #installing(): InstallOptions {
    const { credential, address, way, random, newId, timers, durable, checkHosts, note } = this.#context
    return {
      folder: this.folder,
      device: this.device,
      keys: this.#keys,
      log: this.#log,
      url: address.enrolments,
      agent: way.agentTo(address.enrolments),
      credential,
      timers,
      random: () => random.number(),
      newId,
      durable,
      signal: this.#ended.signal,
      onRetry: (why) => note(`Not enrolled yet: ${why}. Trying again.`),
      ...(checkHosts ? { checkHosts } : {}),
      pause: (ms) =>
        new Promise((done) => {
          const undo = timers.after(ms, done)
          this.#ended.signal.addEventListener('abort', () => {
            undo()
            done()
          })
        }),
    }
  }

  /** Dials; resolves when the agent is connected, has stopped for good, or is not wanted as it is, which it tries again. */
  connect(): Promise<ConnectionState> {
    const agent = this.#agent
    if (!agent) return Promise.reject(new ActionError(`${this.name} is not enrolled.`))
    return new Promise((resolve) => {
      this.#settled = resolve
      agent.connection.start()
      this.#settle(agent.connection.state)
    })
  }

  /** Does what was asked to the device. Resolves when it is journaled and, where connected, sent. @throws ActionError */
  async act(action: Action): Promise<void> {
    const { device } = this
    const { store } = this.#context
    if (!(device instanceof SimulatedDevice))
      throw new ActionError(`${this.name} is a real machine; only simulated rooms can be given faults.`)
    if (this.#offboarded) throw new ActionError(`${this.name} is off-boarded: no agent watches it.`)
    switch (action.do) {
      case 'signal':
      case 'mend':
      case 'facts': {
        const done = change(device, action)
        // In the same commit as the report, so that both survive or neither does.
        store.remember(this.#journalName, JSON.stringify(device.changes))
        await done
        return
      }
      case 'network':
        this.#networkUp = action.up
        if (action.up) this.#agent?.connection.start()
        else this.#agent?.connection.cut()
        if (!action.up) (await this.#remote)?.cut()
    }
  }

  /**
   * Removes the agent from the device: says so to the service where connected, then key, files and journal go.
   * @returns what could not be removed, and why; one line each
   */
  async offboard(): Promise<readonly string[]> {
    this.#ended.abort(new ActionError(`${this.name} was off-boarded.`))
    this.#restarting?.()
    return this.#agent ? this.#agent.offboard() : this.#remove()
  }

  async stop(): Promise<void> {
    this.#ended.abort(new ActionError(`${this.name} was stopped.`))
    this.#restarting?.()
    await (await this.#remote)?.stop('deviceEnded')
    await this.#agent?.stop()
    this.#log.write()
  }

  async status(): Promise<RoomStatus> {
    const { signals, facts } = this.#agent ?? (await this.device.read())
    const { building, floor } = this.device.place
    const state: ConnectionState | undefined = this.#agent?.connection.state
    const enrolment = this.#agent && enrolmentIn(this.folder)
    const reason = state && 'why' in state ? state.why : undefined
    const why = this.#offboarded ? undefined : this.#restarting ? 'restarting' : this.#networkUp ? reason : 'network cut'
    const session = (await this.#remote)?.operator
    return {
      name: this.name,
      building,
      floor,
      simulated: this.device instanceof SimulatedDevice,
      connection: this.#offboarded ? 'offboarded' : this.#restarting ? 'waiting' : (state?.state ?? 'enrolling'),
      ...(why === undefined ? {} : { why }),
      ...(state?.state === 'connected' ? { lifecycle: state.lifecycle } : {}),
      ...(enrolment ? { device: enrolment.device, room: enrolment.room } : {}),
      waiting: this.#journal?.waiting ?? 0,
      signals,
      inCall: facts.inCall ?? false,
      ...(session === undefined ? {} : { session }),
    }
  }

  async #watch(installed: Installed): Promise<void> {
    const { store, address, dial, now, wall, timers, random, note } = this.#context
    this.#journal = store.journal(this.#journalName)
    this.#agent = await Agent.start({
      device: this.device,
      enrolment: installed.enrolment,
      url: address.socket.href,
      key: installed.key,
      journal: this.#journal,
      log: this.#log,
      dial,
      now,
      wall,
      timers,
      random,
      offboard: () => this.#remove(),
      onState: (state) => {
        if (state.state === 'waiting') note(`Not connected: ${state.why}. Trying again.`)
        this.#settle(state)
        this.#toRemote((remote) => {
          remote.connectionIs(state)
        })
      },
      onSession: (message) => {
        this.#heard(message, installed)
      },
      onFacts: (facts) => {
        this.#toRemote((remote) => {
          remote.factsAre(facts)
        })
      },
    })
  }

  #heard(message: SessionMessage, installed: Installed): void {
    if (this.#ended.signal.aborted) return
    this.#remote ??= this.#openRemote(installed).catch((error: unknown) => {
      this.#remote = undefined
      this.#log.event('error', `Remote sessions cannot be had on this device: ${String(error)}`)
      return undefined
    })
    this.#toRemote((remote) => {
      remote.hear(message)
    })
  }

  /** In the order of the calls, once it is loaded. */
  #toRemote(run: (remote: RoomRemote) => void): void {
    void this.#remote?.then((remote) => {
      if (remote) run(remote)
    })
  }

  async #openRemote(installed: Installed): Promise<RoomRemote> {
    const { openRoomRemote } = await import('./remote/open.ts')
    return openRoomRemote({
      context: this.#context,
      installed,
      log: this.#log,
      device: this.device,
      host: this.#host,
      agent: () => this.#agent,
      networkUp: () => this.#networkUp,
      restart: () => {
        this.#restart(installed).catch((error: unknown) => {
          this.#log.event('error', `The device did not come back: ${String(error)}`)
        })
      },
    })
  }

  /** A simulated device restarts (REM-6): gone without a word, and back after a while as another boot. */
  async #restart(installed: Installed): Promise<void> {
    const { device } = this
    const { timers, restartMs, newId } = this.#context
    if (!(device instanceof SimulatedDevice) || this.#restarting || this.#offboarded || this.#ended.signal.aborted) return
    this.#log.event('info', 'The device restarts.')
    const wait = (ms: number) =>
      new Promise<void>((done) => {
        this.#restarting = timers.after(ms, done)
      })
    await wait(lastWordMs)
    await this.#agent?.crash()
    await wait(restartMs)
    this.#restarting = undefined
    await device.restarted(newId())
    await this.#watch(installed)
    if (this.#ended.signal.aborted) await this.#agent?.stop()
    else if (this.#networkUp) this.#agent?.connection.start()
  }

  async #remove(): Promise<string[]> {
    const stopped = await this.#remote
      ?.then((remote) => remote?.stop('unenrolled'))
      .then(
        () => [],
        (error: unknown) => [String(error)],
      )
    this.#offboarded = true
    this.#context.store.setOffboarded(this.#journalName, true)
    this.#journal?.remove()
    return [...(stopped ?? []), ...(await uninstall(this.folder, this.#keys))]
  }

  #settle(state: ConnectionState): void {
    const unwanted = state.state === 'waiting' && state.unwanted
    if (state.state !== 'connected' && state.state !== 'stopped' && !unwanted) return
    this.#settled?.(state)
    this.#settled = undefined
  }
}

function change(device: SimulatedDevice, action: Exclude<Action, { do: 'network' }>): Promise<void> {
  switch (action.do) {
    case 'signal':
      return device.setSignal(action.signal, action.value, action.detail)
    case 'mend':
      return device.mend(action.signal)
    case 'facts':
      return device.setFacts(action.facts)
  }
}
