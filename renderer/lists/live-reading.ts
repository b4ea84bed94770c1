import { onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { Kind } from '../../contract/entities.ts'
import type { ErrorCode } from '../../contract/errors.ts'
import { codeOf } from '../bridge/index.ts'
import { useConsole } from '../stores/console.ts'

/** At most one reading in this time. */
const pauseMs = 1_000
/** Read again after this anyhow: what is counted by the hour moves on without a change. */
const anewMs = 60_000

/**
 * What the core has put together of many things, read again when something of these kinds has changed, when another organisation is entered
 * and each minute. The value before stays on the screen meanwhile, and when a reading fails.
 */
export function useLiveReading<T>(read: () => Promise<T>, kinds: readonly Kind[]) {
  const core = useConsole()
  const value = shallowRef<T | null>(null)
  const problem = ref<ErrorCode | null>(null)
  let generation = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let dueMs = Number.POSITIVE_INFINITY

  /** The next reading, after so long or sooner where one is due by then. */
  function due(ms: number): void {
    if (timer !== undefined && dueMs <= ms) return
    clearTimeout(timer)
    dueMs = ms
    timer = setTimeout(() => void now(), ms)
  }

  async function now(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const mine = ++generation
    const answer = await read().then(
      (found) => ({ found }),
      (error: unknown) => ({ code: codeOf(error) }),
    )
    if (mine !== generation) return
    if ('found' in answer) value.value = answer.found
    problem.value = 'code' in answer ? answer.code : null
    due(anewMs)
  }

  const stop = core.onChanges(({ kinds: changed }) => {
    if (changed.some((kind) => kinds.includes(kind))) due(pauseMs)
  })
  watch(
    () => core.entered,
    () => {
      value.value = null
      void now()
    },
  )
  onScopeDispose(() => {
    generation++
    stop()
    clearTimeout(timer)
  })
  void now()
  return { value, problem, now }
}
