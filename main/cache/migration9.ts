import type { Db } from './open.ts'

/**
 * Incidents have four severities, the gravest first in lists. A service that is newer than this console was told it of two, under the
 * revisions that it has: what is here of rooms and incidents gives way to what the service says, which is fetched once more, as a
 * difference.
 */
export function migration9(db: Db): void {
  db.exec(`
    update incident_list set severityOrder = severityOrder + 1;
    -- In two steps: the order is part of the totals' key.
    update incident_total set severityOrder = severityOrder + 11;
    update incident_total set severityOrder = severityOrder - 10;
    update document set rev = 0 where kind in ('room', 'incident');
    delete from meta where key in ('cursor', 'snapshot');
  `)
}
