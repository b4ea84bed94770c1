import type { Db } from './open.ts'

/**
 * The first schema. `document` is what the service said, a row per entity; `body` is null for a removal that is
 * remembered while a snapshot runs, so that a page read before it cannot bring the row back. `seen` is the last snapshot
 * that had the row, or during which it came. The other tables are columns taken out of the documents for lists, and
 * words for search.
 *
 * Indexes are few, since a snapshot pays for each of them a hundred thousand times: what only the end of a snapshot or a
 * change of scope asks for is found by a walk over the table, in the worker.
 */
export function migration1(db: Db): void {
  db.exec(`
    create table meta (key text primary key, value text not null) without rowid;

    create table document (
      docid integer primary key,
      kind text not null,
      id text not null,
      room text,
      rev integer not null,
      seen integer not null,
      body text
    );
    create unique index document_key on document (kind, id);
    create index document_removed on document (docid) where body is null;

    create table room_list (
      docid integer primary key,
      id text not null,
      name text not null,
      building text not null,
      city text not null,
      buildingKey text not null,
      state text not null,
      stateOrder integer not null,
      since integer not null,
      contact integer not null,
      words text not null
    );
    create index room_list_state on room_list (state);
    create virtual table room_words using fts5 (words, content = '', contentless_delete = 1,
      tokenize = 'unicode61 remove_diacritics 2');

    create table incident_list (
      docid integer primary key,
      id text not null,
      number integer not null,
      room text not null,
      signalOrder integer not null,
      status text not null,
      severityOrder integer not null,
      owner text,
      at integer not null,
      words text not null
    );
    create index incident_list_status on incident_list (status, owner);
    create index incident_list_room on incident_list (room, status, owner);
    create index incident_list_number on incident_list (number);
    create virtual table incident_words using fts5 (words, content = '', contentless_delete = 1,
      tokenize = 'unicode61 remove_diacritics 2');

    create table entry_list (docid integer primary key, incident text not null, at integer not null);
    create index entry_list_incident on entry_list (incident, at);

    create table event_list (
      docid integer primary key,
      room text not null,
      at integer not null,
      kind text not null,
      signal text,
      value text
    );
    create index event_list_room on event_list (room, at);
    create index event_list_signal on event_list (room, signal, at) where signal is not null;
  `)
}
