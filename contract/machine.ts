import { randomBytes } from 'node:crypto'
import { uptime } from 'node:os'
import { v7 } from 'uuid'
import { steadyTime } from './steady.ts'
import type { Clock, Ids, Random, System } from './system.ts'

/** The machine's own time, chance, ids and turns (system.ts). For the roots of programs alone: everything else is handed them. */
export function machine(options: MachineOptions): System {
  const clock = machineClock(options)
  return {
    clock,
    random: machineRandom,
    ids: idsOf(clock, machineRandom),
    turn: () => new Promise((resolve) => setImmediate(resolve)),
  }
}

export interface MachineOptions {
  /** Whether the process goes on for as long as something waits. */
  readonly keepsAlive: boolean
}

/** A timer that is set for longer, 24.8 days, would run at once. */
const longestTimerMs = 2 ** 31 - 1

function machineClock({ keepsAlive }: MachineOptions): Clock {
  const steady = steadyTime({ wall: Date.now, even: () => performance.now(), up: () => uptime() * 1_000 })
  return {
    now: () => Date.now(),
    steady,
    after(ms, run) {
      let timer: NodeJS.Timeout
      const wait = (left: number): void => {
        timer = left > longestTimerMs ? setTimeout(() => wait(left - longestTimerMs), longestTimerMs) : setTimeout(run, left)
        if (!keepsAlive) timer.unref()
      }
      wait(ms)
      return () => clearTimeout(timer)
    },
  }
}

const machineRandom: Random = { bytes: (count) => randomBytes(count), number: () => Math.random() }

/** Ids of this clock and this chance. Those of one millisecond are counted on, and a clock that is put back leaves their order. */
export function idsOf(clock: Pick<Clock, 'now'>, random: Random): Ids {
  let [last, count] = [Number.NEGATIVE_INFINITY, 0]
  return (at) => {
    const bytes = random.bytes(16)
    if (at !== undefined) return v7({ msecs: at, random: bytes })
    const now = clock.now()
    if (now > last) [last, count] = [now, bytes.readUInt32BE(6) >>> 1]
    else count += 1
    return v7({ msecs: last, seq: count, random: bytes })
  }
}
