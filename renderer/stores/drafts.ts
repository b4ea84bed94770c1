import { defineStore } from 'pinia'
import { reactive, ref, type Ref, shallowRef, type ShallowRef, watch } from 'vue'
import { useConsole } from './console.ts'

/** What was begun in a wizard and not finished: it stays while the program runs, for the person and tenant it was begun by. */
export const useDrafts = defineStore('drafts', () => {
  const core = useConsole()
  const kept = new Map<string, { value: object; first: string }>()
  const keyOf = (what: string): string => `${core.me?.id ?? ''}/${core.me?.tenant ?? ''}/${what}`

  /** The draft of this, or a new one. What is changed in it is kept. */
  function of<T extends object>(what: string, make: () => T): T {
    const known = kept.get(keyOf(what))
    if (known) return known.value as T
    const value = reactive(make()) as T
    kept.set(keyOf(what), { value, first: JSON.stringify(value) })
    return value
  }

  /** Whether something was entered since it was made. */
  function touched(what: string): boolean {
    const known = kept.get(keyOf(what))
    return known !== undefined && JSON.stringify(known.value) !== known.first
  }

  const drop = (what: string): void => void kept.delete(keyOf(what))

  watch(
    () => core.session?.state,
    (state) => state === 'signedOut' && kept.clear(),
  )
  return { keyOf, of, touched, drop }
})

/** The draft of one wizard: what was entered, whether anything was, and dropping it for a new one. In another tenant it is that one's. */
export function useDraft<T extends object>(
  what: () => string,
  make: () => T,
): { draft: ShallowRef<T>; touched: Ref<boolean>; drop: () => void } {
  const drafts = useDrafts()
  const draft = shallowRef(drafts.of(what(), make)) as ShallowRef<T>
  const touched = ref(false)
  watch(
    () => drafts.keyOf(what()),
    () => (draft.value = drafts.of(what(), make)),
  )
  watch(draft, () => (touched.value = drafts.touched(what())), { deep: true, immediate: true })
  const drop = (): void => {
    drafts.drop(what())
    draft.value = drafts.of(what(), make)
  }
  return { draft, touched, drop }
}
