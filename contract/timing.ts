import type { Timers, Undo } from './system.ts'

/** Runs each `ms` milliseconds until undone. */
export function every(timers: Timers, ms: number, run: () => void): Undo {
  let undo: Undo
  const again = (): void => {
    undo = timers.after(ms, () => {
      again()
      run()
    })
  }
  again()
  return () => undo()
}

/** Settles after `ms` milliseconds. */
export const pause = (timers: Timers, ms: number): Promise<void> => new Promise((resolve) => void timers.after(ms, resolve))

/** Runs something that may take `ms` milliseconds: its signal aborts then, with a TimeoutError. */
export async function within<T>(timers: Timers, ms: number, run: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
  const late = new AbortController()
  const undo = timers.after(ms, () => late.abort(new DOMException(`It took longer than ${ms} ms.`, 'TimeoutError')))
  try {
    return await run(late.signal)
  } finally {
    undo()
  }
}

/** What `work` gives; or, where it takes longer than `ms` milliseconds, what `late` gives or throws. The work is not ended by that. */
export async function inTime<T>(timers: Timers, ms: number, work: Promise<T>, late: () => T): Promise<T> {
  let undo: Undo | undefined
  const over = new Promise<void>((resolve) => (undo = timers.after(ms, resolve)))
  try {
    return await Promise.race([work, over.then(late)])
  } finally {
    undo?.()
  }
}
