import { limits } from '../../contract/limits.ts'
import { compareLines, type LineSource, type ListLine } from './lists.ts'
import type { Shown, TenantName } from './shown.ts'

/** One line of a list over several tenants: whose it is goes with it. */
export interface Placed {
  readonly id: string
  readonly shown: Shown
}

/** Lines of one order, with whose each is, side by side. */
export interface Run {
  readonly lines: readonly ListLine[]
  readonly of: readonly Shown[]
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
    return this.parts.find(({ reader }) => reader.has(kind, id))
  }

  /** The row with whose it is, where rows say so. */
  tagged<T extends object>(shown: Shown, row: T): T & { tenant?: TenantName } {
    const { tenant } = shown
    return this.together && tenant !== null ? { ...row, tenant } : row
  }

  /** A slice of a list. */
  slice(run: Run, offset: number, limit: number): Placed[] {
    return run.lines.slice(offset, offset + limit).flatMap(({ id }, n) => this.placed(run, id, offset + n))
  }

  /** The line at this place of a list, with whose it is. */
  placed({ of }: Run, id: string, at: number): Placed[] {
    const shown = this.parts.length === 1 ? of[0] : of[at]
    return shown === undefined ? [] : [{ id, shown }]
  }

  /** The list that each part keeps under this name, in one order. The same until something of it changed. */
  run(name: string, source: (shown: Shown) => LineSource, descending: boolean): Run {
    const from = this.parts.map((shown) => shown.lists.lines(name, source(shown), descending))
    const [only] = from
    if (only !== undefined && from.length === 1) return { lines: only, of: this.parts }
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
    let runs: Run[] = from.map((lines, n) => ({ lines, of: Array.from(lines, () => this.parts[n]).filter((shown) => shown !== undefined) }))
    while (runs.length > 1) {
      const next: Run[] = []
      for (let n = 0; n < runs.length; n += 2) {
        const [one, two] = [runs[n], runs[n + 1]]
        if (one !== undefined) next.push(two === undefined ? one : merged(one, two, compare))
      }
      runs = next
    }
    return runs[0] ?? { lines: [], of: [] }
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
  return { lines, of }
}
