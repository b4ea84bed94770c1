import type { Millis } from '../../contract/ids.ts'
import type { Hours, NotifyWhen } from '../../contract/notifications.ts'

/** Hours of a week by the clock of a place, over midnight and over changes of that clock. Pure. */

const minuteMs = 60_000
/** Clocks of places change, and differ from UTC, by whole quarters of an hour. */
const quarterMs = 15 * minuteMs
const dayMinutes = 1_440
/** In more than a week every minute of every day has come, also one that a clock jumps over once. */
const lookedAheadMs = 15 * dayMinutes * minuteMs

const formats = new Map<string, Intl.DateTimeFormat>()

/** Minutes by which the place's clock is ahead of UTC at a moment. */
function offsetAt(timeZone: string, at: Millis): number {
  let format = formats.get(timeZone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
    if (formats.size < 1_000) formats.set(timeZone, format)
  }
  const said = format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? ''
  const [, sign, hours, minutes] = /GMT([+-])(\d{2}):(\d{2})/u.exec(said) ?? []
  return sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}

/** The day (ISO, 1 Monday) and minute of the day that a clock shows. */
function shown(at: Millis, offset: number): { day: number; minute: number } {
  const minutes = Math.floor(at / minuteMs) + offset
  const days = Math.floor(minutes / dayMinutes)
  // 1 January 1970 was a Thursday.
  return { day: ((((days + 3) % 7) + 7) % 7) + 1, minute: minutes - days * dayMinutes }
}

/** Hours past midnight belong to the day on which they began. The same time twice is a whole day. */
function covers({ days, from, to }: Hours, { day, minute }: { day: number; minute: number }): boolean {
  if (from < to) return days.includes(day) && minute >= from && minute < to
  const dayBefore = day === 1 ? 7 : day - 1
  return (days.includes(day) && minute >= from) || (days.includes(dayBefore) && minute < to)
}

const isOpenAt = ({ hours, quiet }: NotifyWhen, clock: { day: number; minute: number }): boolean =>
  (hours === undefined || covers(hours, clock)) && (quiet === undefined || !covers(quiet, clock))

/** Whether something may be told at a moment (UTC ms). */
export const isOpen = (when: NotifyWhen, at: Millis): boolean => isOpenAt(when, shown(at, offsetAt(when.timeZone, at)))

/** The first moment from `at` on (UTC ms) at which something may be told; null: there is none, since quiet hours cover all others. */
export function opensAt(when: NotifyWhen, at: Millis): Millis | null {
  if (isOpen(when, at)) return at
  const first = Math.floor(at / minuteMs) * minuteMs + minuteMs
  let offset = offsetAt(when.timeZone, first)
  for (let moment = first; moment < first + lookedAheadMs; moment += minuteMs) {
    if (moment % quarterMs === 0) offset = offsetAt(when.timeZone, moment)
    if (isOpenAt(when, shown(moment, offset))) return moment
  }
  return null
}
