import { computed, ref, shallowReactive } from 'vue'

/** One end of a range: which row, and where it stands on the screen. */
export interface RangeEnd {
  id: string
  at: number
}

export interface SelectionOptions<Row> {
  keyOf(row: Row): string
  /** The row at a place of the list, where the screen has read it. */
  at(index: number): Row | undefined
  /** Where a row stands now; below 0 where that is not known. */
  indexOf(key: string): number
  /** The rows from one to another with both, whatever the screen has read of them. */
  range(from: RangeEnd, to: RangeEnd): Promise<readonly Row[]>
}

/**
 * Which rows are marked: one by one, from the last one to this one with shift, or as they are handed over. A range whose
 * rows were not all read is asked for, so that none of it is left out without a word.
 */
export function useSelection<Row>({ keyOf, at, indexOf, range }: SelectionOptions<Row>) {
  const chosen = shallowReactive(new Map<string, Row>())
  /** Rows are being asked for. */
  const busy = ref(false)
  let anchor: RangeEnd | null = null
  let generation = 0

  function add(rows: Iterable<Row>): void {
    for (const row of rows) chosen.set(keyOf(row), row)
  }
  function remove(rows: Iterable<Row>): void {
    for (const row of rows) chosen.delete(keyOf(row))
  }

  /** Marks what is asked for, unless everything was cleared meanwhile. */
  async function ask(rows: Promise<readonly Row[]>): Promise<void> {
    const mine = generation
    busy.value = true
    try {
      const found = await rows
      if (mine === generation) add(found)
    } finally {
      if (mine === generation) busy.value = false
    }
  }

  async function toggle(index: number, withRange: boolean): Promise<void> {
    const row = at(index)
    if (!row) return
    const here = { id: keyOf(row), at: index }
    const from = withRange ? anchor : null
    anchor = here
    if (from === null) {
      if (!chosen.delete(here.id)) chosen.set(here.id, row)
      return
    }
    const now = indexOf(from.id)
    const start = { id: from.id, at: now < 0 ? from.at : now }
    const [first, last] = [Math.min(start.at, index), Math.max(start.at, index)]
    const read: Row[] = []
    for (let i = first; i <= last; i++) {
      const one = at(i)
      if (one) read.push(one)
    }
    add(read)
    if (read.length < last - first + 1) await ask(range(start, here))
  }

  function clear(): void {
    generation++
    busy.value = false
    chosen.clear()
    anchor = null
  }

  const rows = computed(() => [...chosen.values()])
  const has = (row: Row): boolean => chosen.has(keyOf(row))
  return { chosen, rows, busy, toggle, add, remove, ask, clear, has }
}

export type Selection<Row> = ReturnType<typeof useSelection<Row>>
