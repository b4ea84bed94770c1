import type { DeviceFacts, SessionKey } from '../../contract/agent.ts'
import { BootId, type DeviceId } from '../../contract/ids.ts'
import type { Random, Timers, Undo } from '../../contract/system.ts'
import type { Change, Device, Observations } from '../devices/device.ts'
import type { ConnectionState } from './connection-state.ts'
import { Connection, type SessionMessage } from './connection.ts'
import type { DeviceKey } from './identity.ts'
import type { Journal } from './journal.ts'
import type { DeviceLog } from './log.ts'
import { changedFacts, changedObservations, cutFacts, fitReport } from './report.ts'
import type { Dial } from './socket.ts'

export interface AgentOptions {
  device: Device
  /** What the service gave at the enrolment. */
  enrolment: { device: DeviceId; service: string; sessionKey?: SessionKey | undefined }
  url: string
  key: DeviceKey
  journal: Journal
  log: DeviceLog
  dial: Dial
  now: () => number
  /** The machine's clock (UTC ms). */
  wall: () => number
  timers: Timers
  random: Random
  /** Removes agent, key and files from the device (the off-boarding script); gives what could not be removed, and why. */
  offboard: () => Promise<readonly string[]>
  onState?: (state: ConnectionState) => void
  /** The service said something about remote sessions. */
  onSession: (message: SessionMessage) => void
  /** What the device says of itself has changed. */
  onFacts?: (facts: Partial<DeviceFacts>) => void
}

/**
 * The agent of one device: it watches the device, journals what changes, and keeps the connection that sends it. It
 * does not know which kind of device it watches.
 */
export class Agent {
  readonly connection: Connection
  readonly #options: AgentOptions
  #signals: Observations = {}
  #facts: Partial<DeviceFacts> = {}
  /** Whether the journal's reports since the connection was lost begin with a full one. */
  #full = false
  #connected = false
  #unwatch: Undo | undefined

  private constructor(options: AgentOptions) {
    this.#options = options
    this.connection = new Connection({
      url: options.url,
      device: options.enrolment.device,
      service: options.enrolment.service,
      serviceKey: options.enrolment.sessionKey,
      boot: BootId.parse(options.device.boot),
      key: options.key,
      journal: options.journal,
      dial: options.dial,
      now: options.now,
      wall: options.wall,
      timers: options.timers,
      random: options.random,
      onState: (state) => {
        this.#entered(state)
      },
      onNote: (level, text) => {
        options.log.event(level, text)
      },
      onWelcome: () => {
        this.#full = false
        this.#write({}).catch(() => undefined)
      },
      onOffboard: () => {
        void this.offboard().then((left) => {
          for (const what of left) options.log.event('error', `Off-boarding could not remove ${what}`)
        })
      },
      onSession: options.onSession,
    })
  }

  /** Reads the device and begins to watch it. The connection starts when `connection.start()` is called. */
  static async start(options: AgentOptions): Promise<Agent> {
    const agent = new Agent(options)
    const { signals, facts } = await options.device.read()
    agent.#signals = signals
    agent.#facts = facts
    agent.#unwatch = options.device.watch((change) => agent.#changed(change))
    return agent
  }

  /** The signals as the device showed them last. */
  get signals(): Observations {
    return this.#signals
  }
  get facts(): Partial<DeviceFacts> {
    return this.#facts
  }

  /** Stops watching, and closes the connection in good order. What is in the journal stays. */
  async stop(): Promise<void> {
    this.#unwatch?.()
    await this.connection.stop()
    this.#options.log.write()
  }

  /** The device restarts: watching ends and the connection drops without a word. What is in the journal stays. */
  async crash(): Promise<void> {
    this.#unwatch?.()
    this.connection.cut()
    await this.connection.stop('the device restarts')
    this.#options.log.write()
  }

  /**
   * Removes the agent from the device, tells the service if it is connected, and stops (ENR-5), also where something cannot be removed.
   * @returns what that is, and why; one line each
   */
  async offboard(): Promise<readonly string[]> {
    this.#unwatch?.()
    this.#options.log.event('info', 'Off-boarding: agent, key and files are removed.')
    this.#options.log.write()
    const left = await this.#options.offboard().catch((error: unknown) => [error instanceof Error ? error.message : String(error)])
    await this.connection.farewell()
    return left
  }

  /** Resolves when the change is in the journal and, where there is a connection with room, on its way. */
  async #changed(change: Change): Promise<void> {
    const signals = changedObservations(this.#signals, change.signals ?? {})
    const facts = changedFacts(this.#facts, change.facts ?? {})
    if (!signals && !facts) return
    Object.assign(this.#signals, signals)
    Object.assign(this.#facts, facts)
    if (facts) this.#options.onFacts?.(facts)
    for (const [id, { value, detail }] of Object.entries(signals ?? {})) {
      this.#options.log.verbose('info', `${id} is ${value}${detail ? `: ${detail}` : ''}`)
    }
    await this.#write({ ...(signals ? { signals } : {}), ...(facts ? { facts } : {}) })
  }

  async #write(change: Change): Promise<void> {
    const { journal, log, now } = this.#options
    // Offline, the first report says everything, so that folding the journal never loses what came before.
    const full = !this.#full
    this.#full = true
    const signals = full ? this.#signals : (change.signals ?? {})
    const facts = full ? this.#facts : change.facts
    const report = { observedAt: now(), ...(full ? { full } : {}), signals, ...(facts ? { facts: cutFacts(facts) } : {}) }
    try {
      const number = await journal.append(fitReport(report))
      log.verbose('info', `Report ${number} is in the journal.`)
    } catch (error) {
      // The next report is a full one, which makes good what this one did not say.
      this.#full = false
      log.event('error', `A report could not be written: ${String(error)}`)
      throw error
    }
    this.connection.pump()
  }

  #entered(state: ConnectionState): void {
    if (this.#connected && state.state !== 'connected') this.#full = false
    this.#connected = state.state === 'connected'
    this.#options.log.verbose('info', `Connection: ${state.state}`)
    this.#options.onState?.(state)
  }
}
