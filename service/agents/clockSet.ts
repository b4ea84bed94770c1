import type { AgentToService } from '../../contract/agent.ts'
import type { AgentDeps } from './deps.ts'
import type { AgentSession } from './session.ts'
import type { Silences } from './silences.ts'

/** What is slewed by a time server between two looks is less, in ms. */
const setByMs = 2_000

/**
 * A date (ms) from before a clock was set by so much, or from the moment since, as that clock would have given it: never later than `now`.
 */
export const movedBy = (at: number, byMs: number, now: number): number => (byMs < 0 && at <= now ? at : Math.min(now, at + byMs))

/** What corrects the dates of a device that said hello at `at` (the service's clock, ms), and by how much its clock is ahead. */
export const clocksOf = ({ sentAt, clock = sentAt }: Pick<Extract<AgentToService, { type: 'hello' }>, 'sentAt' | 'clock'>, at: number) => ({
  clockOffsetMs: at - sentAt,
  clockAheadMs: clock - at,
})

/** Notices that the clock of the service's machine was set between two looks. Goes by the same time as an absence. */
export class ClockSet {
  readonly #wall: () => number
  readonly #up: () => number
  #apart: number

  /** `wall`: the service's clock (UTC ms); `up`: ms, sleep included. */
  constructor(wall: () => number, up: () => number) {
    this.#wall = wall
    this.#up = up
    this.#apart = wall() - up()
  }

  /** By how much it was set since the last look, in ms: forward is more than 0; 0: it was not. */
  look(): number {
    const apart = this.#wall() - this.#up()
    const by = apart - this.#apart
    this.#apart = apart
    return Math.abs(by) > setByMs ? Math.round(by) : 0
  }
}

/** A clock that is set (`byMs`; 0: it was not) is no silence of anybody: who was heard a moment ago still was. */
export function clockWasSet(log: AgentDeps['log'], sessions: Iterable<AgentSession>, silences: Silences, byMs: number, at: number): void {
  if (byMs === 0) return
  log.warn({ byMs }, "the clock of the service's machine was set")
  for (const session of sessions) {
    session.heardAt = movedBy(session.heardAt, byMs, at)
    session.storedAt = movedBy(session.storedAt, byMs, at)
  }
  silences.shift((date) => movedBy(date, byMs, at), byMs)
}
