import { type KeyedSource, Marks } from './keyed.ts'
import { type Compare, compareLines, type LineSource, type ListLine } from './line.ts'

/**
 * Sorted lists of ids that are kept between two readings: a screen reads a slice at a time, and a change of some rooms
 * moves only these within the list, so that its cost does not grow with a query over all of them.
 */

class List {
  readonly #source: LineSource
  readonly #compare: Compare
  #lines: ListLine[]
  readonly #changed = new Set<string>()

  constructor(source: LineSource, descending: boolean) {
    this.#source = source
    this.#compare = compareLines(descending)
    this.#lines = source().sort(this.#compare)
  }

  /** Returns false when so much changed that the list is better made again. */
  touch(ids: readonly string[]): boolean {
    for (const id of ids) this.#changed.add(id)
    return this.#changed.size <= touchedAtMost
  }

  lines(): readonly ListLine[] {
    if (this.#changed.size > 0) {
      const fresh = this.#source([...this.#changed]).sort(this.#compare)
      this.#lines = merge(this.#lines, this.#changed, fresh, this.#compare)
      this.#changed.clear()
    }
    return this.#lines
  }
}

/** Takes out the lines of these ids and puts the fresh ones in their places: one walk along the list. */
function merge(lines: readonly ListLine[], without: ReadonlySet<string>, fresh: readonly ListLine[], compare: Compare): ListLine[] {
  const merged: ListLine[] = []
  let next = 0
  for (const line of lines) {
    if (without.has(line.id)) continue
    for (let add = fresh[next]; add !== undefined && compare(add, line) < 0; add = fresh[next]) {
      merged.push(add)
      next++
    }
    merged.push(line)
  }
  for (; next < fresh.length; next++) {
    const add = fresh[next]
    if (add !== undefined) merged.push(add)
  }
  return merged
}

/** Ids that may be moved within a kept list; beyond them it is made again at its next reading. */
const touchedAtMost = 2_000

/** The lists read last, by the text of their filter and order. More than `size`: the one unused longest goes. */
export class Lists {
  readonly #size: number
  readonly #lists = new Map<string, List>()
  readonly #marks = new Map<string, Marks>()

  constructor(size: number) {
    this.#size = size
  }

  /** The list under this name, made from the source where it is not kept. */
  lines(name: string, source: LineSource, descending = false): readonly ListLine[] {
    const list = this.#lists.get(name) ?? new List(source, descending)
    this.#keep(this.#lists, name, list)
    return list.lines()
  }

  /** A page of the list under this name, read by key. */
  page(name: string, source: KeyedSource, offset: number, limit: number): ListLine[] {
    const marks = this.#marks.get(name) ?? new Marks()
    this.#keep(this.#marks, name, marks)
    return marks.page(source, offset, limit)
  }

  #keep<T>(kept: Map<string, T>, name: string, value: T): void {
    kept.delete(name)
    kept.set(name, value)
    for (const oldest of kept.keys()) {
      if (kept.size <= this.#size) break
      kept.delete(oldest)
    }
  }

  /** Something changed about these ids; without ids, about any. */
  touch(ids?: readonly string[]): void {
    if (ids === undefined || ids.length > 0) this.#marks.clear()
    if (ids === undefined) this.#lists.clear()
    else for (const [name, list] of this.#lists) if (!list.touch(ids)) this.#lists.delete(name)
  }
}
