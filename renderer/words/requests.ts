import { useI18n } from 'vue-i18n'
import type { ApprovalRequest } from '../../contract/entities.ts'
import { Permission } from '../../contract/permissions.ts'
import { useAccessWords } from './access.ts'
import { useFormat } from './format.ts'

/** What a partner asks for, as one line: "Move 3 rooms to the update ring Executive". */
export function useRequestWords() {
  const { t } = useI18n({ useScope: 'global' })
  const { number, list } = useFormat()
  const { permissionName } = useAccessWords()

  function says({ command, subjectCount, text, subjects }: ApprovalRequest): string {
    const key = command === 'incident.assign' && text === undefined ? 'incident.unassign' : command
    const chosen = command === 'rooms.licence' ? t(`licence.${text}`) : (text ?? '')
    return t(`request.does.${key}`, { n: number(subjectCount), text: chosen, name: subjects[0] ?? '' }, subjectCount)
  }
  /** What was typed or chosen, where the line does not hold it. */
  function typed({ command, text }: ApprovalRequest): string | undefined {
    if (command === 'incident.comment' || command === 'incident.acknowledge') return text
    if (command !== 'role.save' || text === undefined) return undefined
    return list(
      text
        .split(', ')
        .map((id) => Permission.safeParse(id).data)
        .flatMap((one) => (one ? [permissionName(one)] : [])),
    )
  }
  return { says, typed }
}
