import type { Value } from './lines.ts'
import type { Db } from './open.ts'

/**
 * How many lines there are of each combination of columns, kept with every line that is written and never counted. What a batch moves is
 * gathered and written once: a trigger would be a savepoint for each line (see `Lines`). A total of nothing
 * stays as a row where there are few of them.
 */
export class Totals<Column extends string> {
  readonly #by: readonly Column[]
  readonly #add
  readonly #clear
  readonly #moved = new Map<string, { values: (string | number)[]; n: number }>()

  /** `clears`: a total of nothing goes, since combinations come and go without end. */
  constructor(db: Db, table: string, by: readonly Column[], clears = false) {
    this.#by = by
    this.#add = db.prepare(`insert into ${table} (${by.join(', ')}, n) values (${by.map(() => '?').join(', ')}, ?)
      on conflict (${by.join(', ')}) do update set n = n + excluded.n`)
    this.#clear = clears
      ? db.prepare(`delete from ${table} where ${by.map((column) => `${column} = ?`).join(' and ')} and n = 0`)
      : undefined
  }

  /** A line became another; undefined: it was not there before, or is not any more. */
  moved(before: Readonly<Record<Column, Value>> | undefined, after: Readonly<Record<Column, Value>> | undefined): void {
    if (before !== undefined && after !== undefined && this.#by.every((column) => before[column] === after[column])) return
    if (before !== undefined) this.#count(before, -1)
    if (after !== undefined) this.#count(after, 1)
  }

  /** Writes what moved since; to be called in the transaction of the lines. */
  write(): void {
    for (const { values, n } of this.#moved.values()) {
      if (n !== 0) this.#add.run(...values, n)
      if (n < 0) this.#clear?.run(...values)
    }
    this.#moved.clear()
  }

  /** Forgets what moved since: its lines were not written after all. */
  forget(): void {
    this.#moved.clear()
  }

  #count(line: Readonly<Record<Column, Value>>, by: 1 | -1): void {
    const values = this.#by.map((column) => line[column] ?? '')
    const name = JSON.stringify(values)
    const moved = this.#moved.get(name)
    if (moved === undefined) this.#moved.set(name, { values, n: by })
    else moved.n += by
  }
}
