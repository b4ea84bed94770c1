import { computed, onScopeDispose, reactive, ref, shallowRef, watch } from 'vue'
import type { CallInput } from '../../../contract/bridge.ts'
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
  const range = computed(() => {
    const now = Date.now()
    const from = filter.from === '' ? now - limits.auditDays * day : startOf(filter.from)
    const to = filter.to === '' ? now : new Date(startOf(filter.to)).setHours(24)
    return { from, to }
  })
  const rangeWrong = computed(() => range.value.to <= range.value.from)
  const question = computed<Omit<CallInput<'audit.list'>, 'tenant'>>(() => ({
    ...(filter.from === '' ? {} : { from: range.value.from }),
    ...(filter.to === '' ? {} : { to: range.value.to }),
    ...(filter.category === '' ? {} : { category: filter.category }),
    ...(filter.operation === '' ? {} : { operation: filter.operation }),
    ...(filter.result === '' ? {} : { resultStatus: filter.result }),
    ...(filter.text.trim() === '' ? {} : { text: filter.text.trim().slice(0, limits.nameChars) }),
  }))

  async function read(before: number | null): Promise<void> {
    const mine = ++asked
    const tenant = core.acting
    reading.value = tenant !== null
    if (tenant === null) return
    try {
      const page = await bridge.call('audit.list', { tenant, ...question.value, ...(before === null ? {} : { before }) })
      if (mine !== asked) return
      rows.value = before === null ? page.items : [...rows.value, ...page.items]
      next.value = page.next
      problem.value = null
    } catch (error) {
      if (mine === asked) problem.value = codeOf(error)
    } finally {
      if (mine === asked) reading.value = false
    }
  }

  function reset(): Promise<void> {
    rows.value = []
    next.value = null
    problem.value = null
    return rangeWrong.value ? Promise.resolve() : read(null)
  }
  /** The page after the last one; nothing when one is being read or there is none. */
  async function more(): Promise<void> {
    if (!reading.value && next.value !== null) await read(next.value)
  }
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

  return { filter, range, rangeWrong, rows, next, problem, reading, reset, more, clear }
}
