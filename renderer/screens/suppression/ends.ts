import { CalendarDateTime, fromAbsolute, parseDate, toCalendarDate, toZoned } from '@internationalized/date'

/** When a suppression ends, by what is chosen. Pure; days and times of day are those of the zone. */

export const endings = ['hour', 'hours', 'tomorrow', 'week', 'date', 'never'] as const
export type Ending = (typeof endings)[number]

const hour = 3_600_000
const morning = 8

/** A time of day that was typed, 8:00 or 08.00; null: it is none. */
export function timeOf(typed: string): { hour: number; minute: number } | null {
  const [, hours, minutes] = /^(\d{1,2})[:.h ](\d{2})$/u.exec(typed.trim()) ?? []
  const [at, minute] = [Number(hours), Number(minutes)]
  return hours !== undefined && at < 24 && minute < 60 ? { hour: at, minute } : null
}

/** UTC ms; null: it has none; undefined: what was typed is no moment. */
export function endOf(ending: Ending, now: number, zone: string, typed: { day: string; time: string }): number | null | undefined {
  const today = toCalendarDate(fromAbsolute(now, zone))
  const at = (days: typeof today, time: { hour: number; minute: number }): number =>
    toZoned(new CalendarDateTime(days.year, days.month, days.day, time.hour, time.minute), zone)
      .toDate()
      .getTime()
  switch (ending) {
    case 'hour':
      return now + hour
    case 'hours':
      return now + 4 * hour
    case 'tomorrow':
      return at(today.add({ days: 1 }), { hour: morning, minute: 0 })
    case 'week':
      return now + 7 * 24 * hour
    case 'never':
      return null
    case 'date': {
      const time = timeOf(typed.time)
      if (time === null) return undefined
      try {
        return at(parseDate(typed.day), time)
      } catch {
        return undefined
      }
    }
  }
}
