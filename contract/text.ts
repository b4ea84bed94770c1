import { z } from 'zod'
import { limits } from './limits.ts'

/**
 * Text that came from a device, a file or a stranger: control characters, bidirectional overrides and lone surrogates
 * are dropped, white space is folded, and the length is cut. Markup stays as it is, since screens show text as text.
 */
export function cleanText(raw: string, maxChars: number): string {
  return raw
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029\ufffd]+/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim()
    .slice(0, maxChars)
    .toWellFormed()
    .replace(/\ufffd/gu, '')
    .trimEnd()
}

/** A text field of a device message, cleaned while it is parsed. Longer than 16 times its limit is malformed. */
export const deviceText = (maxChars: number = limits.deviceTextChars) =>
  z
    .string()
    .max(maxChars * 16)
    .transform((raw) => cleanText(raw, maxChars))

/** Text of several lines without what would steer a terminal or a reader's eye: line breaks and tabs stay. */
export const plainLines = (raw: string): string => raw.toWellFormed().replace(/[^\P{C}\n\t]+/gu, '')

/** Text that a person typed: line breaks stay, at most `maxChars` characters, not empty. */
export const typedText = (maxChars: number) =>
  z
    .string()
    .transform((raw) => plainLines(raw).trim())
    .pipe(z.string().min(1).max(maxChars))
