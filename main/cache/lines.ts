import type Database from 'better-sqlite3'
import type { Db } from './open.ts'

export type Value = string | number | null

type Update = Database.Statement<Value[]>

/**
 * One table of derived columns. A line that changes is written in those columns only that did: each of the others has an index that would
 * be written too, in a place of its own.
 */
export class Lines<Line extends Readonly<Record<keyof Line, Value>>> {
  readonly #db: Db
  readonly #table: string
  readonly #columns: readonly (keyof Line & string)[]
  readonly #insert
  readonly #select
  readonly #remove
  readonly #updates = new Map<string, Update>()

  constructor(db: Db, table: string, columns: readonly (keyof Line & string)[]) {
    this.#db = db
    this.#table = table
    this.#columns = columns
    this.#insert = db.prepare(`insert into ${table} (docid, ${columns.join(', ')}) values (?, ${columns.map(() => '?').join(', ')})`)
    this.#select = db.prepare<[number], Line>(`select ${columns.join(', ')} from ${table} where docid = ?`)
    this.#remove = db.prepare(`delete from ${table} where docid = ?`)
  }

  /** Writes the line; returns the one before, where there was one. `fresh`: there was none, and none is looked for. */
  put({ docid, fresh }: { docid: number; fresh: boolean }, line: Line): Line | undefined {
    const before = fresh ? undefined : this.#select.get(docid)
    if (before === undefined) {
      this.#insert.run(docid, ...this.#columns.map((column) => line[column]))
      return undefined
    }
    const changed = this.#columns.filter((column) => before[column] !== line[column])
    if (changed.length > 0) this.#update(changed).run(...changed.map((column) => line[column]), docid)
    return before
  }

  /** Takes the line away; returns it, where there was one. */
  remove(docid: number): Line | undefined {
    const before = this.#select.get(docid)
    if (before !== undefined) this.#remove.run(docid)
    return before
  }

  #update(changed: readonly (keyof Line & string)[]): Update {
    const set = changed.map((column) => `${column} = ?`).join(', ')
    let statement = this.#updates.get(set)
    if (statement === undefined) {
      statement = this.#db.prepare<Value[]>(`update ${this.#table} set ${set} where docid = ?`)
      this.#updates.set(set, statement)
    }
    return statement
  }
}
