import type { Doc, Room } from '../../contract/entities.ts'
import { incidentColumns, roomColumns } from './derive.ts'
import type { Db } from './open.ts'

/** Words are indexed as `tokens.ts` writes them: what the copy holds is indexed again, so that it is found offline too. */
export function migration3(db: Db): void {
  reindex(db, 'room', (body) => roomColumns(JSON.parse(body) as Room).words)
  reindex(db, 'incident', (body) => incidentColumns(JSON.parse(body) as Doc<'incident'>).words)
}

function reindex(db: Db, kind: 'room' | 'incident', wordsOf: (body: string) => string): void {
  db.exec(`insert into ${kind}_words (${kind}_words) values ('delete-all')`)
  const set = db.prepare(`update ${kind}_list set words = ? where docid = ?`)
  const add = db.prepare(`insert into ${kind}_words (rowid, words) values (?, ?)`)
  const page = db.prepare<[number], { docid: number; body: string }>(
    `select docid, body from document join ${kind}_list using (docid) where docid > ? and body is not null order by docid limit 1000`,
  )
  for (let rows = page.all(-1); rows.length > 0; rows = page.all(rows.at(-1)?.docid ?? 0)) {
    for (const { docid, body } of rows) {
      const words = wordsOf(body)
      set.run(words, docid)
      add.run(docid, words)
    }
  }
}
