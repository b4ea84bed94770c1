import { fromAbsolute, toCalendarDate } from '@internationalized/date'
import { useI18n } from 'vue-i18n'
import type { WindowRule } from '../../../contract/suppression.ts'
import { tagOf, useFormat } from '../../words/format.ts'
import { timeOf } from './ends.ts'

/** Maintenance windows that come again, as people choose them and as they are said. */

export const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const
export type Weekday = (typeof weekdays)[number]

const hoursAtMost = 7 * 24

/** The rule for these days of the week, first to come from now on (UTC ms); null: what was typed is none. */
export function windowOf(typed: { days: readonly Weekday[]; time: string; hours: string }, now: number, zone: string): WindowRule | null {
  const time = timeOf(typed.time)
  const hours = Number(typed.hours.trim().replace(',', '.'))
  if (time === null || typed.days.length === 0 || !(hours > 0 && hours <= hoursAtMost)) return null
  const days = weekdays.filter((day) => typed.days.includes(day))
  const rrule = days.length === weekdays.length ? 'FREQ=DAILY' : `FREQ=WEEKLY;BYDAY=${days.join(',')}`
  const two = (n: number): string => String(n).padStart(2, '0')
  const start = `${toCalendarDate(fromAbsolute(now, zone)).toString()}T${two(time.hour)}:${two(time.minute)}`
  return { rrule, start, durationMinutes: Math.max(1, Math.round(hours * 60)) }
}

/** The days of a rule of this form; null: it is another one, that somebody made without these screens. */
export function daysOf({ rrule }: WindowRule): Weekday[] | null {
  if (rrule === 'FREQ=DAILY') return [...weekdays]
  const [, days] = /^FREQ=WEEKLY;BYDAY=([A-Z,]+)$/u.exec(rrule) ?? []
  if (days === undefined) return null
  const named = days.split(',')
  return named.every((day) => weekdays.some((one) => one === day)) ? weekdays.filter((day) => named.includes(day)) : null
}

/** Names of days, and a window as a sentence. */
export function useWindowWords() {
  const { t, locale } = useI18n()
  const { list, span } = useFormat()
  /** 5 January 1970 was a Monday. */
  const nameOf = (day: Weekday, style: 'long' | 'short' = 'long'): string =>
    new Intl.DateTimeFormat(tagOf(locale.value), { weekday: style, timeZone: 'UTC' }).format((4 + weekdays.indexOf(day)) * 24 * 3_600_000)
  const say = (window: WindowRule): string => {
    const days = daysOf(window)
    const words = { time: window.start.slice(11), long: span(window.durationMinutes * 60_000) }
    if (days === null) return t('suppress.window.byRule', { ...words, rule: window.rrule })
    if (days.length === weekdays.length) return t('suppress.window.daily', words)
    return t('suppress.window.weekly', { ...words, days: list(days.map((day) => nameOf(day))) })
  }
  return { nameOf, say }
}
