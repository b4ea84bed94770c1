import { computed, reactive } from 'vue'
import type { CallInput } from '../../../contract/bridge.ts'
import { limits } from '../../../contract/limits.ts'
import type { AuditRecordView } from '../../../contract/policyApi.ts'
import { useBridge } from '../../bridge/index.ts'
import { useDays, useLog } from '../../stores/log.ts'

/** What is asked for, as it is typed; days are the operator's own, `''` is no condition. */
export interface AuditFilter {
  from: string
  to: string
  category: string
  operation: '' | 'Create' | 'Update' | 'Delete'
  result: '' | 'Successful' | 'Failed'
  text: string
}
type Question = Omit<CallInput<'audit.list'>, 'tenant'>
const nothing: AuditFilter = { from: '', to: '', category: '', operation: '', result: '', text: '' }

/** Records of the audit log, newest first, by the page; a new filter starts again from the top. */
export function useAudit() {
  const bridge = useBridge()
  const filter = reactive<AuditFilter>({ ...nothing })
  const { range, rangeWrong, askable, conditions } = useDays(filter)
  const question = computed<Question>(() => ({
    ...conditions(),
    ...(filter.category === '' ? {} : { category: filter.category }),
    ...(filter.operation === '' ? {} : { operation: filter.operation }),
    ...(filter.result === '' ? {} : { resultStatus: filter.result }),
    ...(filter.text.trim() === '' ? {} : { text: filter.text.trim().slice(0, limits.nameChars) }),
  }))
  const log = useLog<AuditRecordView, number, Question>({
    question,
    askable: () => askable.value,
    ask: (tenant, asked, before) => bridge.call('audit.list', { tenant, ...asked, ...(before === null ? {} : { before }) }),
    keyOf: ({ number }) => number,
  })
  const clear = (): void => void Object.assign(filter, nothing)
  return { filter, range, rangeWrong, askable, ...log, clear }
}
