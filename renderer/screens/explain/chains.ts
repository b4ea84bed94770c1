import { useI18n } from 'vue-i18n'
import type { Chain } from '../../../contract/policyApi.ts'
import { useAccessWords } from '../../words/access.ts'
import { useFormat } from '../../words/format.ts'

/** How someone comes to hold a permission, in words: "in the group Field technicians → assignment Site leads → …" (ACC-7). */
export function useChainWords() {
  const { t } = useI18n({ useScope: 'global' })
  const { roleName } = useAccessWords()
  const { number, list } = useFormat()

  /** The steps of one chain. `room`: the name of the room that was asked about. */
  function steps(chain: Chain, room?: string): string[] {
    if (chain.kind === 'globalAdministrator') return [t('explain.globalAdministrator'), t('assignments.allRooms')]
    const { group, assignment, role, scope, partner, rooms } = chain
    const said: string[] = [
      ...(partner ? [t('explain.partner', { name: partner })] : []),
      group ? t('explain.inGroup', { name: group.name }) : t('explain.named'),
      ...(assignment ? [t('explain.assignment', { name: assignment.name })] : []),
      ...(role ? [t('explain.role', { name: roleName(role) })] : []),
    ]
    switch (scope?.kind) {
      case 'all':
        return [...said, t('assignments.allRooms')]
      case 'room':
        return [...said, room ?? t('effect.rooms', { n: number(rooms) }, rooms)]
      case 'groups':
        return [
          ...said,
          scope.groups.length > 0
            ? list(scope.groups.map((name) => t('assignments.roomGroup', { name })))
            : t('effect.rooms', { n: number(rooms) }, rooms),
        ]
      case 'link':
        return [...said, t('explain.link')]
      default:
        return [...said, t('effect.rooms', { n: number(rooms) }, rooms)]
    }
  }
  return { steps }
}
