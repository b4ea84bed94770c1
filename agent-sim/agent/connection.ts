import {
  agentProtocolVersions,
  type AgentToService,
  challengeProof,
  ServiceToAgent,
  type SignedWord,
  welcomeWord,
} from '../../contract/agent.ts'
import { errors, type ErrorCode } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Undo } from '../../contract/system.ts'
import type { ConnectionOptions, SessionMessage, SessionWord } from './connection-options.ts'
import type { ConnectionState } from './connection-state.ts'
import { ReportWindow } from './report-window.ts'
import { isSignedWord } from './signed-words.ts'
import type { Socket } from './socket.ts'

export type { SessionMessage, SessionWord }

/** Refusals of a device as such: it may take a person to mend them. */
const refusalsOfDevice: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'device.unknown',
  'device.signature',
  'device.version',
  'device.twice',
])
/** What the retry pause is multiplied by, at least; the rest is chance, so that a fleet does not return all at once. */
const steadyShare = 0.5
/** A service that was silent for this many heartbeats is taken for gone. */
const silentBeats = 3

/**
 * One device's connection to the service (INC-2, ENR-3): it dials, proves the device, sends what the journal holds in
 * order with a bounded window, and dials again, with growing pauses, whenever the socket is lost.
 */
export class Connection {
  readonly #options: ConnectionOptions
  #state: ConnectionState = { state: 'idle' }
  #socket: Socket | undefined
  /** Counts sockets, so that a late word of an old one changes nothing. */
  #dialled = 0
  #tries = 0
  readonly #window: ReportWindow
  #timer: Undo | undefined
  #beat: Undo | undefined
  #heardAt = 0
  #refusal: ErrorCode | undefined
  /** Of the hello of this connection: what the service's words must be signed over. */
  #nonce: string | undefined
  /** Says which start of the agent this is. */
  readonly #run: string

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#run = options.random.bytes(16).toString('base64url')
    this.#window = new ReportWindow(options.journal, options.now)
    options.journal.onRenewed(() => {
      if (this.#state.state === 'connected') this.#lost('the journal began anew')
    })
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Dials, unless it does so already or has stopped for good. */
  start(): void {
    if (this.#state.state === 'idle') this.#dial()
  }

  /** The device's network is gone: the socket drops without a word and nothing is tried until `start`. */
  cut(): void {
    if (this.#state.state === 'stopped') return
    void this.#hangUp('drop')
    this.#enter({ state: 'idle' })
  }

  /** Ends in good order; resolves when the socket is closed. */
  async stop(why = 'asked to stop'): Promise<void> {
    if (this.#state.state === 'stopped') return
    const closed = this.#hangUp('close')
    this.#enter({ state: 'stopped', why })
    await closed
  }

  /** Says that the agent is gone from the device, and stops. */
  async farewell(): Promise<void> {
    this.#say({ type: 'offboarded' })
    await this.stop('off-boarded')
  }

  /** Sends what the journal holds and the window allows. Call it when a report has been written. */
  pump(): void {
    if (this.#state.state === 'connected') this.#window.send((text) => this.#socket?.send(text))
  }

  /** Says something about a remote session. False: there is no connection that it could go over. */
  say(word: SessionWord): boolean {
    if (this.#state.state !== 'connected') return false
    this.#say(word)
    return true
  }

  #dial(): void {
    const { dial, url, now, timers } = this.#options
    const mine = (this.#dialled += 1)
    const current = (then: () => void) => {
      if (mine === this.#dialled) then()
    }
    this.#refusal = undefined
    this.#nonce = undefined
    this.#enter({ state: 'connecting', since: now() })
    this.#socket = dial(url, {
      open: () => {
        current(() => {
          this.#enter({ state: 'proving', since: now() })
          this.#timer = timers.after(limits.agentHelloMs, () => {
            this.#lost('the service did not greet in time')
          })
        })
      },
      message: (text) => {
        current(() => {
          this.#heardAt = now()
          this.#receive(text)
        })
      },
      alive: () => {
        current(() => {
          this.#heardAt = now()
        })
      },
      closed: (reason) => {
        current(() => {
          this.#lost(this.#refusal ?? reason)
        })
      },
    })
  }

  #receive(text: string): void {
    let message: ServiceToAgent
    try {
      message = ServiceToAgent.parse(JSON.parse(text))
    } catch {
      this.#lost('the service said something that is not of the protocol')
      return
    }
    if (message.type === 'error') {
      this.#refuse(message)
      return
    }
    if (message.type === 'offboard') {
      if (this.#state.state === 'offboarding' || !this.#isSaid('offboard', message.signature)) return
      this.#beat?.()
      this.#timer?.()
      this.#enter({ state: 'offboarding' })
      this.#options.onOffboard()
      return
    }
    switch (this.#state.state) {
      case 'proving':
        if (message.type === 'challenge') this.#prove(message.nonce, message.service)
        if (message.type === 'welcome') this.#welcomed(message)
        return
      case 'connected':
        this.#converse(message, this.#state)
        return
      default:
    }
  }

  #prove(nonce: string, service: string): void {
    const { device, key, journal, boot, now, wall, random, onNote } = this.#options
    if (service !== this.#options.service) {
      onNote('warn', `The service calls itself ${service}, and this device enrolled with ${this.#options.service}.`)
      this.#lost('another service answered')
      return
    }
    const mine = this.#dialled
    key
      .sign(challengeProof(nonce, service, device))
      .then((signature) => {
        if (mine !== this.#dialled) return
        this.#nonce = random.bytes(32).toString('base64url')
        const said = { device, signature, nonce: this.#nonce, journal: journal.id, boot, run: this.#run, sentAt: now(), clock: wall() }
        this.#say({ type: 'hello', versions: [...agentProtocolVersions], ...said })
      })
      .catch((error: unknown) => {
        onNote('warn', `The device's key could not sign: ${String(error)}`)
        if (mine === this.#dialled) this.#lost("the device's key could not sign")
      })
  }

  #welcomed(message: Extract<ServiceToAgent, { type: 'welcome' }>): void {
    const { journal, now, timers, random, onNote } = this.#options
    // Before its nonce nobody has said what they are welcome to.
    if (this.#nonce === undefined || !this.#isWelcome(message)) return
    this.#timer?.()
    if (!agentProtocolVersions.some((version) => version === message.version)) {
      this.#lost(`the service speaks version ${message.version}`)
      return
    }
    if (message.acknowledged < journal.acknowledged || message.acknowledged > journal.committed) {
      onNote(
        'warn',
        `The service has ${message.acknowledged} reports of this journal, and it should be ${journal.acknowledged} to ` +
          `${journal.committed}. Beginning a new one.`,
      )
      journal.renew(message.acknowledged > journal.committed ? journal.committed : journal.acknowledged)
      this.#lost('the journal began anew')
      return
    }
    this.#window.begin(message.acknowledged)
    this.#heardAt = now()
    this.#enter({ state: 'connected', since: now(), lifecycle: message.lifecycle })
    // The first beat at a random moment, so that those of a fleet are spread over the interval.
    this.#beat = timers.after(message.heartbeatMs * random.number(), () => {
      this.#keepAlive(message.heartbeatMs)
    })
    this.#options.onWelcome()
    this.pump()
  }

  #converse(message: ServiceToAgent, state: Extract<ConnectionState, { state: 'connected' }>): void {
    const { journal, onNote } = this.#options
    switch (message.type) {
      case 'ack':
        for (const { number, code } of message.rejected ?? []) {
          onNote('warn', `Report ${number} was refused: ${code}. ${errors[code][1]}`)
        }
        this.#tries = 0
        this.#window.acknowledge(message.upTo)
        this.pump()
        return
      case 'resend':
        if (message.from <= journal.acknowledged) {
          onNote('warn', `The service asks for report ${message.from}, which it had acknowledged. Beginning a new journal.`)
          journal.renew()
          return
        }
        if (!this.#window.sendAgain(message.from)) {
          this.#lost('the service asks for the same reports again and again')
          return
        }
        this.pump()
        return
      case 'lifecycle':
        this.#enter({ ...state, lifecycle: message.lifecycle })
        return
      case 'session':
        if (this.#options.serviceKey && message.signature !== undefined && !this.#isSaid(`session ${message.session}`, message.signature))
          return
        this.#options.onSession(message)
        return
      case 'sessionTicket':
      case 'sessionEnd':
        this.#options.onSession(message)
        return
      default:
    }
  }

  #refuse({ code, detail, retry, signature }: Extract<ServiceToAgent, { type: 'error' }>): void {
    const text = `The service refused: ${code}. ${detail ?? errors[code][1]}`
    this.#options.onNote('warn', text)
    this.#refusal = code
    if (retry || !this.#isSaid(`error ${code}`, signature)) return
    void this.#hangUp('close')
    this.#enter({ state: 'stopped', why: text, code })
  }

  /**
   * Whether a welcome is the service's own: what is forgotten and done on this connection rests on it. A device from before
   * there was a key has nothing to hold it against, and takes it as it always did.
   */
  #isWelcome(message: Extract<ServiceToAgent, { type: 'welcome' }>): boolean {
    return this.#options.serviceKey === undefined || this.#isSaid(welcomeWord(this.#options.journal.id, message), message.signature)
  }

  /** Whether the service itself says this, to this device, on this connection. Anybody else costs it a try, and no more. */
  #isSaid(word: SignedWord, signature: string | undefined): boolean {
    const { serviceKey, service, device, onNote } = this.#options
    const nonce = this.#nonce
    if (serviceKey && nonce !== undefined && isSignedWord(serviceKey, { word, nonce, service, device }, signature)) return true
    onNote('warn', `"${word}" is not signed by the service that this device enrolled with. Trying again.`)
    this.#lost(this.#refusal ?? 'a word that the service has not signed')
    return false
  }

  #keepAlive(everyMs: number): void {
    const { now, timers } = this.#options
    const silent = now() - this.#heardAt
    if (silent > everyMs * silentBeats) {
      this.#lost('the service fell silent')
      return
    }
    if (this.#window.overdue) {
      this.#lost('reports were not acknowledged in time')
      return
    }
    this.#say({ type: 'beat' })
    if (silent > everyMs) this.#socket?.ping()
    this.#beat = timers.after(everyMs, () => {
      this.#keepAlive(everyMs)
    })
  }

  /** The socket is of no use any more: hang up, and dial again after a pause. */
  #lost(why: string): void {
    if (this.#state.state === 'stopped' || this.#state.state === 'idle') return
    const { now, timers, onNote } = this.#options
    const pauseMs = this.#nextPause()
    const unwanted = this.#refusal !== undefined && refusalsOfDevice.has(this.#refusal)
    void this.#hangUp('drop')
    onNote('info', `Not connected: ${why}.`)
    this.#enter({ state: 'waiting', until: now() + pauseMs, why, unwanted })
    this.#timer = timers.after(pauseMs, () => {
      this.#dial()
    })
  }

  #nextPause(): number {
    const longest =
      this.#refusal === 'device.twice' ? limits.twinRetryMs : Math.min(limits.retryMaxMs, limits.retryFirstMs * 2 ** this.#tries)
    this.#tries = Math.min(this.#tries + 1, 30)
    return longest * (steadyShare + (1 - steadyShare) * this.#options.random.number())
  }

  async #hangUp(how: 'close' | 'drop'): Promise<void> {
    this.#timer?.()
    this.#beat?.()
    this.#dialled += 1
    const socket = this.#socket
    this.#socket = undefined
    await socket?.[how]()
  }

  #say(message: AgentToService): void {
    this.#socket?.send(JSON.stringify(message))
  }

  #enter(state: ConnectionState): void {
    this.#state = state
    this.#options.onState(state)
  }
}
