import { computed, type ComputedRef, onScopeDispose, watch } from 'vue'
import type { PolicyCommand } from '../../contract/commands.ts'
import type { PolicyChange } from '../stores/policy.ts'

const pauseMs = 400

/**
 * Shows the effect of what is being typed or ticked, a moment after it stops changing. `fresh` says that the effect on
 * the screen is that of the command as it stands; null: there is nothing to save.
 */
export function useAutoEffect(change: PolicyChange, command: () => PolicyCommand | null): { fresh: ComputedRef<boolean> } {
  let timer: ReturnType<typeof setTimeout> | undefined
  const fresh = computed(() => change.effect.value !== null && JSON.stringify(change.about.value) === JSON.stringify(command()))
  watch(
    () => JSON.stringify(command()),
    () => {
      clearTimeout(timer)
      const wanted = command()
      if (wanted === null) change.forget()
      else timer = setTimeout(() => void change.look(wanted), pauseMs)
    },
    { immediate: true },
  )
  onScopeDispose(() => clearTimeout(timer))
  return { fresh }
}
