import type { DeviceFacts } from '../../contract/agent.ts'
import { limits } from '../../contract/limits.ts'
import { chunkPath, recordingAuthorization } from '../../contract/recording.ts'
import type { DisplayId } from '../../contract/remoteFacts.ts'
import type { Link, LinkDial } from '../../contract/sealed/interfaces.ts'
import { SealedLink } from '../../contract/sealed/link.ts'
import type { Agent } from '../agent/agent.ts'
import type { ConnectionState } from '../agent/connection-state.ts'
import type { SessionMessage } from '../agent/connection.ts'
import { request } from '../agent/http.ts'
import type { Installed } from '../agent/installation.ts'
import type { DeviceLog } from '../agent/log.ts'
import type { Context } from '../context.ts'
import { RemoteAccess, accessTimes, type RecorderOptions } from './access.ts'
import { relayDial } from './dial.ts'
import { makeJpeg } from './jpeg.ts'
import { agreeTo, checkGrant } from './offer.ts'
import type { RemoteParts, SessionRecorder } from './parts.ts'
import { Recorder } from './recorder.ts'
import { Upload } from './upload.ts'

export interface RoomRemoteOptions {
  readonly context: Context
  readonly installed: Installed
  readonly log: DeviceLog
  /** The agent as it is now: a restart makes another. */
  readonly agent: () => Agent | undefined
  /** Whether the device has a network at all. */
  readonly networkUp: () => boolean
  /** Undefined: the device offers nothing. Asked for once. */
  readonly parts: () => Promise<RemoteParts | undefined>
}

/** How long a recording may still be sent when the process ends, and otherwise, in ms. */
const stopMs = 5_000

/**
 * The remote access of one room of this process: brings together what sessions need. It is loaded when the first session is
 * offered, so that rooms without one cost nothing.
 */
export class RoomRemote {
  readonly #options: RoomRemoteOptions
  readonly #access: RemoteAccess
  readonly #dial: LinkDial
  readonly #links = new Set<() => void>()
  #parts: Promise<RemoteParts | undefined> | undefined

  constructor(options: RoomRemoteOptions) {
    this.#options = options
    const { context, installed, log, agent } = options
    const { now, timers, random } = context
    this.#dial = relayDial(context.address.enrolments, (url) => context.way.agentTo(url), timers)
    const rules = { enrolment: installed.enrolment, key: installed.key, now }
    this.#access = new RemoteAccess({
      parts: () => (this.#parts ??= options.parts()),
      inCall: () => agent()?.facts.inCall ?? false,
      check: (offered) => checkGrant(offered, rules),
      agree: (grant, text) => agreeTo(grant, text, rules),
      link: (link): Link => new SealedLink({ ...link, side: 'device', dial: this.#dialled, timers, now, random: () => random.number() }),
      recorder: (recorder) => this.#recorder(recorder),
      say: (word) => agent()?.connection.say(word) ?? false,
      timers,
      now,
      times: accessTimes,
      onNote: (level, text) => {
        log.event(level, text)
      },
    })
  }

  /** Who has a session with the device, if anybody. */
  get operator(): string | undefined {
    return this.#access.session?.grant.operator.name
  }

  hear(message: SessionMessage): void {
    this.#access.hear(message)
  }

  connectionIs(state: ConnectionState): void {
    // The room is unenrolled, or the service wants this device no more: whoever is on it goes.
    const unwanted = state.state === 'stopped' && state.code !== undefined
    const unenrolled = state.state === 'connected' && state.lifecycle === 'unenrolled'
    if (unwanted || unenrolled || state.state === 'offboarding') this.#access.end('unenrolled')
    this.#access.connected(state.state === 'connected')
  }

  factsAre(facts: Partial<DeviceFacts>): void {
    if (facts.inCall === true) this.#access.callStarted()
  }

  /** Somebody restarts the device on its own screen, or in its shell. */
  restartAsked(): void {
    this.#access.session?.restart()
  }

  /** The device's network is gone: so are its ways to a relay. */
  cut(): void {
    for (const drop of [...this.#links]) drop()
  }

  /** Ends what runs, for good; a recording is sent within a few seconds, or not. */
  async stop(reason: 'deviceEnded' | 'unenrolled'): Promise<void> {
    let undo = () => {}
    const late = new Promise<void>((done) => {
      undo = this.#options.context.timers.after(stopMs, done)
    })
    await Promise.race([this.#access.stop(reason), late])
    undo()
  }

  /** Dials as long as the device has a network, and drops when it is cut. */
  readonly #dialled: LinkDial = (relay, authorization, events) => {
    if (!this.#options.networkUp()) {
      queueMicrotask(() => {
        events.closed({})
      })
      return noSocket
    }
    let drop = () => {}
    const socket = this.#dial(relay, authorization, {
      ...events,
      closed: (why) => {
        this.#links.delete(drop)
        events.closed(why)
      },
    })
    drop = () => {
      socket.drop()
    }
    this.#links.add(drop)
    return socket
  }

  #recorder({ grant, upload: ticket, parts, failed, lost }: RecorderOptions): SessionRecorder {
    const { context, networkUp } = this.#options
    const { address, way, timers, random, now } = context
    const headers = { authorization: `${recordingAuthorization} ${ticket}`, 'content-type': 'application/gzip' }
    const upload = new Upload({
      put: async (number, body) => {
        if (!networkUp()) throw new Error('no network')
        const url = new URL(chunkPath(grant.sid, number), address.enrolments)
        return request(url, { timers, method: 'PUT', headers, body, agent: way.agentTo(url) })
      },
      timers,
      random: () => random.number(),
      finishMs: limits.sessionLostMs,
      onFailed: failed,
    })
    const { recordingEveryMs: everyMs, recordingChunkMs: chunkMs } = limits
    const look = (display: DisplayId) => parts.look(display)
    const fate = { onLost: lost, onFailed: failed }
    return new Recorder({ session: grant.sid, look, jpeg: makeJpeg, upload, timers, now, everyMs, chunkMs, ...fate })
  }
}

const noSocket = { send() {}, sendText() {}, waiting: 0, pause() {}, resume() {}, close() {}, drop() {} }
