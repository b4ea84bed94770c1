import type { Timers } from '../../contract/system.ts'
import type { Action } from '../actions.ts'
import type { Planned } from './plan.ts'

export interface PlayOptions {
  act: (actions: readonly Action[]) => Promise<void>
  timers: Timers
  now: () => number
  /** Ends it early. */
  signal?: AbortSignal
  onActions?: (atMs: number, actions: readonly Action[]) => void
}

/** Does what was planned, at its times; what belongs to one moment together. One moment is done before the next. */
export async function play(planned: readonly Planned[], options: PlayOptions): Promise<void> {
  const startedAt = options.now()
  for (const [atMs, moment] of Map.groupBy(planned, ({ atMs }) => atMs)) {
    await pause(startedAt + atMs - options.now(), options)
    if (options.signal?.aborted) return
    const actions = moment.map(({ action }) => action)
    options.onActions?.(atMs, actions)
    await options.act(actions)
  }
}

function pause(ms: number, { timers, signal }: PlayOptions): Promise<void> {
  return new Promise((done) => {
    if (ms <= 0 || signal?.aborted) {
      done()
      return
    }
    const undo = timers.after(ms, done)
    signal?.addEventListener(
      'abort',
      () => {
        undo()
        done()
      },
      { once: true },
    )
  })
}
