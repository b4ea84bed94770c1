import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRouter } from 'vue-router'
import type { TopicOutput } from '../../contract/bridge.ts'
import type { TenantId } from '../../contract/ids.ts'
import { useBridge } from '../bridge/index.ts'
import { useConsole } from './console.ts'
import { useToasts } from './toasts.ts'

export interface TenantChoice {
  readonly id: TenantId | 'all'
  readonly name: string
  /** The offline lease of its copy has ended (ACC-8). */
  readonly locked: boolean
  readonly own: boolean
}

/** Whose data is shown, and changing that (PAR-8). */
export const useTenants = defineStore('tenants', () => {
  const bridge = useBridge()
  const core = useConsole()
  const toasts = useToasts()
  const router = useRouter()
  const { t } = useI18n({ useScope: 'global' })

  /** One's own organisation, the customers, and all together; empty for who has no customers. */
  const choices = computed<TenantChoice[]>(() =>
    core.tenants.length < 2
      ? []
      : [
          ...core.tenants.map(({ id, name, link, locked }) => ({ id, name, locked, own: link === null })),
          { id: 'all' as const, name: t('tenants.all'), locked: false, own: false },
        ],
  )

  const counts = shallowRef<NonNullable<TopicOutput<'needAction'>>>([])
  bridge.listen('needAction', {}, (rows) => (counts.value = rows ?? []))
  /** How many incidents need action in each organisation, entered or not. */
  const needAction = computed(() => new Map(counts.value.map(({ tenant, count }) => [tenant, count])))
  /** Those of what is shown that nobody is on. */
  const unclaimed = computed(() =>
    counts.value.reduce((sum, { tenant, unclaimed: some }) => (core.all || tenant === core.entered ? sum + some : sum), 0),
  )
  /** Those of organisations that are not shown, the most first. */
  const elsewhere = computed(() =>
    core.all
      ? []
      : core.tenants
          .map(({ id, name, locked }) => ({ id, name, count: locked || id === core.entered ? 0 : (needAction.value.get(id) ?? 0) }))
          .filter(({ count }) => count > 0)
          .sort((a, b) => b.count - a.count),
  )

  /** Shows this tenant's data from now on. What was open of another one is closed; the kind of screen stays. */
  async function enter(tenant: TenantId | 'all'): Promise<void> {
    if (tenant === core.entered) return
    try {
      await bridge.call('session.enter', { tenant })
      const { name, path } = router.currentRoute.value
      if (name === 'room') await router.push('/rooms')
      else if (name === 'incidents') await router.push('/incidents')
      else if (path.startsWith('/settings/')) await router.push(path.split('/').slice(0, 3).join('/'))
    } catch (error) {
      toasts.problem(t('tenants.enterFailed'), error)
    }
  }

  // What is shown goes by itself with the access to it; that it is not a fault is said.
  watch([() => core.entered, () => core.tenants] as const, ([entered, now], [before, had]) => {
    const gone = had.find(({ id }) => id === before)
    if (entered === null || entered === before || gone === undefined || now.some(({ id }) => id === gone.id)) return
    toasts.say(t('tenants.gone', { name: gone.name }))
  })

  return { choices, needAction, unclaimed, elsewhere, enter }
})
