import { describe, expect, it } from 'vitest'
import { RoomClock } from './clock.ts'
import { initials, meetingsFrom, participantsOf } from './meetings.ts'
import { words } from './words.ts'

const now = Date.parse('2026-11-19T13:07:20Z')
const hour = 3_600_000

describe('meetingsFrom', () => {
  it('always has some to come, one after the other, and the same at every time of the day', () => {
    for (let at = now; at < now + 48 * hour; at += 1.7 * hour) {
      const meetings = meetingsFrom(1, 'Gerland', at, words.en)
      expect(meetings.length).toBeGreaterThan(3)
      expect(meetings.every(({ end }) => end > at)).toBe(true)
      meetings.slice(1).forEach(({ start }, index) => {
        expect(start).toBeGreaterThanOrEqual(meetings[index]?.end ?? 0)
      })
      const [first] = meetings
      expect(first && first.start - at).toBeLessThan(4 * hour)
    }
    const later = meetingsFrom(1, 'Gerland', now + hour, words.en)
    const earlier = meetingsFrom(1, 'Gerland', now, words.en)
    expect(earlier.slice(-later.length)).toEqual(later)
  })

  it('has the same times in each language', () => {
    const times = (meetings: ReturnType<typeof meetingsFrom>) => meetings.map(({ start, end, organiser }) => [start, end, organiser])
    expect(times(meetingsFrom(1, 'Gerland', now, words.fr))).toEqual(times(meetingsFrom(1, 'Gerland', now, words.en)))
    expect(words.fr.titles).toHaveLength(words.en.titles.length)
  })

  it('puts the organiser first among who takes part, each of them once', () => {
    for (const meeting of meetingsFrom(1, 'Gerland', now, words.en)) {
      const people = participantsOf(meeting)
      expect(people[0]).toBe(meeting.organiser)
      expect(new Set(people).size).toBe(people.length)
    }
    expect([initials('Alex Wilber'), initials(''), initials('👋 x y')]).toEqual(['AW', '', '👋X'])
  })
})

describe('RoomClock', () => {
  it('is in the room’s time zone, and in UTC where that is none', () => {
    expect(new RoomClock('Europe/Paris', words.en).time(now)).toBe('14:07')
    expect(new RoomClock('America/Toronto', words.fr).time(now)).toBe('08:07')
    expect(new RoomClock('nowhere/at all', words.en)).toMatchObject({ zone: 'UTC' })
    expect(new RoomClock('Europe/Paris', words.en).date(now)).toBe('Thursday 19 November')
    expect(new RoomClock('Europe/Paris', words.fr).date(now)).toBe('Jeudi 19 novembre')
    expect(new RoomClock('Europe/Paris', words.en).isSameDay(now, now + 10 * hour)).toBe(false)
  })
})
