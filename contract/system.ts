/**
 * Time, chance, ids and turns, as every part takes them from outside: so that a test stands still, a simulation replays from its seed, and
 * nothing depends on the machine behind a reader's back. The real ones are in machine.ts, those of tests in testing/system.ts.
 */

/** Ends what was started; calling it again does nothing. */
export type Undo = () => void

/** Where waits come from. */
export interface Timers {
  /** Runs once after `ms` milliseconds, unless undone before. */
  after(ms: number, run: () => void): Undo
}

export interface Clock extends Timers {
  /** The machine's clock, in integer UTC milliseconds. It may be wrong, and be set at any moment. */
  now(): number
  /** Integer milliseconds that go on evenly, sleep included, whatever the clock is set to: for how long something took. */
  steady(): number
}

export interface Random {
  /** So many bytes that nobody can guess: for keys, nonces and secrets. */
  bytes(count: number): Buffer
  /** A number in [0, 1), for what is only spread. */
  number(): number
}

/**
 * A new UUIDv7 at each call, in the order of the calls where they come from one source. `at`: its time in UTC milliseconds, where the
 * thing it names has one; the clock's else.
 */
export type Ids = (at?: number) => string

/** Lets everybody who waits have a turn; settles after them. For work that is long and must not hold up the rest of its process. */
export type Turn = () => Promise<void>

/** All of them, as a process hands them in. */
export interface System {
  readonly clock: Clock
  readonly random: Random
  readonly ids: Ids
  readonly turn: Turn
}
