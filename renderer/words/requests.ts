import { useI18n } from 'vue-i18n'
import type { ApprovalRequest } from '../../contract/entities.ts'
import { useFormat } from './format.ts'

/** What a partner asks for, as one line: "Move 3 rooms to the ring Executive". Comments are shown below it, not in it. */
export function useRequestWords() {
  const { t } = useI18n({ useScope: 'global' })
  const { number } = useFormat()
  const says = ({ command, subjectCount, text, subjects }: ApprovalRequest): string =>
    t(`request.does.${command}`, { n: number(subjectCount), text: text ?? '', name: subjects[0] ?? '' }, subjectCount)
  /** What was typed, where the line does not hold it. */
  const typed = ({ command, text }: ApprovalRequest): string | undefined =>
    command === 'incident.comment' || command === 'incident.acknowledge' ? text : undefined
  return { says, typed }
}
