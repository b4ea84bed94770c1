import { computed, onScopeDispose, reactive, ref, shallowRef, watch } from 'vue'
import type { CallInput, CallOutput } from '../../../contract/bridge.ts'
import type { ErrorCode } from '../../../contract/errors.ts'
import { limits } from '../../../contract/limits.ts'
import type { AuditRecordView } from '../../../contract/policyApi.ts'
import { codeOf, useBridge } from '../../bridge/index.ts'
import { useConsole } from '../../stores/console.ts'

const day = 24 * 3_600_000
const pauseMs = 250

/** What is asked for, as it is typed; days are the operator's own, `''` is no condition. */
export interface AuditFilter {
  from: string
  to: string
  category: string
  operation: '' | 'Create' | 'Update' | 'Delete'
  result: '' | 'Successful' | 'Failed'
  text: string
}
type AuditPage = CallOutput<'audit.list'>
const nothing: AuditFilter = { from: '', to: '', category: '', operation: '', result: '', text: '' }

/** The start of a day in the operator's time zone, in UTC milliseconds. */
const startOf = (typed: string): number => new Date(`${typed}T00:00:00`).getTime()

/** Records of the audit log, newest first, by the page; a new filter starts again from the top. */
export function useAudit() {
  const bridge = useBridge()
  const core = useConsole()
  const filter = reactive<AuditFilter>({ ...nothing })
  const rows = shallowRef<AuditRecordView[]>([])
  const next = ref<number | null>(null)
  const problem = ref<ErrorCode | null>(null)
  const reading = ref(false)
  let asked = 0

  /** The days that are asked for, up to the start of the day after the last one; all that is kept where none is named. */
  function range(): { from: number; to: number } {
    const now = Date.now()
    const from = filter.from === '' ? now - limits.auditDays * day : startOf(filter.from)
    const to = filter.to === '' ? now : new Date(startOf(filter.to)).setHours(24)
    return { from, to }
  }
  const rangeWrong = computed(() => {
    const { from, to } = range()
    return to <= from
  })
  const question = computed<Omit<CallInput<'audit.list'>, 'tenant'>>(() => ({
    ...(filter.from === '' ? {} : { from: range().from }),
    ...(filter.to === '' ? {} : { to: range().to }),
    ...(filter.category === '' ? {} : { category: filter.category }),
    ...(filter.operation === '' ? {} : { operation: filter.operation }),
    ...(filter.result === '' ? {} : { resultStatus: filter.result }),
    ...(filter.text.trim() === '' ? {} : { text: filter.text.trim().slice(0, limits.nameChars) }),
  }))

  /** `before`: the page behind it, null the newest one. `into` makes what is shown of it. */
  async function read(before: number | null, into: (page: AuditPage) => void): Promise<void> {
    const mine = ++asked
    const tenant = core.acting
    reading.value = tenant !== null
    if (tenant === null) return
    try {
      const page = await bridge.call('audit.list', { tenant, ...question.value, ...(before === null ? {} : { before }) })
      if (mine !== asked) return
      into(page)
      problem.value = null
    } catch (error) {
      if (mine === asked) problem.value = codeOf(error)
    } finally {
      if (mine === asked) reading.value = false
    }
  }

  function show(page: AuditPage): void {
    rows.value = page.items
    next.value = page.next
  }
  function reset(): Promise<void> {
    rows.value = []
    next.value = null
    problem.value = null
    return rangeWrong.value ? Promise.resolve() : read(null, show)
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
  /** Puts what came since above what is there; where that is more than a page, it starts again from the top. */
  async function refresh(): Promise<void> {
    const newest = rows.value[0]?.number
    if (newest === undefined) return reset()
    last = refresh
    await read(null, (page) => {
      const fresh = page.items.filter(({ number }) => number > newest)
      if (fresh.length === page.items.length && page.next !== null) show(page)
      else rows.value = [...fresh, ...rows.value]
    })
  }
  /** Once more what failed last, with what is shown kept. */
  let last = more
  const again = (): Promise<void> => last()
  const clear = (): void => void Object.assign(filter, nothing)

  let timer: ReturnType<typeof setTimeout> | undefined
  watch(question, () => {
    clearTimeout(timer)
    timer = setTimeout(() => void reset(), pauseMs)
  })
  watch(() => core.acting, () => void reset(), { immediate: true })
  watch(
    () => core.offline,
    (offline) => !offline && problem.value !== null && void reset(),
  )
  onScopeDispose(() => {
    clearTimeout(timer)
    asked++
  })

  return { filter, range, rangeWrong, rows, next, problem, reading, reset, more, refresh, again, clear }
}
