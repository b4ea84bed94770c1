import type { Db } from './open.ts'

/**
 * An incident says of which storm it is, and lists show one of those that are alike: `folded` are the others. The orders of lists go
 * without them, and totals tell them apart.
 */
export function migration14(db: Db): void {
  db.exec(`
    alter table incident_list add column storm text not null default '';
    alter table incident_list add column folded integer not null default 0;
    create index incident_list_storm on incident_list (storm, status, docid) where storm <> '';
    drop index incident_list_order;
    drop index incident_list_signal;
    drop index incident_list_at;
    drop index incident_list_signal_at;
    create index incident_list_order on incident_list (status, folded, taken, severityOrder, at desc, number, docid);
    create index incident_list_signal on incident_list (status, folded, signalOrder, taken, severityOrder, at desc, number, docid);
    create index incident_list_at on incident_list (status, folded, at desc, number, docid);
    create index incident_list_signal_at on incident_list (status, folded, signalOrder, at desc, number, docid);
    drop table incident_total;
    create table incident_total (
      status text not null,
      signalOrder integer not null,
      severityOrder integer not null,
      owner text not null,
      acknowledged integer not null,
      folded integer not null,
      n integer not null,
      primary key (status, signalOrder, severityOrder, owner, acknowledged, folded)
    ) without rowid;
    insert into incident_total
      select status, signalOrder, severityOrder, ifnull(owner, ''), acknowledged, folded, count(*) from incident_list
      group by 1, 2, 3, 4, 5, 6;
  `)
}
