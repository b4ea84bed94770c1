import { computed, onScopeDispose, ref, shallowReactive, shallowRef, triggerRef, watch } from 'vue'
import type { ErrorCode } from '../../contract/errors.ts'
import { codeOf } from '../bridge/index.ts'

const pageRows = 100
/** At most one refresh in this time; the first one after a pause is at once. */
const pauseMs = 150
/** How long a changed row shows its bar. */
const barMs = 2_000
/** Pages that are kept; beyond it those farthest from what is shown go. */
const pagesKept = 60

export interface LiveListOptions<Row> {
  fetch(offset: number, limit: number): Promise<{ total: number; rows: Row[] }>
  keyOf(row: Row): string
  /** What must differ for a row to count as changed. */
  stampOf(row: Row): string
  /** Whether the row still fits the filter; asked when it is missing from a page it was on. */
  belongs(row: Row): boolean
  readOne(key: string): Promise<Row | null>
  /** Whether rows must stay where they are: something of the list is under the pointer or the keyboard. */
  held(): boolean
}

/**
 * A list of any length, fetched by the page, that follows changes without moving what is under the cursor: while it is
 * held, rows are changed in place, new ones are counted in `waiting`, and ones that no longer fit are marked `left`.
 * `accept` lets everything take its place, and so does letting go of the list.
 */
