import { computed, type ComputedRef, type MaybeRefOrGetter, toValue } from 'vue'
import { useI18n } from 'vue-i18n'
import { plainName } from '../../contract/names.ts'
import { BuiltInRole, builtInRoles } from '../../contract/permissions.ts'
import { useConsole } from './console.ts'
import { usePolicy } from './policy.ts'

interface Named {
  readonly id: string
  readonly name: string
}
export interface NameWrong {
  /** Nobody has typed a name. */
  readonly missing: ComputedRef<string>
  /** Another one has it: said while it is typed, and not at the end. */
  readonly taken: ComputedRef<string>
}

/** Built-in roles are found by both of their names, whichever language is on. */
const builtIn: readonly Named[] = BuiltInRole.options.flatMap((id) => [
  { id, name: builtInRoles[id].en },
  { id, name: builtInRoles[id].fr },
])

/**
 * What is wrong with a name of the policy, by the service's own rule: it is unique among what its giver sees, and one that stays as it
 * was is not looked at again. `was`: its name before, of something that is there already. Null: nothing is being named.
 */
export function useNameWrong(what: 'role' | 'assignment' | 'group', given: MaybeRefOrGetter<(Named & { was?: string }) | null>): NameWrong {
  const core = useConsole()
  const { t } = useI18n({ useScope: 'global' })
  const asked = (kind: typeof what) => (): Record<string, never> | null => (what === kind && toValue(given) !== null ? {} : null)
  const roles = usePolicy('policy.roles', asked('role'))
  const assignments = usePolicy('policy.assignments', asked('assignment'))
  const groups = usePolicy('policy.groups', asked('group'))

  const side = computed(() => core.me?.access.link ?? null)
  const others = computed<readonly Named[]>(() => [
    ...(what === 'role' ? builtIn : []),
    ...(roles.value.value?.items ?? []).filter(({ link }) => link === side.value),
    ...(assignments.value.value?.items ?? []).filter(({ link }) => link === side.value),
    ...(groups.value.value?.items ?? []),
  ])
  const missing = computed(() => {
    const now = toValue(given)
    return now !== null && now.name.trim() === '' ? t(`${what}s.needsName`) : ''
  })
  const taken = computed(() => {
    const now = toValue(given)
    if (now === null || plainName(now.name) === '' || plainName(now.was ?? '') === plainName(now.name)) return ''
    const other = others.value.find(({ id, name }) => id !== now.id && plainName(name) === plainName(now.name))
    return other ? t('names.taken', { name: other.name }) : ''
  })
  return { missing, taken }
}
