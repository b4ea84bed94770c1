import { createHash } from 'node:crypto'

/**
 * The seed of all chance in tests: ROOMKEEPER_SEED, else 1, so that a run is the same for everybody. `npm test -- --seed N` sets it,
 * and `npm test -- --repeat N` takes another one for each round.
 */
export const runSeed = Number(process.env['ROOMKEEPER_SEED'] ?? 1)

/** Set by `npm test -- --deep`: long runs are tried, too. */
export const deep = process.env['ROOMKEEPER_DEEP'] !== undefined

/**
 * How many cases of a property are tried, of these: all of them where they are looked for (`npm test -- --deep`, best with another
 * `--seed`), else a fifth. The same seed draws the same cases in each run, so that more of them say nothing of a change that they
 * have not said of the one before.
 */
export const cases = (all: number): number => (deep ? all : Math.ceil(all / 5))

const digest = (words: readonly (string | number)[], bytes: number): Buffer =>
  createHash('shake256', { outputLength: bytes })
    .update([runSeed, ...words].join('\u0000'))
    .digest()

/** Numbers in [0, 1), like `Math.random`, that depend on the seed of the run and the words given alone. (Mulberry32.) */
export function chance(...words: (string | number)[]): () => number {
  let state = digest(words, 4).readUInt32LE()
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

let drawn = 0

/** Bytes as good as random ones, others with each call, the same in each run: keys, nonces and noise of tests. */
export const someBytes = (count: number): Buffer => digest(['bytes', drawn++], count)
