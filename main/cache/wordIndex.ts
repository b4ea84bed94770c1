import type { Db } from './open.ts'

/** A full-text index of lines. Most changes of a line leave its words alone; then the index is left alone too. */
export class Words {
  readonly #add
  readonly #drop

  constructor(db: Db, table: string) {
    this.#add = db.prepare(`insert into ${table} (rowid, words) values (?, ?)`)
    this.#drop = db.prepare(`delete from ${table} where rowid = ?`)
  }

  /** The words of a line became others; undefined: it was not there before, or is not any more. */
  moved(docid: number, before: string | undefined, after: string | undefined): void {
    if (before === after) return
    if (before !== undefined) this.#drop.run(docid)
    if (after !== undefined) this.#add.run(docid, after)
  }
}
