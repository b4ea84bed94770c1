import { fieldEnd, tokensOf } from '../cache/tokens.ts'

/** Words of a search, at most this many; the rest of a longer text adds nothing. */
const wordsAtMost = 16

/**
 * What an operator typed, word by word, each as the tokens of the index in their order: "4.12" is one word of two
 * tokens, 会議室 one of three. Empty where there is nothing to look for.
 */
export function searchWords(text: string): string[] {
  return text
    .split(/[\s,;()|·]+/u)
    .map((word) => tokensOf(word))
    .filter((word) => word !== '')
    .slice(0, wordsAtMost)
}

/**
 * A word as a phrase of the full-text index, of which the last token may go on: letters and digits only, in quotes, so
 * that no text is ever taken as its query language.
 */
export const phraseOf = (word: string): string => `"${word}"*`

/** Text with nothing in it that could be looked for: it is found nowhere. */
export const isEmptySearch = (text: string): boolean => text.trim() !== '' && searchWords(text).length === 0

/** The number in "#123" or "123". */
export function incidentNumber(text: string): number | undefined {
  const digits = /^\s*#?\s*(\d{1,15})\s*$/.exec(text)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** How well a room's name has what was typed: from 0, it is the name, to `nameTiers`, it is elsewhere. */
export const nameTiers = 6

/**
 * That as SQL over a column of indexed words, which begin with the name: the name itself, whole words at its beginning,
 * its beginning, all words somewhere in it, all as beginnings, some, none.
 */
export function nameTier(column: string, words: readonly string[]): { sql: string; values: string[] } {
  const name = `(' ' || substr(${column}, 1, instr(${column} || ' ${fieldEnd}', '${fieldEnd}') - 1))`
  const all = words.join(' ')
  const each = (how: string): string => words.map(() => `instr(${name}, ${how}) > 0`).join(' and ')
  return {
    sql: `case
      when ${name} = ' ' || ? || ' ' then 0
      when instr(${name}, ' ' || ? || ' ') = 1 then 1
      when instr(${name}, ' ' || ?) = 1 then 2
      when ${each(`' ' || ? || ' '`)} then 3
      when ${each(`' ' || ?`)} then 4
      when ${words.map(() => `instr(${name}, ' ' || ?) > 0`).join(' or ')} then 5
      else ${nameTiers} end`,
    values: [all, all, all, ...words, ...words, ...words],
  }
}
