import { onScopeDispose, ref, type Ref, watch } from 'vue'
import type { PolicyCommand } from '../../contract/commands.ts'
import type { PolicyChange } from '../stores/policy.ts'

const pauseMs = 400

/**
 * Shows the effect of what is being typed or ticked, a moment after it stops changing. `fresh` says that the effect on
 * the screen is that of the command as it stands; null: there is nothing to save.
 */
export function useAutoEffect(change: PolicyChange, command: () => PolicyCommand | null): { fresh: Ref<boolean> } {
  const fresh = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  let asked = ''
  watch(
    () => JSON.stringify(command()),
    (text) => {
      clearTimeout(timer)
      fresh.value = false
      asked = text
      const wanted = command()
      if (wanted === null) return change.forget()
      timer = setTimeout(() => {
        void change.look(wanted).then(() => {
          if (asked === text) fresh.value = change.effect.value !== null
        })
      }, pauseMs)
    },
    { immediate: true },
  )
  onScopeDispose(() => clearTimeout(timer))
  return { fresh }
}
