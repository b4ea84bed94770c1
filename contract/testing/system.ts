import { idsOf, machine } from '../machine.ts'
import type { Random, System } from '../system.ts'
import { chance, someBytes } from './chance.ts'
import { FakeClock } from './clock.ts'
import { settle } from './wait.ts'

/** Chance of the run's seed and these words. */
export const fakeRandom = (...words: (string | number)[]): Random => ({ bytes: someBytes, number: chance(...words) })

/** A system whose time stands still, and whose chance is the run's. */
export function fakeSystem(clock = new FakeClock()): System & { readonly clock: FakeClock } {
  const random = fakeRandom('system')
  return { clock, random, ids: idsOf(clock, random), turn: settle }
}

/** The machine's, for tests of parts that have sockets and processes around them. */
export const realSystem = machine({ keepsAlive: false })

/** The same, where a test says what the time is (UTC ms). */
export const systemAt = (now: () => number): System => ({ ...realSystem, clock: { ...realSystem.clock, now } })
