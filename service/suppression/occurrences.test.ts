import { describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { WindowRule } from '../../contract/suppression.ts'
import { occurrenceAt, occurrences, wrongWith } from './occurrences.ts'

const window = (rrule: string, start: string, durationMinutes: number) => ({ rrule, start, durationMinutes })
const nightly = window('FREQ=DAILY', '2026-01-01T02:30', 60)
const text = (at: number): string => new Date(at).toISOString().slice(0, 16)
const between = (one: typeof nightly, zone: string, from: string, to: string): string[] =>
  occurrences(one, zone, Date.parse(from), Date.parse(to)).map(({ from: begin, until }) => `${text(begin)} ${text(until)}`)

describe('[ROM-3] windows that come again', () => {
  it.each([
    // A night of the change to summer time: half past two is not there, and comes an hour later by the clock.
    ['Europe/Paris', '2026-03-28T00:00Z', '2026-03-31T00:00Z', ['28T01:30', '29T01:30', '30T00:30']],
    ['America/Montreal', '2026-03-07T12:00Z', '2026-03-10T00:00Z', ['08T07:30', '09T06:30']],
    // And back: it comes twice, and counts once.
    ['Europe/Paris', '2026-10-24T00:00Z', '2026-10-27T00:00Z', ['24T00:30', '25T00:30', '26T01:30']],
    ['America/Montreal', '2026-10-31T00:00Z', '2026-11-03T00:00Z', ['31T06:30', '01T07:30', '02T07:30']],
    // The same clock's face, a day and an hour apart.
    ['Pacific/Kiritimati', '2026-06-01T00:00Z', '2026-06-02T13:00Z', ['01T12:30', '02T12:30']],
    ['Pacific/Pago_Pago', '2026-06-01T00:00Z', '2026-06-02T14:00Z', ['01T13:30', '02T13:30']],
    // No zone at all.
    ['Mars/Base', '2026-06-01T00:00Z', '2026-06-02T00:00Z', ['01T02:30']],
  ])('in %s from %s', (zone, from, to, begins) => {
    const found = between(nightly, zone, from, to)
    expect(found.map((one) => one.slice(8, 16))).toEqual(begins)
    // An hour is an hour, whatever clocks show.
    for (const one of occurrences(nightly, zone, Date.parse(from), Date.parse(to))) expect(one.until - one.from).toBe(3_600_000)
  })

  it('of a zone that went over the date line: the day that was not there brings none of its own', () => {
    const old = window('FREQ=DAILY', '2011-12-01T02:30', 60)
    expect(between(old, 'Pacific/Apia', '2011-12-28T00:00Z', '2012-01-01T00:00Z').map((one) => one.slice(0, 16))).toEqual([
      '2011-12-28T12:30',
      '2011-12-29T12:30',
      '2011-12-30T12:30',
      '2011-12-31T12:30',
    ])
  })

  it.each([
    ['across midnight, on Saturdays', 'FREQ=WEEKLY;BYDAY=SA', '2026-01-03T22:00', 240, '2026-06-06T20:00 2026-06-07T00:00'],
    ['on the first Sunday of a month', 'FREQ=MONTHLY;BYDAY=1SU', '2026-01-04T06:00', 90, '2026-06-07T04:00 2026-06-07T05:30'],
    ['on the last day of a month', 'FREQ=MONTHLY;BYMONTHDAY=-1', '2026-01-31T06:00', 90, '2026-06-30T04:00 2026-06-30T05:30'],
    ['every second week', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO', '2026-01-05T06:00', 60, '2026-06-08T04:00 2026-06-08T05:00'],
    ['once in a leap year', 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29', '2026-01-01T06:00', 60, '2028-02-29T05:00 2028-02-29T06:00'],
  ])('%s', (_, rrule, start, minutes, expected) => {
    const found = occurrenceAt(window(rrule, start, minutes), 'Europe/Paris', Date.parse('2026-06-06T12:00Z'))
    expect(found && `${text(found.from)} ${text(found.until)}`).toBe(expected)
    expect(wrongWith(window(rrule, start, minutes))).toBeNull()
  })

  it('is at a moment from its first instant up to its last, and then the next', () => {
    const begin = Date.parse('2026-06-01T00:30Z')
    const at = (ms: number) => occurrenceAt(nightly, 'Europe/Paris', ms)?.from
    expect([at(begin - 1), at(begin), at(begin + 3_599_999), at(begin + 3_600_000)]).toEqual([begin, begin, begin, begin + 24 * 3_600_000])
  })

  it('ends with its last one', () => {
    const three = window('FREQ=DAILY;COUNT=3', '2026-01-01T02:00', 60)
    expect(occurrenceAt(three, 'UTC', Date.parse('2026-01-03T02:30Z'))?.from).toBe(Date.parse('2026-01-03T02:00Z'))
    expect(occurrenceAt(three, 'UTC', Date.parse('2026-01-03T03:00Z'))).toBeNull()
  })

  it.each([
    ['FREQ=SOMETIMES', 60, 'ruleInvalid'],
    ['BYDAY=MO', 60, 'ruleInvalid'],
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', 60, 'neverComes'],
    ['FREQ=DAILY;UNTIL=20250101T000000Z', 60, 'neverComes'],
    ['FREQ=DAILY', 24 * 60, 'longerThanPeriod'],
    ['FREQ=DAILY', 24 * 60 - 1, null],
    ['FREQ=WEEKLY;BYDAY=MO,TU', 25 * 60, 'longerThanPeriod'],
    ['FREQ=HOURLY', 30, null],
    ['FREQ=DAILY;COUNT=1', 7 * 24 * 60, null],
  ])('%s for %i min: %s', (rrule, minutes, wrong) => {
    expect(wrongWith(window(rrule, '2026-01-01T02:00', minutes))).toBe(wrong)
  })

  it('[rule 8] a rule is one line of its parts', () => {
    const parses = (rrule: string): boolean => WindowRule.safeParse(window(rrule, '2026-01-01T02:00', 60)).success
    expect(['FREQ=WEEKLY;BYDAY=SA,-1SU;INTERVAL=2', 'FREQ=DAILY'].map(parses)).toEqual([true, true])
    const bad = ['FREQ=SECONDLY', 'FREQ=MINUTELY;INTERVAL=2', 'RRULE:FREQ=DAILY', 'FREQ=DAILY\nRDATE:20260101', 'INTERVAL=2', '']
    expect(bad.filter(parses)).toEqual([])
  })

  it('[rule 9] a rule with millions of them gives a few, at once', () => {
    const hourly = window('FREQ=HOURLY;BYMINUTE=0,2,4,6,8,10,12,14,16,18,20', '1970-01-01T00:00', 1)
    const found = occurrences(hourly, 'Europe/Paris', Date.parse('2026-01-01T00:00Z'), Date.parse('2100-01-01T00:00Z'))
    expect(found.length).toBeLessThanOrEqual(limits.occurrences)
    expect(occurrenceAt(hourly, 'Europe/Paris', Date.parse('2026-01-01T00:00:30Z'))?.from).toBe(Date.parse('2026-01-01T00:00Z'))
  })
})
