import { limits } from '../../contract/limits.ts'
import type { KeyedSource } from './keyed.ts'
import { compareLines, type LineSource, type ListLine } from './line.ts'
import type { Shown, TenantName } from './shown.ts'

/** One line of a list over several tenants: whose it is goes with it. */
export interface Placed {
  readonly id: string
  readonly shown: Shown
}

/** Lines of one order, with whose each is, side by side. */
export interface Run {
  readonly total: number
  readonly lines: readonly ListLine[]
  readonly of: readonly Shown[]
  /** Where pages are read by key: a page, without all of the lines. */
  page?(offset: number, limit: number): readonly ListLine[]
  /** How many lines are in each group, where that is kept. */
  groups?(): ReadonlyMap<string, number> | undefined
}

/** Where a list comes from: lines, and where an index has its order, pages by key. */
export interface RunSource {
  lines(shown: Shown): LineSource
  keyed?(shown: Shown): KeyedSource
}

interface Kept {
  readonly from: readonly (readonly ListLine[])[]
  readonly run: Run
}

/**
 * What the operator has entered: one tenant, or one's own and all customers together (PAR-8). Every view reads this,
 * so that one and several are the same path. Lists over several are merged once from each tenant's own kept list, and
 * again only when one of these changed.
 */
export class Picture {
  readonly parts: readonly Shown[]
  /** All together: rows say whose they are. */
  readonly together: boolean
  readonly #kept = new Map<string, Kept>()

  constructor(parts: readonly Shown[], together = false) {
    this.parts = parts
    this.together = together
  }

  /** The part that has this thing. Ids are made once in the world: at most one part does. */
  holder(kind: 'room' | 'incident', id: string): Shown | undefined {
    return (
      this.parts.find(({ reader }) => reader.has(kind, id)) ??
      (kind === 'incident' ? this.parts.find((shown) => shown.incidentDoc(id) !== undefined) : undefined)
    )
  }

  /** The row with whose it is, where rows say so. */
  tagged<T extends object>(shown: Shown, row: T): T & { tenant?: TenantName } {
    const { tenant } = shown
    return this.together && tenant !== null ? { ...row, tenant } : row
  }

  /** A slice of a list. */
  slice(run: Run, offset: number, limit: number): Placed[] {
    return this.placedAll(run, this.page(run, offset, limit), offset)
  }

  /** The lines of a slice. */
  page(run: Run, offset: number, limit: number): readonly ListLine[] {
    return run.page?.(offset, limit) ?? run.lines.slice(offset, offset + limit)
  }

  /** Lines of a list from this place on, with whose each is. */
  placedAll(run: Run, lines: readonly ListLine[], offset: number): Placed[] {
    return lines.flatMap(({ id }, n) => this.placed(run, id, offset + n))
  }

  /** The line at this place of a list, with whose it is. */
  placed({ of }: Run, id: string, at: number): Placed[] {
    const shown = this.parts.length === 1 ? of[0] : of[at]
    return shown === undefined ? [] : [{ id, shown }]
  }

  /** The list that each part keeps under this name, in one order. The same until something of it changed. */
  run(name: string, source: RunSource, descending: boolean): Run {
    const [only] = this.parts
    if (only !== undefined && this.parts.length === 1) {
      const all = (): readonly ListLine[] => only.lists.lines(name, source.lines(only), descending)
      const keyed = source.keyed?.(only)
      return keyed === undefined ? runOf(all(), this.parts) : new KeyedRun(name, keyed, only, all)
    }
    const from = this.parts.map((shown) => shown.lists.lines(name, source.lines(shown), descending))
    const kept = this.#kept.get(name)
    this.#kept.delete(name)
    const fresh =
      kept !== undefined && kept.from.every((lines, n) => lines === from[n]) ? kept : { from, run: this.#merge(from, descending) }
    this.#kept.set(name, fresh)
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= limits.listsKept) break
      this.#kept.delete(oldest)
    }
    return fresh.run
  }

  /** Two by two, so that a list costs its length times the logarithm of how many tenants there are. */
  #merge(from: readonly (readonly ListLine[])[], descending: boolean): Run {
    const compare = compareLines(descending)
    let runs = from.map((lines, n) =>
      runOf(
        lines,
        Array.from(lines, () => this.parts[n]).filter((shown) => shown !== undefined),
      ),
    )
    while (runs.length > 1) {
      const next: Run[] = []
      for (let n = 0; n < runs.length; n += 2) {
        const [one, two] = [runs[n], runs[n + 1]]
        if (one !== undefined) next.push(two === undefined ? one : merged(one, two, compare))
      }
      runs = next
    }
    return runs[0] ?? runOf([], [])
  }
}

function merged(one: Run, two: Run, compare: (a: ListLine, b: ListLine) => number): Run {
  const lines: ListLine[] = []
  const of: Shown[] = []
  const take = (run: Run, at: number): void => {
    const [line, shown] = [run.lines[at], run.of[at]]
    if (line === undefined || shown === undefined) return
    lines.push(line)
    of.push(shown)
  }
  let [a, b] = [0, 0]
  while (a < one.lines.length || b < two.lines.length) {
    const [left, right] = [one.lines[a], two.lines[b]]
    if (right === undefined || (left !== undefined && compare(left, right) <= 0)) take(one, a++)
    else take(two, b++)
  }
  return runOf(lines, of)
}

const runOf = (lines: readonly ListLine[], of: readonly Shown[]): Run => ({ total: lines.length, lines, of })

/** A list of one tenant of which only the pages are read that are asked for. */
class KeyedRun implements Run {
  readonly total: number
  readonly of: readonly Shown[]
  readonly #name: string
  readonly #source: KeyedSource
  readonly #shown: Shown
  readonly #all: () => readonly ListLine[]

  constructor(name: string, source: KeyedSource, shown: Shown, all: () => readonly ListLine[]) {
    this.#name = name
    this.#source = source
    this.#shown = shown
    this.#all = all
    this.total = source.total()
    this.of = [shown]
  }

  /** All of them, for who marks a range or everything. */
  get lines(): readonly ListLine[] {
    return this.#all()
  }

  groups(): ReadonlyMap<string, number> | undefined {
    return this.#source.groups?.()
  }

  page(offset: number, limit: number): readonly ListLine[] {
    return this.#shown.lists.page(this.#name, this.#source, offset, limit)
  }
}
