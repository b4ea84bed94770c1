import { fold } from '../../contract/fold.ts'

/** Between two fields of indexed words: a token that nobody can type, so that no phrase goes from one field into the next. */
export const fieldEnd = '\ue000'

/** Scripts that are written without spaces: each letter is a token, and a word is a phrase of them. */
const unspaced = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}\p{sc=Tibetan}ー]/gu

/** Pictures are words too: the index knows letters and digits, so each is written as its number. */
const picture = /\p{Extended_Pictographic}/gu

/**
 * A text as the tokens of the full-text index, with a space between them: folded, runs of letters apart from runs of
 * digits, so that "4.12" is found in "Room4.12" as in "4-12".
 */
export function tokensOf(text: string): string {
  const folded = fold(text)
    .replace(unspaced, ' $& ')
    .replace(
      picture,
      (one) => ` picture${(one.codePointAt(0) ?? 0).toString(16).replace(/\d/g, (digit) => 'ghijklmnop'[Number(digit)] ?? '')} `,
    )
  return folded.match(/\p{N}+|[\p{L}\p{M}]+/gu)?.join(' ') ?? ''
}

/** Fields as indexed words, in their order. */
export const indexed = (fields: readonly string[]): string => fields.map((field) => `${tokensOf(field)} ${fieldEnd}`).join(' ')

/** The first of such fields with its end: of a room, its name. */
export const firstField = (words: string): string => words.slice(0, words.indexOf(fieldEnd) + 1)