export function useLiveList<Row>(options: LiveListOptions<Row>) {
  const pages = shallowRef(new Map<number, (Row | undefined)[]>())
  const total = ref(0)
  const loaded = ref(false)
  const problem = ref<ErrorCode | null>(null)
  const waiting = ref(0)
  const left = shallowReactive(new Set<string>())
  const changed = shallowReactive(new Set<string>())
  const places = computed(() => {
    const found = new Map<string, number>()
    for (const [page, rows] of pages.value) {
      rows.forEach((row, at) => row && found.set(options.keyOf(row), page * pageRows + at))
    }
    return found
  })

  let shown = { first: 0, last: 0 }
  /** Rows that are shown have another order by now. */
  let displaced = false
  let generation = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let refreshing = false
  let again = false
  const fetching = new Set<number>()
  const bars = new Map<string, ReturnType<typeof setTimeout>>()

  const at = (index: number): Row | undefined => pages.value.get(Math.floor(index / pageRows))?.[index % pageRows]
  const indexOf = (key: string): number => places.value.get(key) ?? -1
  const byKey = (key: string): Row | undefined => at(indexOf(key))

  function showBar(key: string): void {
    clearTimeout(bars.get(key))
    changed.add(key)
    bars.set(
      key,
      setTimeout(() => {
        changed.delete(key)
        bars.delete(key)
      }, barMs),
    )
  }

  const pagesShown = (): number[] => {
    const wanted = new Set([0])
    for (let page = Math.floor(shown.first / pageRows); page <= Math.floor(shown.last / pageRows); page++) wanted.add(page)
    return [...wanted]
  }

  async function load(page: number): Promise<void> {
    if (fetching.has(page)) return
    fetching.add(page)
    const mine = generation
    try {
      const answer = await options.fetch(page * pageRows, pageRows)
      if (mine !== generation) return
      pages.value.set(page, answer.rows)
      if (!loaded.value || !options.held()) total.value = answer.total
      trim()
      triggerRef(pages)
      loaded.value = true
      problem.value = null
    } catch (error) {
      if (mine === generation) problem.value = codeOf(error)
    } finally {
      if (mine === generation) fetching.delete(page)
    }
  }

  function trim(): void {
    if (pages.value.size <= pagesKept) return
    const middle = Math.floor((shown.first + shown.last) / 2 / pageRows)
    const far = [...pages.value.keys()].sort((a, b) => Math.abs(b - middle) - Math.abs(a - middle))
    for (const page of far.slice(0, pages.value.size - pagesKept)) if (page !== 0) pages.value.delete(page)
  }

  /** Says which rows are on the screen; what is missing of them is fetched. */
  function show(first: number, last: number): void {
    shown = { first, last }
    for (const page of pagesShown()) if (!pages.value.has(page)) void load(page)
  }

  async function refreshNow(): Promise<void> {
    if (refreshing) {
      again = true
      return
    }
    refreshing = true
    const mine = generation
    try {
      const wanted = pagesShown()
      const answers = await Promise.all(wanted.map(async (page) => ({ page, ...(await options.fetch(page * pageRows, pageRows)) })))
      if (mine !== generation) return
      if (loaded.value && options.held()) await mergeInPlace(answers)
      else replace(answers)
      problem.value = null
    } catch (error) {
      if (mine === generation) problem.value = codeOf(error)
    } finally {
      refreshing = false
      if (again && mine === generation) {
        again = false
        changesCame()
      }
    }
  }

  type Answer = { page: number; total: number; rows: Row[] }

  function replace(answers: Answer[]): void {
    const before = new Map<string, string>()
    for (const rows of pages.value.values()) {
      for (const row of rows) if (row) before.set(options.keyOf(row), options.stampOf(row))
    }
    const sameLength = answers[0]?.total === total.value
    const next = new Map(sameLength ? pages.value : undefined)
    for (const { page, rows } of answers) {
      next.set(page, rows)
      for (const row of rows) {
        if (loaded.value && before.get(options.keyOf(row)) !== options.stampOf(row)) showBar(options.keyOf(row))
      }
    }
    pages.value = next
    total.value = answers[0]?.total ?? 0
    waiting.value = 0
    displaced = false
    left.clear()
    loaded.value = true
    show(shown.first, Math.min(shown.last, Math.max(0, total.value - 1)))
  }

  async function mergeInPlace(answers: Answer[]): Promise<void> {
    // More or fewer somewhere that is not shown.
    if (answers[0]?.total !== total.value) displaced = true
    const fresh = new Map<string, Row>()
    for (const { rows } of answers) for (const row of rows) fresh.set(options.keyOf(row), row)
    const missing: string[] = []
    for (const { page } of answers) {
      for (const row of pages.value.get(page) ?? []) {
        if (row && !fresh.has(options.keyOf(row))) missing.push(options.keyOf(row))
      }
    }
    const mine = generation
    const read = await Promise.all(missing.slice(0, pageRows).map(async (key) => ({ key, row: await options.readOne(key) })))
    if (mine !== generation) return
    for (const { key, row } of read) {
      if (row) fresh.set(key, row)
      if (row === null || !options.belongs(row)) left.add(key)
      else {
        left.delete(key)
        displaced = true
      }
    }
    let arrived = 0
    const elsewhere = new Set(missing)
    // What stands after all that is known may only have moved up from what was never read.
    let beyond = 0
    let last = -1
    for (const [key, row] of fresh) {
      const index = indexOf(key)
      if (index < 0) {
        beyond++
        continue
      }
      if (!elsewhere.has(key)) {
        arrived += beyond
        beyond = 0
        if (index < last) displaced = true
        last = index
      }
      if (options.belongs(row)) left.delete(key)
      const rows = pages.value.get(Math.floor(index / pageRows))
      const before = rows?.[index % pageRows]
      if (!rows || !before) continue
      if (options.stampOf(before) !== options.stampOf(row)) showBar(key)
      rows[index % pageRows] = row
    }
    waiting.value = places.value.size < total.value ? arrived : arrived + beyond
    triggerRef(pages)
  }

  /** Something of the cache changed: what is shown is read again, soon. */
  function changesCame(): void {
    if (timer !== undefined) {
      again = true
      return
    }
    timer = setTimeout(() => {
      timer = undefined
      if (!again) return
      again = false
      changesCame()
    }, pauseMs)
    void refreshNow()
  }

  /** Lets new rows in and gone ones out. */
  async function accept(): Promise<void> {
    const mine = generation
    const answers = await Promise.all(
      pagesShown().map(async (page) => ({ page, ...(await options.fetch(page * pageRows, pageRows)) })),
    ).catch(() => null)
    if (answers && mine === generation) replace(answers)
  }

  /** Another question was asked: nothing of the old answer stays. */
  function reset(): void {
    generation++
    fetching.clear()
    refreshing = false
    again = false
    pages.value = new Map()
    left.clear()
    changed.clear()
    waiting.value = 0
    displaced = false
    loaded.value = false
    shown = { first: 0, last: 0 }
    void load(0)
  }

  watch(
    () => options.held(),
    (held) => {
      if (!held && (waiting.value > 0 || left.size > 0 || displaced)) void accept()
    },
  )
  onScopeDispose(() => {
    generation++
    clearTimeout(timer)
    for (const bar of bars.values()) clearTimeout(bar)
  })

  return { total, loaded, problem, waiting, left, changed, places, at, indexOf, byKey, show, changesCame, accept, reset }
}

/** A live list as it is handed to the parts that draw it. */
export type LiveList<Row> = ReturnType<typeof useLiveList<Row>>
