import { computed, type ComputedRef, onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { ErrorCode } from '../../contract/errors.ts'
import type { TenantId } from '../../contract/ids.ts'
import { kept } from '../../contract/retention.ts'
import { codeOf } from '../bridge/index.ts'
import { dayOf } from '../words/days.ts'
import { useClock } from './clock.ts'
import { useConsole } from './console.ts'

const day = 24 * 3_600_000
const pauseMs = 250

export interface LogPage<Row, Key> {
  readonly items: Row[]
  readonly next: Key | null
}

export interface LogOptions<Row, Key extends string | number, Question> {
  /** What is asked for; another one starts again from the top. */
  readonly question: ComputedRef<Question>
  /** Whether it can be asked at all. */
  readonly askable: () => boolean
  /** One page: behind `before`, or the newest. */
  readonly ask: (tenant: TenantId, question: Question, before: Key | null) => Promise<LogPage<Row, Key>>
  readonly keyOf: (row: Row) => Key
}

/** A log that only the service has, newest first, by the page. */
export function useLog<Row, Key extends string | number, Question>({ question, askable, ask, keyOf }: LogOptions<Row, Key, Question>) {
  const core = useConsole()
  const rows = shallowRef<Row[]>([])
  const next = shallowRef<Key | null>(null)
  const problem = ref<ErrorCode | null>(null)
  const reading = ref(false)
  let asked = 0

  /** `before`: the page behind it, null the newest one. `into` makes what is shown of it. */
  async function read(before: Key | null, into: (page: LogPage<Row, Key>) => void): Promise<void> {
    const mine = ++asked
    const tenant = core.acting
    reading.value = tenant !== null
    if (tenant === null) return
    try {
      const page = await ask(tenant, question.value, before)
      if (mine !== asked) return
      into(page)
      problem.value = null
    } catch (error) {
      if (mine === asked) problem.value = codeOf(error)
    } finally {
      if (mine === asked) reading.value = false
    }
  }

  function show(page: LogPage<Row, Key>): void {
    rows.value = page.items
    next.value = page.next
  }
  function reset(): Promise<void> {
    rows.value = []
    next.value = null
    problem.value = null
    if (askable()) return read(null, show)
    asked++
    reading.value = false
    return Promise.resolve()
  }
  /** The page after the last one; nothing when one is being read or there is none. */
  async function more(): Promise<void> {
    if (reading.value || next.value === null) return
    last = more
    await read(next.value, (page) => {
      rows.value = [...rows.value, ...page.items]
      next.value = page.next
    })
  }
  /** Puts what came since above what is there, and what changed in its place; more than a page starts again from the top. */
  async function refresh(): Promise<void> {
    if (rows.value.length === 0) return reset()
    last = refresh
    await read(null, (page) => {
      const known = new Set(rows.value.map(keyOf))
      if (page.next !== null && !page.items.some((row) => known.has(keyOf(row)))) return show(page)
      const newest = new Map(page.items.map((row) => [keyOf(row), row]))
      rows.value = [...page.items.filter((row) => !known.has(keyOf(row))), ...rows.value.map((row) => newest.get(keyOf(row)) ?? row)]
    })
  }
  /** Once more what failed last, with what is shown kept. */
  let last = more
  const again = (): Promise<void> => last()

  let timer: ReturnType<typeof setTimeout> | undefined
  watch(question, () => {
    clearTimeout(timer)
    timer = setTimeout(() => void reset(), pauseMs)
  })
  watch(
    () => core.acting,
    () => void reset(),
    { immediate: true },
  )
  watch(
    () => core.offline,
    (offline) => !offline && problem.value !== null && void reset(),
  )
  onScopeDispose(() => {
    clearTimeout(timer)
    asked++
  })

  return { rows, next, problem, reading, reset, more, refresh, again }
}

/** The start of a day in the operator's time zone, in UTC milliseconds. */
const startOf = (kept: string): number => new Date(`${kept}T00:00:00`).getTime()

/**
 * Days as they are typed in two fields, `''` is no condition; the operator's own days. Nothing can be asked while one of them is no day,
 * or the last one is before the first.
 */
export function useDays(typed: { from: string; to: string }, keptDays: number = kept.auditDays) {
  const clock = useClock()
  /** The days that are asked for, up to the start of the day after the last one; all that is kept where none is named. */
  function range(): { from: number; to: number } {
    // Rows are dated by the service.
    const now = Date.now() + clock.ahead
    const from = typed.from === '' ? now - keptDays * day : startOf(typed.from)
    const to = typed.to === '' ? now : new Date(startOf(typed.to)).setHours(24)
    return { from, to }
  }
  const unread = computed(() => [typed.from, typed.to].some((one) => one !== '' && dayOf(one) === null))
  const rangeWrong = computed(() => {
    if (unread.value) return false
    const { from, to } = range()
    return to <= from
  })
  const askable = computed(() => !unread.value && !rangeWrong.value)
  /** As conditions of a question. */
  const conditions = (): { from?: number; to?: number } => ({
    ...(typed.from === '' ? {} : { from: range().from }),
    ...(typed.to === '' ? {} : { to: range().to }),
  })
  return { range, rangeWrong, askable, conditions }
}
