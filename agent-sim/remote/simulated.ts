import type { DisplayId, RemoteFacts } from '../../contract/remoteFacts.ts'
import type { Timers } from '../../contract/system.ts'
import type { LogLevel } from '../agent/log.ts'
import type { SimulatedDevice } from '../devices/simulated.ts'
import { serveScreen } from '../rfb/server.ts'
import { SimulatedRoomScreens } from '../screen/room-screens.ts'
import { SimulatedTerminal } from '../terminal/simulated.ts'
import type { Terminal } from '../terminal/terminal.ts'
import type { Look, Reached, RemoteParts } from './parts.ts'

export interface SimulatedPartsOptions {
  readonly device: SimulatedDevice
  readonly now: () => number
  readonly timers: Timers
  readonly onNote: (level: LogLevel, text: string) => void
  /** The device is to restart now. */
  readonly restart: () => void
  /** Somebody restarts it on its screen or in its shell. */
  readonly onAsked: () => void
}

/** What a simulated device has for remote sessions: its screens, and the shell of its own. */
export class SimulatedParts implements RemoteParts {
  readonly facts: RemoteFacts
  readonly #options: SimulatedPartsOptions
  readonly #screens: SimulatedRoomScreens

  private constructor(options: SimulatedPartsOptions, facts: RemoteFacts, screens: SimulatedRoomScreens) {
    this.#options = options
    this.facts = facts
    this.#screens = screens
  }

  /** Undefined: the device offers nothing. */
  static async of(options: SimulatedPartsOptions): Promise<SimulatedParts | undefined> {
    const { device, now, timers, onNote, onAsked } = options
    const { signals, facts } = await device.read()
    if (!facts.remote) return undefined
    const screens = new SimulatedRoomScreens({
      facts,
      signals,
      roomName: device.roomName,
      place: device.place,
      // The same room looks the same after every start.
      seed: device.installation,
      now,
      timers,
      onCall: (inCall) => {
        device.setFacts({ inCall }).catch((error: unknown) => {
          onNote('error', `The call could not be reported: ${String(error)}`)
        })
      },
      onRestart: onAsked,
    })
    device.watch((change) => {
      screens.update(change)
      return Promise.resolve()
    })
    return new SimulatedParts(options, facts.remote, screens)
  }

  async reach(display: DisplayId): Promise<Reached> {
    await this.#screens.ready()
    const screen = this.#screens.screen(display)
    const { timers, onNote } = this.#options
    return {
      serve: (options) =>
        serveScreen({
          ...options,
          screen,
          timers,
          log: (text) => {
            onNote('warn', text)
          },
        }),
      close: () => undefined,
    }
  }

  async look(display: DisplayId): Promise<Look> {
    await this.#screens.ready()
    return { picture: this.#screens.screen(display), onLost: () => () => undefined, close: () => undefined }
  }

  terminal(): Promise<Terminal> {
    const { device, now, timers, onAsked } = this.#options
    return Promise.resolve(new SimulatedTerminal({ device, now, timers, onRestart: onAsked }))
  }

  ring(session: Parameters<RemoteParts['ring']>[0]): void {
    if (session) this.#screens.showSession(session.who, session.mode, session.recorded)
    else this.#screens.hideSession()
  }

  restarting(): void {
    this.#screens.restart()
  }

  restart(): void {
    this.#screens.restart()
    this.#options.restart()
  }

  close(): void {
    // Screens and terminals were closed with their channels; the rest costs next to nothing.
  }
}
