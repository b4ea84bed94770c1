import type { Undo } from '../../contract/system.ts'

/**
 * What an operator types into and reads from: a real shell (host.ts) or the one of a simulated device (simulated.ts).
 * None of these throws but `start`. After the end nothing is called and nothing is taken.
 */
export interface Terminal {
  /**
   * Starts it, once, in characters (2 to 1,000 columns, 1 to 1,000 rows). Bytes may come before it resolves.
   * @throws Error where the shell cannot be started; what it says is for the device's log.
   */
  start(columns: number, rows: number): Promise<void>
  /** What was typed: UTF-8 and control bytes, in pieces of any size. */
  write(bytes: Uint8Array): void
  /** In characters, as `start`; other sizes are ignored. */
  resize(columns: number, rows: number): void
  /** Bytes for the screen, in order; they are not changed afterwards. Listen before `start`. */
  onBytes(listener: (bytes: Uint8Array) => void): Undo
  /** It has ended by itself (`exit`, the program died, `restart`) or was killed. Called once. */
  onEnd(listener: () => void): Undo
  /**
   * Stops, and goes on, giving bytes: whatever runs in it waits once what it may keep (`limits.terminalWaitingBytes`)
   * is full. What was typed while it is paused still goes in.
   */
  pause(): void
  resume(): void
  /** Ends it with everything that was started in it. Again: nothing happens. */
  kill(): void
}
