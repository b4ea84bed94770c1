import type { Db } from './open.ts'

/**
 * The orders of a list of rooms, each an index that covers it. A snapshot into an empty copy writes them once at its end: lines come in no
 * order at all, and every page of rows would touch every page of every index.
 */
export const roomOrders: Readonly<Record<string, string>> = {
  room_list_name: 'name, docid',
  room_list_state: 'stateOrder, name, docid',
  room_list_building: 'buildingKey, name, docid',
  room_list_contact: 'contact, name, docid',
  room_list_since: 'since, name, docid',
}

/**
 * Lists are read by key: each order of rooms and of incidents has its index. How many rooms and incidents there are is kept
 * (`totals.ts`) and not counted.
 */
export function migration5(db: Db): void {
  db.exec('drop index room_list_state')
  for (const [name, columns] of Object.entries(roomOrders)) db.exec(`create index ${name} on room_list (${columns})`)
  db.exec(`
    alter table incident_list add column taken integer not null default 0;
    update incident_list set taken = 1 where acknowledged = 1 or owner is not null;
    create index incident_list_order on incident_list (status, taken, severityOrder, at desc, number, docid);
    create index incident_list_signal on incident_list (status, signalOrder, taken, severityOrder, at desc, number, docid);
    create index incident_list_at on incident_list (status, at desc, number, docid);
    create index incident_list_signal_at on incident_list (status, signalOrder, at desc, number, docid);

    create table room_total (
      building text not null,
      city text not null,
      stateOrder integer not null,
      n integer not null,
      primary key (building, city, stateOrder)
    ) without rowid;
    insert into room_total select building, city, stateOrder, count(*) from room_list group by 1, 2, 3;

    create table incident_total (
      status text not null,
      signalOrder integer not null,
      severityOrder integer not null,
      owner text not null,
      acknowledged integer not null,
      n integer not null,
      primary key (status, signalOrder, severityOrder, owner, acknowledged)
    ) without rowid;
    insert into incident_total
      select status, signalOrder, severityOrder, ifnull(owner, ''), acknowledged, count(*) from incident_list group by 1, 2, 3, 4, 5;
  `)
}
