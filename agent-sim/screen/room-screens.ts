import type { DisplayId, RemoteMode } from '../../contract/remoteFacts.ts'
import type { Timers, Undo } from '../../contract/system.ts'
import type { Change } from '../devices/device.ts'
import type { Screen } from '../rfb/interfaces.ts'
import { loadCanvas, type CanvasLibrary } from './canvas.ts'
import { ConsoleInput } from './console-input.ts'
import { SimulatedDisplay } from './display.ts'
import { pictureOf, screenRects } from './pictures.ts'
import { RoomModel, type RoomModelOptions } from './room-model.ts'

export interface RoomScreensOptions extends RoomModelOptions {
  timers: Timers
}

/**
 * What can be seen and driven of a simulated room (REM-4): a console, and the displays at the front that its device has. The
 * displays share one room, and their viewers share the displays. Making it costs next to nothing: the library that draws is
 * loaded, and a timer runs, only while somebody looks. None of it throws but `ready`, whatever is typed or shown.
 */
export class SimulatedRoomScreens {
  readonly displays: readonly DisplayId[]
  readonly room: RoomModel
  readonly #timers: Timers
  readonly #screens = new Map<DisplayId, SimulatedDisplay>()
  readonly #input: ConsoleInput
  #library: CanvasLibrary | undefined
  #tick: Undo | undefined

  constructor(options: RoomScreensOptions) {
    this.displays = options.facts.remote?.displays ?? []
    this.#timers = options.timers
    this.room = new RoomModel(options)
    this.#input = new ConsoleInput({
      room: this.room,
      targets: () => this.#screens.get('console')?.targets ?? [],
      onAttention: () => {
        this.#screens.get('console')?.refresh()
      },
      onCopy: (text) => {
        for (const screen of this.#screens.values()) screen.copied(text)
      },
    })
    for (const display of this.displays) this.#screens.set(display, this.#display(display))
    this.room.onChange(() => {
      this.#refresh()
    })
  }

  /**
   * Loads what draws. A screen that is read before is black, and wholly damaged afterwards.
   * @throws Error where the drawing library has no build for this machine.
   */
  async ready(): Promise<void> {
    if (this.#library) return
    this.#library = await loadCanvas()
    this.#refresh()
  }

  /** @throws RangeError where the device has no such display. */
  screen(display: DisplayId): Screen {
    const screen = this.#screens.get(display)
    if (!screen) throw new RangeError(`This room has no display "${display}".`)
    return screen
  }

  /** Shows the red ring with the name of whoever has a session, and whether it is recorded (REM-5), until it is hidden. */
  showSession(who: string, mode: RemoteMode, recorded = false): void {
    this.room.showSession(who, mode, recorded)
  }

  hideSession(): void {
    this.room.hideSession()
  }

  /** What the device reports now: faults and calls show on the screens. */
  update(change: Change): void {
    this.room.update(change)
  }

  /** Shows that the device restarts. `onRestart` is not called: that is for what is pressed on the screen. */
  restart(): void {
    this.room.restart()
  }

  #display(display: DisplayId): SimulatedDisplay {
    const { room } = this
    const isConsole = display === 'console'
    return new SimulatedDisplay({
      name: `${room.name} – ${room.words[display]}`,
      rect: screenRects[display],
      language: room.language,
      picture: () => pictureOf(display, room, this.#input.attention, this.displays),
      library: () => this.#library,
      onWatched: (watched) => {
        if (watched) this.#watched()
        else this.#unwatched()
      },
      key: (keysym, down) => {
        this.#input.key(keysym, down)
      },
      cutText: (text) => {
        this.#input.cutText(text)
      },
      ...(isConsole
        ? {
            pointer: (x: number, y: number, buttons: number) => {
              this.#input.pointer(x, y, buttons)
            },
            onPicture: () => {
              this.#input.forget()
            },
          }
        : {}),
    })
  }

  #refresh(): void {
    for (const screen of this.#screens.values()) screen.refresh()
    this.#schedule()
  }

  #watched(): void {
    // Without the library screens stay black; whoever awaits `ready` is told why.
    if (!this.#library) this.ready().catch(() => undefined)
    this.#schedule()
  }

  #unwatched(): void {
    if (this.#isWatched()) return
    this.#tick?.()
    this.#tick = undefined
  }

  #isWatched(): boolean {
    return [...this.#screens.values()].some(({ watched }) => watched)
  }

  /** Waits for what changes by itself: the minute, and the end of a restart. */
  #schedule(): void {
    this.#tick?.()
    this.#tick = undefined
    if (!this.#isWatched()) return
    this.#tick = this.#timers.after(Math.max(1, this.room.changesAt - this.room.now()), () => {
      this.#refresh()
    })
  }
}
