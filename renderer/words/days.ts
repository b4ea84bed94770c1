import { CalendarDate, parseDate } from '@internationalized/date'
import { tagOf } from './format.ts'

/** Days as people type and read them: day, month, year in both languages. Kept as 2026-11-21. */

/** The day that was typed, as it is kept; null: it is none. The form of the files, 2026-11-21, is understood too. */
export function dayOf(typed: string): string | null {
  const text = typed.trim()
  const [, day, month, year] = /^(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})$/u.exec(text) ?? []
  if (day !== undefined && month !== undefined && year !== undefined) {
    const made = new CalendarDate(Number(year), Number(month), Number(day)).toString()
    // A month of 13, or the 30th of February, is put right without a word: then it is not what was typed.
    return made === [year, month.padStart(2, '0'), day.padStart(2, '0')].join('-') ? made : null
  }
  try {
    return parseDate(text).toString()
  } catch {
    return null
  }
}

const asTyped = { day: '2-digit', month: '2-digit', year: 'numeric' } as const

/** A kept day as it is read: 21/11/2026. What is no day stays as it is. */
export const dayText = (kept: string, language: string): string =>
  dayOf(kept) === null ? kept : new Intl.DateTimeFormat(tagOf(language), { ...asTyped, timeZone: 'UTC' }).format(new Date(kept))
