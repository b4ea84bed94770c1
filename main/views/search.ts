import { fold } from '../cache/derive.ts'

/** Words of a search, at most this many; the rest of a longer text adds nothing. */
const wordsAtMost = 8

/**
 * What an operator typed, as prefixes for the full-text index: letters and digits only, in quotes, so that no text is
 * ever taken as its query language. Empty when there is nothing to look for.
 */
export function searchPrefixes(text: string): string[] {
  const words = fold(text).match(/[\p{L}\p{N}]+/gu) ?? []
  return words.slice(0, wordsAtMost).map((word) => `"${word}"*`)
}

/** The number in "#123" or "123". */
export function incidentNumber(text: string): number | undefined {
  const digits = /^\s*#?\s*(\d{1,15})\s*$/.exec(text)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
