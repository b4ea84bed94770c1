import { computed, type ComputedRef, onScopeDispose, watch } from 'vue'
import type { PolicyCommand } from '../../contract/commands.ts'
import type { PolicyChange } from '../stores/policy.ts'

const pauseMs = 400

/**
 * Shows the effect of what is being typed or ticked, a moment after it stops changing. `fresh` says that the effect on
 * the screen is that of the command as it stands; null: there is nothing to save. `whenFresh` saves now, or as soon as it is known that
 * nobody gains or loses anything; where somebody does, that is read first and Enter pressed again. Typing on takes the wish back.
 */
export function useAutoEffect(
  change: PolicyChange,
  command: () => PolicyCommand | null,
): { fresh: ComputedRef<boolean>; whenFresh: (save: () => unknown) => void } {
  let wish: (() => unknown) | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  const fresh = computed(() => change.effect.value !== null && JSON.stringify(change.about.value) === JSON.stringify(command()))
  watch(
    () => JSON.stringify(command()),
    () => {
      clearTimeout(timer)
      wish = null
      const wanted = command()
      if (wanted === null) change.forget()
      else timer = setTimeout(() => void change.look(wanted), pauseMs)
    },
    { immediate: true },
  )
  function whenFresh(save: () => unknown): void {
    if (fresh.value) void save()
    else if (command() !== null) wish = save
  }
  watch([fresh, change.problem], ([now, wrong]) => {
    // A question forgets what was said before it; the answer is still to come.
    if (!now && wrong === null) return
    const granted = wish
    wish = null
    const { gain, lose } = change.effect.value ?? {}
    if (now && gain?.people === 0 && lose?.people === 0) void granted?.()
  })
  onScopeDispose(() => {
    wish = null
    clearTimeout(timer)
  })
  return { fresh, whenFresh }
}
