import { computed, onScopeDispose, shallowReactive, watchEffect } from 'vue'

/** What is open, the innermost last: a room, an incident. Its name stands before the screen's in the title. */
const subjects = shallowReactive<(() => string)[]>([])

/** Names what is open in the page's title while the caller's scope lives. Empty: nothing to name yet. */
export function useSubject(name: () => string): void {
  subjects.push(name)
  onScopeDispose(() => subjects.splice(subjects.indexOf(name), 1))
}

/**
 * Keeps the page's title in step: how many are new, what is open, the screen, the program. Answers what is open and the screen.
 */
export function usePageTitle(screen: () => string, fresh: () => number) {
  const title = computed(() => [...subjects.map((name) => name()).reverse(), screen()].filter(Boolean).join(' · '))
  watchEffect(() => (document.title = `${fresh() > 0 ? `(${fresh()}) ` : ''}${title.value} · Roomkeeper`))
  onScopeDispose(() => (document.title = 'Roomkeeper'))
  return title
}
