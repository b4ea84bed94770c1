import type { IncidentColumns } from './derive.ts'
import type { Db } from './open.ts'

/** What a batch leaves to be looked at: storms of which an incident came, went, or became another. */
export class StormFolds {
  readonly #lead
  readonly #wrong
  readonly #fold
  readonly #touched = new Set<string>()

  constructor(db: Db) {
    this.#lead = db.prepare<[string, string], number>('select min(docid) from incident_list where storm = ? and status = ?').pluck()
    this.#wrong = db.prepare<[string, string, number], IncidentColumns & { docid: number }>(
      'select * from incident_list where storm = ? and status = ? and folded = (docid = ?)',
    )
    this.#fold = db.prepare<[number, number]>('update incident_list set folded = ? where docid = ?')
  }

  moved(before: IncidentColumns | undefined, after: IncidentColumns | undefined): void {
    for (const line of [before, after]) if (line && line.storm !== '') this.#touched.add(JSON.stringify([line.storm, line.status]))
  }

  /**
   * Of each storm, and of each state that its incidents are in, the first that came stands for the others. To be called in the
   * transaction of the lines; `onFold` is told of each that is another than it was.
   */
  write(onFold: (before: IncidentColumns, after: IncidentColumns) => void): void {
    for (const name of this.#touched) {
      const [storm = '', status = ''] = JSON.parse(name) as string[]
      const lead = this.#lead.get(storm, status) ?? -1
      for (const { docid, ...line } of this.#wrong.all(storm, status, lead)) {
        const folded = docid === lead ? 0 : 1
        this.#fold.run(folded, docid)
        onFold(line, { ...line, folded })
      }
    }
    this.#touched.clear()
  }

  forget(): void {
    this.#touched.clear()
  }
}
