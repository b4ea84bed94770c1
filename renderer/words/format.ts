import { useI18n } from 'vue-i18n'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** A stretch of time in its largest unit, cut: 59 s, 4 min, 3 h, 2 d. Less than nothing counts as nothing. */
export function largestUnit(ms: number): { unit: 'second' | 'minute' | 'hour' | 'day'; count: number } {
  const span = Math.max(0, ms)
  if (span < minute) return { unit: 'second', count: Math.floor(span / 1_000) }
  if (span < hour) return { unit: 'minute', count: Math.floor(span / minute) }
  if (span < 2 * day) return { unit: 'hour', count: Math.floor(span / hour) }
  return { unit: 'day', count: Math.floor(span / day) }
}

/** A bound of time, up to the next whole minute, hour or day that `largestUnit` says: what is said to be "less than". */
export function boundOf(ms: number): number {
  const unit = ms > 2 * day ? day : ms > hour ? hour : minute
  return Math.max(1, Math.ceil(ms / unit)) * unit
}

/** English as this product spells it; the day comes before the month. */
export const tagOf = (language: string): string => (language === 'en' ? 'en-GB' : language)

const formats = new Map<string, Intl.DateTimeFormat>()

/** Formats are costly to make and lists need thousands. A zone that does not exist gives the operator's own. */
function dateFormat(language: string, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${name} ${options.timeZone ?? ''}`
  const known = formats.get(key)
  if (known) return known
  let made: Intl.DateTimeFormat
  try {
    made = new Intl.DateTimeFormat(tagOf(language), options)
  } catch {
    made = new Intl.DateTimeFormat(tagOf(language), { ...options, timeZone: undefined })
  }
  if (formats.size > 500) formats.clear()
  formats.set(key, made)
  return made
}

const numbers = new Map<string, Intl.NumberFormat>()

function numberFormat(language: string, style: 'decimal' | 'percent'): Intl.NumberFormat {
  const key = `${language} ${style}`
  const known = numbers.get(key)
  if (known) return known
  const made = new Intl.NumberFormat(language, style === 'percent' ? { style, maximumFractionDigits: 0 } : {})
  numbers.set(key, made)
  return made
}

/** The operator's own time zone. */
let own: string | undefined
export const ownTimeZone = (): string => (own ??= Intl.DateTimeFormat().resolvedOptions().timeZone)

const exactly: Intl.DateTimeFormatOptions = {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
}

/** Numbers, times and stretches of time in the chosen language. */
export function useFormat() {
  const { t, locale } = useI18n()

  const number = (value: number): string => numberFormat(locale.value, 'decimal').format(value)
  const percent = (share: number): string => numberFormat(locale.value, 'percent').format(share)
  /** 09:12. */
  const clock = (at: number, timeZone?: string): string =>
    dateFormat(locale.value, 'clock', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone }).format(at)
  /** 21 Nov, 09:12. */
  const moment = (at: number, timeZone?: string): string =>
    dateFormat(locale.value, 'moment', {
      day: 'numeric',
      month: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
      timeZone,
    }).format(at)
  /** Saturday 21 November, as a heading. */
  const dayOf = (at: number): string => dateFormat(locale.value, 'day', { weekday: 'long', day: 'numeric', month: 'long' }).format(at)
  /** Sat 21 Nov, 09:12:04, the operator's own time. */
  const exact = (at: number, timeZone?: string): string => dateFormat(locale.value, 'exact', { ...exactly, timeZone }).format(at)
  /** 4 min. */
  const span = (ms: number): string => {
    const { unit, count } = largestUnit(ms)
    return t(`age.${unit}`, { n: number(count) })
  }
  const list = (items: string[]): string => new Intl.ListFormat(locale.value, { style: 'long', type: 'conjunction' }).format(items)
  const bytes = (value: number): string =>
    value < 1_000_000
      ? t('size.kilo', { n: number(Math.max(1, Math.round(value / 1_000))) })
      : t('size.mega', { n: number(Math.round(value / 100_000) / 10) })

  return { number, percent, clock, moment, dayOf, exact, span, list, bytes }
}
