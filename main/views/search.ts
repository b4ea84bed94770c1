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
 * That, of a room's indexed words, which begin with its name: the name itself, whole words at its beginning, its beginning, all words
 * somewhere in it, all as beginnings, some, none.
 */
export function tierIn(indexed: string, words: readonly string[]): number {
  const end = indexed.indexOf(` ${fieldEnd}`)
  const name = ` ${end < 0 ? indexed : indexed.slice(0, end)} `
  const all = words.join(' ')
  if (name === ` ${all} `) return 0
  if (name.startsWith(` ${all} `)) return 1
  if (name.startsWith(` ${all}`)) return 2
  if (words.every((word) => name.includes(` ${word} `))) return 3
  if (words.every((word) => name.includes(` ${word}`))) return 4
  return words.some((word) => name.includes(` ${word}`)) ? 5 : nameTiers
}

/** Whether indexed words have this one, of which the last token may go on. */
export const hasWord = (indexed: string, word: string): boolean => ` ${indexed}`.includes(` ${word}`)

/** What to ask the index of names for, the best first: names in the tiers up to 4 are found by one of them and no later one. */
export function nameQueries(words: readonly string[]): string[] {
  const all = words.join(' ')
  return [
    `^"${all} ${fieldEnd}"`,
    `^"${all}"`,
    `^${phraseOf(all)}`,
    words.map((word) => `"${word}"`).join(' AND '),
    words.map(phraseOf).join(' AND '),
  ]
}
