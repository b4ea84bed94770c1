import type { Room } from '../../contract/entities.ts'
import { splitRoom } from '../../contract/roomDocuments.ts'
import type { Db } from './open.ts'

/**
 * A room and its device are two documents. What is here is taken apart, so that it stays readable; and since it stands at other revisions
 * than the service's, all is fetched once more, as a difference.
 */
export function migration8(db: Db): void {
  const page = db.prepare<[number], { docid: number; id: string; rev: number; seen: number; body: string }>(
    `select docid, id, rev, seen, body from document where kind = 'room' and body is not null and docid > ? order by docid limit 1000`,
  )
  const set = db.prepare('update document set body = ? where docid = ?')
  const add = db.prepare(`insert into document (kind, id, room, rev, seen, body) values ('device', ?, ?, ?, ?, ?)`)
  for (let rows = page.all(-1); rows.length > 0; rows = page.all(rows.at(-1)?.docid ?? 0)) {
    for (const { docid, id, rev, seen, body } of rows) {
      // Checked by the schema of its time before it was stored.
      const { room, device } = splitRoom(JSON.parse(body) as Room)
      set.run(JSON.stringify(room), docid)
      add.run(id, id, rev, seen, JSON.stringify(device))
    }
  }
  db.exec(`delete from meta where key in ('cursor', 'snapshot')`)
}
