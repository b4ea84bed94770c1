import { nextTick, onScopeDispose, type Ref } from 'vue'
import { type RouteLocationNormalized, useRouter } from 'vue-router'

/** What makes another place of an address. Filters, tabs and the incident that is open in its list do not. */
const placeOf = ({ name, params }: RouteLocationNormalized): string =>
  JSON.stringify([name, Object.entries(params).filter(([param]) => param !== 'tab' && param !== 'incident')])

/**
 * After each navigation the focus is in what came, at its start, so that neither keys nor a screen reader begin with the
 * whole window again. A screen that takes the focus itself keeps it, and so does what is still there of the same place.
 */
export function useArrival(main: Readonly<Ref<HTMLElement | null>>): void {
  const router = useRouter()
  onScopeDispose(
    router.afterEach((to, from, failure) => {
      if (failure || from.matched.length === 0) return
      const stays = placeOf(to) === placeOf(from)
      void nextTick(() => {
        const lost = stays ? document.activeElement === document.body : !main.value?.contains(document.activeElement)
        if (lost) main.value?.focus({ preventScroll: true })
      })
    }),
  )
}
