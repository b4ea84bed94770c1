import { computed, onBeforeUnmount, type Ref, shallowRef, watch } from 'vue'
import type { ErrorCode } from '../../../contract/errors.ts'
import type { IncidentId } from '../../../contract/ids.ts'
import type { IncidentView } from '../../../contract/views.ts'
import { codeOf, useBridge } from '../../bridge/index.ts'
import { useConsole } from '../../stores/console.ts'

export interface IncidentDoc {
  /** What the copy has; null: it has none, undefined: not known yet. */
  readonly live: Readonly<Ref<IncidentView | null | undefined>>
  /**
   * What is shown: that, or what the service has of one that this console has let go. That is read only: what is done with it brings it
   * back, at the service.
   */
  readonly doc: Readonly<Ref<IncidentView | null | undefined>>
  /** Why the service could not be asked. */
  readonly notAsked: Readonly<Ref<ErrorCode | null>>
}

/** An incident as it is now, wherever it is kept. Asks again when the network is back. */
export function useIncidentDoc(incident: IncidentId): IncidentDoc {
  const bridge = useBridge()
  const core = useConsole()
  const live = shallowRef<IncidentView | null | undefined>(undefined)
  const past = shallowRef<IncidentView | null | undefined>(undefined)
  const notAsked = shallowRef<ErrorCode | null>(null)
  onBeforeUnmount(
    bridge.listen(
      'incident',
      { incident },
      (value) => (live.value = value),
      () => (live.value = null),
    ),
  )
  watch(
    () => [live.value === null, core.sync.state] as const,
    async ([gone]) => {
      if (!gone || past.value) return
      try {
        past.value = await bridge.call('incidents.past', { incident })
      } catch (error) {
        const code = codeOf(error)
        notAsked.value = code === 'incident.notFound' ? null : code
        past.value = null
      }
    },
  )
  return { live, doc: computed(() => live.value ?? (live.value === null ? past.value : undefined)), notAsked }
}
