import type { Db } from './open.ts'

/**
 * The mark of a copy that has an offline lease beside it (ACC-8). One without the mark was made before there were
 * leases, and is the only one that may be opened without a record: it gets one then.
 */
export function migration2(db: Db): void {
  db.exec(`insert or replace into meta (key, value) values ('leased', 'true')`)
}
