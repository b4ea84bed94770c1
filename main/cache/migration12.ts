import { flowOf, isTimed, openingBefore } from './flow.ts'
import type { Db } from './open.ts'

interface Line {
  docid: number
  incident: string
  at: number
  kind: 'opened' | 'resolved' | 'acknowledged'
}

/** What happened in each hour is kept (`flow.ts`), and entries are found by their kind and time. */
export function migration12(db: Db): void {
  db.exec(`
    alter table entry_list add column kind text not null default '';
    alter table entry_list add column tookMs integer;
    update entry_list set kind = ifnull((select body ->> '$.kind' from document where document.docid = entry_list.docid), '');
    create index entry_list_kind on entry_list (kind, at);
    create table flow_total (
      kind text not null,
      hour integer not null,
      took integer not null,
      n integer not null,
      primary key (kind, hour, took)
    ) without rowid;
  `)
  const opened = db.prepare<[string, number], { at: number | null }>(openingBefore)
  const set = db.prepare('update entry_list set tookMs = ? where docid = ?')
  const add = db.prepare(`insert into flow_total values (?, ?, ?, 1) on conflict do update set n = n + 1`)
  const lines = db
    .prepare<[], Line>(`select docid, incident, at, kind from entry_list where kind in ('opened', 'resolved', 'acknowledged')`)
    .all()
  for (const { docid, incident, at, kind } of lines) {
    const from = isTimed({ kind }) ? (opened.get(incident, at)?.at ?? null) : null
    const tookMs = from === null ? null : at - from
    if (tookMs !== null) set.run(tookMs, docid)
    const flow = flowOf({ kind, at, tookMs })
    if (flow !== undefined) add.run(flow.kind, flow.hour, flow.took)
  }
}
