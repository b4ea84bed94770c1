import { computed, type ComputedRef, shallowRef, watch } from 'vue'
import type { CallOutput } from '../../../contract/bridge.ts'
import type { GroupId } from '../../../contract/ids.ts'
import type { PlacePart } from '../../../contract/suppression.ts'
import { useBridge } from '../../bridge/index.ts'
import { useConsole } from '../../stores/console.ts'
import { usePolicy } from '../../stores/policy.ts'

/** What can be suppressed as a whole: a building, by what the copy knows, or a group, by what the service says. */
export interface Target {
  readonly key: string
  readonly kind: 'place' | 'group'
  readonly name: string
  readonly groups: readonly GroupId[]
  readonly place: PlacePart | null
}

/** Asked for while `wanted`. Without the service only buildings are there. */
export function useTargets(wanted: () => boolean): ComputedRef<Target[]> {
  const bridge = useBridge()
  const core = useConsole()
  const buildings = shallowRef<CallOutput<'rooms.buildings'>['rows']>([])
  watch(
    wanted,
    async (is) => {
      if (is)
        buildings.value = await bridge.call('rooms.buildings', {}).then(
          ({ rows }) => rows,
          () => [],
        )
    },
    { immediate: true },
  )
  const groups = usePolicy('policy.groups', () => (wanted() && core.may('groups.view') ? {} : null))
  return computed(() => [
    ...buildings.value
      .filter(({ building }) => building !== '')
      .map(({ building }): Target => ({ key: `place ${building}`, kind: 'place', name: building, groups: [], place: { building } })),
    ...(groups.value.value?.items ?? []).map(({ id, name }): Target => ({
      key: `group ${id}`,
      kind: 'group',
      name,
      groups: [id],
      place: null,
    })),
  ])
}
