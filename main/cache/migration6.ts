import type { Db } from './open.ts'
import { fieldEnd } from './tokens.ts'

/**
 * The names of rooms have an index of their own, small beside that of all their words, which the palette asks first; each name ends with
 * `fieldEnd`, so that a whole one can be asked for. The first one and two letters of words are indexed as such: what is typed begins with
 * them, and every word that begins so would be gathered.
 */
export function migration6(db: Db): void {
  const index = (name: string): string =>
    `create virtual table ${name} using fts5 (words, content = '', contentless_delete = 1,
      tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2');`
  db.exec(`
    drop table room_words;
    drop table incident_words;
    ${['room_names', 'room_words', 'incident_words'].map(index).join('\n')}
    insert into incident_words (rowid, words) select docid, words from incident_list order by docid;
  `)
  indexWords(db)
}

/** Fills both indexes of rooms, which are empty. */
export function indexWords(db: Db): void {
  db.exec(`
    insert into room_names (rowid, words)
      select docid, substr(words, 1, instr(words || ' ${fieldEnd}', '${fieldEnd}')) from room_list order by docid;
    insert into room_words (rowid, words) select docid, words from room_list order by docid;
  `)
}
