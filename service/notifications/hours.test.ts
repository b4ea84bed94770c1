import { describe, expect, it } from 'vitest'
import type { NotifyWhen } from '../../contract/notifications.ts'
import { isOpen, opensAt } from './hours.ts'

const everyDay = [1, 2, 3, 4, 5, 6, 7]
const at = (text: string): number => Date.parse(text)
const clock = (hours: number, minutes = 0): number => hours * 60 + minutes
const quiet = (from: number, to: number, days = everyDay): NotifyWhen => ({ timeZone: 'Europe/Paris', quiet: { days, from, to } })

describe('[INC-6] hours', () => {
  it('without any are always', () => {
    expect(isOpen({ timeZone: 'UTC' }, 0)).toBe(true)
  })

  it('past midnight belong to the day on which they began', () => {
    // Monday evening to Tuesday morning; 23 November 2026 is a Monday.
    const night = quiet(clock(22), clock(7), [1])
    expect(isOpen(night, at('2026-11-23T21:59:59+01:00'))).toBe(true)
    expect(isOpen(night, at('2026-11-23T22:00:00+01:00'))).toBe(false)
    expect(isOpen(night, at('2026-11-24T06:59:59+01:00'))).toBe(false)
    expect(isOpen(night, at('2026-11-24T07:00:00+01:00'))).toBe(true)
    expect(isOpen(night, at('2026-11-24T23:00:00+01:00'))).toBe(true)
    expect(opensAt(night, at('2026-11-23T23:12:30+01:00'))).toBe(at('2026-11-24T07:00:00+01:00'))
  })

  it('of Sunday night reach into Monday', () => {
    const night = quiet(clock(22), clock(7), [7])
    expect(isOpen(night, at('2026-11-23T06:00:00+01:00'))).toBe(false)
    expect(isOpen(night, at('2026-11-23T22:30:00+01:00'))).toBe(true)
  })

  it('begin by the clock of the place when it is put forward, also at a time that it never shows', () => {
    // In the night to Sunday 29 March 2026 it is 03:00 after 01:59.
    expect(opensAt(quiet(clock(22), clock(7)), at('2026-03-28T23:00:00+01:00'))).toBe(at('2026-03-29T07:00:00+02:00'))
    expect(opensAt(quiet(clock(22), clock(2, 30)), at('2026-03-28T23:00:00+01:00'))).toBe(at('2026-03-29T03:00:00+02:00'))
  })

  it('end by the clock of the place when it is put back, and cover an hour that comes twice', () => {
    // In the night to Sunday 25 October 2026 the hour from 02:00 comes twice.
    expect(opensAt(quiet(clock(22), clock(7)), at('2026-10-24T23:00:00+02:00'))).toBe(at('2026-10-25T07:00:00+01:00'))
    expect(opensAt(quiet(clock(2), clock(2, 30)), at('2026-10-25T02:10:00+02:00'))).toBe(at('2026-10-25T02:30:00+02:00'))
    expect(opensAt(quiet(clock(2), clock(2, 30)), at('2026-10-25T02:10:00+01:00'))).toBe(at('2026-10-25T02:30:00+01:00'))
  })

  it('of work wait for the next working day, less what is quiet in them', () => {
    const hours = { days: [1, 2, 3, 4, 5], from: clock(8), to: clock(18) }
    const when: NotifyWhen = { timeZone: 'America/New_York', hours, quiet: { days: everyDay, from: clock(8), to: clock(9) } }
    expect(opensAt(when, at('2026-11-27T18:00:00-05:00'))).toBe(at('2026-11-30T09:00:00-05:00'))
    expect(opensAt(when, at('2026-11-30T10:00:00-05:00'))).toBe(at('2026-11-30T10:00:00-05:00'))
  })

  it('that are quiet all the time never open', () => {
    expect(opensAt(quiet(0, 0), 0)).toBeNull()
  })

  it('go by places a quarter of an hour apart', () => {
    const when: NotifyWhen = { timeZone: 'Asia/Kathmandu', hours: { days: everyDay, from: clock(9), to: clock(10) } }
    expect(opensAt(when, at('2026-11-30T00:00:00Z'))).toBe(at('2026-11-30T09:00:00+05:45'))
  })
})
