import { computed, shallowReactive, shallowRef } from 'vue'

/** Which rows are marked: one by one, or from the last one to this one with shift. */
export function useSelection<Row>(keyOf: (row: Row) => string, at: (index: number) => Row | undefined) {
  const chosen = shallowReactive(new Map<string, Row>())
  const anchor = shallowRef<number | null>(null)

  function toggle(index: number, range: boolean): void {
    const row = at(index)
    if (!row) return
    const on = !chosen.has(keyOf(row))
    const from = range && anchor.value !== null ? Math.min(anchor.value, index) : index
    const to = range && anchor.value !== null ? Math.max(anchor.value, index) : index
    for (let i = from; i <= to; i++) {
      const one = at(i)
      if (!one) continue
      if (on || range) chosen.set(keyOf(one), one)
      else chosen.delete(keyOf(one))
    }
    anchor.value = index
  }

  function clear(): void {
    chosen.clear()
    anchor.value = null
  }

  const rows = computed(() => [...chosen.values()])
  const has = (row: Row): boolean => chosen.has(keyOf(row))
  return { chosen, rows, toggle, clear, has }
}

export type Selection<Row> = ReturnType<typeof useSelection<Row>>
