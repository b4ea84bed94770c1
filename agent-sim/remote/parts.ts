import type { ErrorCode } from '../../contract/errors.ts'
import type { DisplayId, RemoteFacts, RemoteMode } from '../../contract/remoteFacts.ts'
import type { Undo } from '../../contract/system.ts'
import type { Picture, ScreenOptions, ScreenService } from '../rfb/interfaces.ts'
import type { Terminal } from '../terminal/terminal.ts'

/** A display that was reached: begin to serve it, or let it go. */
export interface Reached {
  serve(options: ScreenOptions): ScreenService
  close(): void
}

/** A display as the recorder sees it. */
export interface Look {
  readonly picture: Picture
  /** It cannot be seen any more; `code`: what an operator is told who sees it still. Called once at most, and not for `close`. */
  onLost(listener: (code: ErrorCode) => void): Undo
  close(): void
}

/** What a device has for remote sessions, simulated or real. Nothing of it costs memory before it is used. */
export interface RemoteParts {
  readonly facts: RemoteFacts
  /** Reaches a display of `facts`. @throws Error where it cannot; what it says is for the device's log. */
  reach(display: DisplayId): Promise<Reached>
  /** The same display for the recorder, whoever drives it meanwhile. @throws Error as `reach`. */
  look(display: DisplayId): Promise<Look>
  /** A terminal that was not started yet. @throws Error where there is none. */
  terminal(): Promise<Terminal>
  /** The red ring that people in the room see while a session lasts, with who it is (REM-5); undefined: nobody any more. */
  ring(session: { readonly who: string; readonly mode: RemoteMode; readonly recorded: boolean } | undefined): void
  /** Shows people in the room that the device is about to restart. */
  restarting(): void
  /** Restarts the device (REM-6); only where `facts.restart`. Whatever goes wrong is in the log. */
  restart(): void
  /** Gives back what sessions used, after the last one. */
  close(): void
}

/** Who makes the recording of a session, as the session uses it. */
export interface SessionRecorder {
  /** Begins to look at a display; resolves when its first picture is recorded. @throws Error where it cannot be seen. */
  show(display: DisplayId): Promise<void>
  /** It is shown no more; as often as `show`. */
  hide(display: DisplayId): void
  terminalOpened(terminal: number, columns: number, rows: number): void
  terminalResized(terminal: number, columns: number, rows: number): void
  /** What it wrote; never what was typed. */
  terminalWrote(terminal: number, bytes: Uint8Array): void
  terminalClosed(terminal: number): void
  /** Packs and sends what is left; resolves when that is done, or was given up. Never rejects. */
  finish(): Promise<void>
}
