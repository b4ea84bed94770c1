import { computed, reactive } from 'vue'
import type { CallInput } from '../../../contract/bridge.ts'
import type { SessionId } from '../../../contract/ids.ts'
import { limits } from '../../../contract/limits.ts'
import type { SessionRecord } from '../../../contract/remote.ts'
import { kept } from '../../../contract/retention.ts'
import { useBridge } from '../../bridge/index.ts'
import { useDays, useLog } from '../../stores/log.ts'

/** What is asked for, as it is typed; `''` is no condition. */
export interface SessionFilter {
  from: string
  to: string
  text: string
  outcome: '' | 'running' | 'ended' | 'refused'
  recorded: boolean
}
type Question = Omit<CallInput<'remote.log'>, 'tenant'>
const nothing: SessionFilter = { from: '', to: '', text: '', outcome: '', recorded: false }

/** The log of remote sessions (REM-8), newest first, by the page. */
export function useSessionLog() {
  const bridge = useBridge()
  const filter = reactive<SessionFilter>({ ...nothing })
  const { range, rangeWrong, askable, conditions } = useDays(filter, kept.sessionDays)
  const question = computed<Question>(() => ({
    ...conditions(),
    ...(filter.text.trim() === '' ? {} : { text: filter.text.trim().slice(0, limits.nameChars) }),
    ...(filter.outcome === '' ? {} : { outcome: filter.outcome }),
    ...(filter.recorded ? { recorded: 'true' } : {}),
  }))
  const log = useLog<SessionRecord, SessionId, Question>({
    question,
    askable: () => askable.value,
    ask: (tenant, asked, before) => bridge.call('remote.log', { tenant, ...asked, ...(before === null ? {} : { before }) }),
    keyOf: ({ id }) => id,
  })
  const clear = (): void => void Object.assign(filter, nothing)
  const filtered = computed(() => Object.keys(question.value).length > 0)
  return { filter, filtered, range, rangeWrong, askable, ...log, clear }
}
