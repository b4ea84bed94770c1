import { createHash } from 'node:crypto'

/** A source of numbers in [0, 1), like `Math.random`. */
export type Chance = () => number

/**
 * Numbers that depend on nothing but the words given, so that a fleet or a scenario with the same seed is the same
 * one again. Not for secrets. (Mulberry32 over a hash of the words.)
 */
export function seededRandom(...words: (string | number)[]): Chance {
  let state = createHash('sha256').update(words.join('\u0000')).digest().readUInt32LE(0)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A whole number from 0 to `below` - 1. */
export const randomInt = (random: Chance, below: number): number => Math.floor(random() * below)

/** One of the items, which must not be empty. */
export function pick<T>(random: Chance, items: readonly T[]): T {
  const item = items[randomInt(random, items.length)]
  if (item === undefined) throw new RangeError('There is nothing to pick from.')
  return item
}

/** `count` different items (all of them, where there are fewer), in random order. */
export function sample<T>(random: Chance, items: readonly T[], count: number): T[] {
  const rest = [...items]
  const taken: T[] = []
  while (taken.length < count && rest.length > 0) taken.push(...rest.splice(randomInt(random, rest.length), 1))
  return taken
}

/** A UUID (version 8) that depends on nothing but the words given. */
export function seededUuid(...words: (string | number)[]): string {
  const hex = createHash('sha256').update(words.join('\u0000')).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-')
}
