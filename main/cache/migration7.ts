import type { Db } from './open.ts'

/**
 * What happened to rooms is no document any more: it is fetched by the room, for those that are looked at. `rev`: of the room's document
 * when it was asked for; `receivedAt`: up to when it is known what the service took in; `usedAt`: when somebody looked (console's time).
 */
export function migration7(db: Db): void {
  db.exec(`
    drop table event_list;
    delete from document where kind = 'roomEvent';

    create table room_window (
      room text primary key,
      rev integer not null,
      receivedAt integer not null,
      usedAt integer not null
    ) without rowid;
    create index room_window_used on room_window (usedAt);

    create table transition (
      room text not null,
      at integer not null,
      number integer not null,
      kind text not null,
      signal text,
      value text,
      body text not null,
      primary key (room, at, number)
    ) without rowid;
  `)
}
