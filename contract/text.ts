import { z } from 'zod'
import { limits } from './limits.ts'

/** Letters and marks of the scripts in which a joiner between two of them changes the word. */
const joining =
  '\\p{Script=Arabic}\\p{Script=Syriac}\\p{Script=Nko}\\p{Script=Mongolian}\\p{Script=Devanagari}\\p{Script=Bengali}' +
  '\\p{Script=Gurmukhi}\\p{Script=Gujarati}\\p{Script=Oriya}\\p{Script=Tamil}\\p{Script=Telugu}\\p{Script=Kannada}\\p{Script=Malayalam}' +
  '\\p{Script=Sinhala}\\p{Script=Myanmar}\\p{Script=Khmer}\\p{M}'
/** What shows nothing and belongs to what is written: joiners of words and pictures (👨‍👩‍👧), and the tags of a flag. */
const belongs =
  `(?<=[${joining}])[\\u200c\\u200d](?=[${joining}])` +
  '|(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f])\\u200d(?=\\p{Extended_Pictographic})' +
  '|(?<=\\u{1f3f4}[\\u{e0020}-\\u{e007e}]{0,7})[\\u{e0020}-\\u{e007f}]'
const disturbing = new RegExp(`(?!${belongs})[\\p{Cc}\\p{Cf}\\u2028\\u2029\\ufffd]`, 'gu')
const unprinted = new RegExp(`(?!${belongs})[^\\P{C}\\n\\t]`, 'gu')

/**
 * Text that came from a device, a file or a stranger: control characters, bidirectional overrides and lone surrogates
 * are dropped, white space is folded, and the length is cut. Joiners of words and pictures stay. Markup stays as it is,
 * since screens show text as text.
 */
export function cleanText(raw: string, maxChars: number): string {
  return raw
    .toWellFormed()
    .replace(disturbing, ' ')
    .replace(/\s+/gu, ' ')
    .trim()
    .slice(0, maxChars)
    .toWellFormed()
    .replace(disturbing, '')
    .trimEnd()
}

/** A text field of a device message, cleaned while it is parsed. Longer than 16 times its limit is malformed. */
export const deviceText = (maxChars: number = limits.deviceTextChars) =>
  z
    .string()
    .max(maxChars * 16)
    .transform((raw) => cleanText(raw, maxChars))

/** Text of several lines without what would steer a terminal or a reader's eye: line breaks and tabs stay. */
export const plainLines = (raw: string): string => raw.toWellFormed().replace(unprinted, '')

/** Text that a person typed: line breaks stay, at most `maxChars` characters, not empty. */
export const typedText = (maxChars: number) =>
  z
    .string()
    .transform((raw) => plainLines(raw).trim())
    .pipe(z.string().min(1).max(maxChars))

/** A name that a person typed: one line, whose white space is folded, so that no two names look alike by it. */
export const typedName = (maxChars: number = limits.nameChars) =>
  z
    .string()
    .transform((raw) => plainLines(raw).replace(/\s+/gu, ' ').trim())
    .pipe(z.string().min(1).max(maxChars))
