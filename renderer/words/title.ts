import { computed, onScopeDispose, shallowReactive, watchEffect } from 'vue'

/** What is open, the innermost last: a room, an incident. Its name stands before the screen's in the title. */
const subjects = shallowReactive<(() => string)[]>([])

/** Names what is open in the page's title while the caller's scope lives. Empty: nothing to name yet. */
export function useSubject(name: () => string): void {
  subjects.push(name)
  onScopeDispose(() => subjects.splice(subjects.indexOf(name), 1))
}

/** Keeps the page's title in step: what is open, the screen, the program. Answers it without the program. */
export function usePageTitle(screen: () => string) {
  const title = computed(() => [...subjects.map((name) => name()).reverse(), screen()].filter(Boolean).join(' · '))
  watchEffect(() => (document.title = `${title.value} · Roomkeeper`))
  onScopeDispose(() => (document.title = 'Roomkeeper'))
  return title
}
