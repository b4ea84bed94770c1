/** The only place where tests let time pass: everything else waits for what it needs, and eslint holds that. */

type NotYet = undefined | false | null | 0 | ''

/**
 * Waits until something is so, and gives it; looks each `everyMs`. After `ms` it fails with what it waited for. That bound ends a
 * hang and measures nothing: it is far above what a machine needs that has all its cores busy. `what` is asked at the end, where it is a
 * function.
 */
export async function until<T>(
  what: string | (() => string),
  look: () => T | NotYet | Promise<T | NotYet>,
  ms = 30_000,
  everyMs = 10,
): Promise<T> {
  const deadline = performance.now() + ms
  for (;;) {
    const found = await look()
    if (found) return found
    if (performance.now() > deadline) throw new Error(`Waited ${ms} ms in vain: ${typeof what === 'string' ? what : what()}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

/** Gives a figure that was the same for `ms`: what produces it has come to rest as far as anyone can see from outside. */
export async function untilStill(what: string, figure: () => number, ms = 300): Promise<number> {
  let [last, since] = [figure(), performance.now()]
  return until(what, () => {
    const now = figure()
    if (now !== last) [last, since] = [now, performance.now()]
    return performance.now() - since >= ms && { last }
  }).then((rest) => rest.last)
}

/** All promises that wait for nothing outside are settled: a turn of the event loop comes after them, however many follow each other. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A delay that a test plays, as of a slow network or of somebody who types; nothing that is expected after it may need it. */
export const playDelay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Runs an assertion until it holds, and gives what it answers; after `ms`, what it said last is thrown. */
export async function untilPasses<T>(assertion: () => T | Promise<T>, ms = 30_000): Promise<T> {
  const deadline = performance.now() + ms
  for (;;) {
    try {
      return await assertion()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}
