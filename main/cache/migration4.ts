import type { Db } from './open.ts'

/** Whether an incident was acknowledged is a column: what is taken comes after what is new, and is counted apart. */
export function migration4(db: Db): void {
  db.exec(`
    alter table incident_list add column acknowledged integer not null default 0;
    update incident_list set acknowledged = 1 where docid in
      (select docid from document where kind = 'incident' and body ->> '$.acknowledged.at' is not null);
    drop index incident_list_status;
    create index incident_list_status on incident_list (status, owner, acknowledged);
    drop index incident_list_room;
    create index incident_list_room on incident_list (room, status, owner, acknowledged);
  `)
}
