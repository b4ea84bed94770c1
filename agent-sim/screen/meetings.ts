import { pick, randomInt, sample, seededRandom } from '../random.ts'
import type { Words } from './words.ts'

export interface Meeting {
  readonly id: string
  readonly title: string
  readonly organiser: string
  /** Milliseconds UTC. */
  readonly start: number
  readonly end: number
}

/** Who works where a simulated room is: they organise its meetings, and can be called. */
export const people = [
  'Alex Wilber',
  'Adele Vance',
  'Camille Moreau',
  'Diego Siciliani',
  'Grace Okoye',
  'Henrik Lund',
  'Isaiah Langer',
  'Johanna Lorenz',
  'Lee Gu',
  'Lynne Robbins',
  'Megan Bowen',
  'Miriam Graham',
  'Nestor Wilke',
  'Patti Fernandez',
  'Pradeep Gupta',
  'Yuki Tanaka',
] as const

const slotMs = 30 * 60_000
const dayMs = 24 * 3_600_000

/**
 * The meetings of a room that are not over at `now` (milliseconds UTC), soonest first, over at least a day. The same words
 * give the same meetings; in tests and pictures, the same ones.
 */
export function meetingsFrom(seed: string | number, room: string, now: number, words: Words): Meeting[] {
  const day = Math.floor(now / dayMs)
  return [day, day + 1].flatMap((one) => meetingsOf(seed, room, one, words)).filter(({ end }) => end > now)
}

function meetingsOf(seed: string | number, room: string, day: number, words: Words): Meeting[] {
  const random = seededRandom('meetings', seed, room, day)
  const meetings: Meeting[] = []
  let at = day * dayMs + randomInt(random, 3) * slotMs
  while (at < (day + 1) * dayMs) {
    const end = at + (1 + randomInt(random, 3)) * slotMs
    const title = words.titles[randomInt(random, words.titles.length)] ?? words.meetNow
    const organiser = pick(random, people)
    // A meeting does not reach into the day after, whose meetings are made by themselves.
    if (end <= (day + 1) * dayMs) meetings.push({ id: `${day}-${meetings.length}`, title, organiser, start: at, end })
    at = end + randomInt(random, 4) * slotMs
  }
  return meetings
}

/** Who is in a meeting, without the room itself: its organiser first. */
export function participantsOf(meeting: Meeting): string[] {
  const random = seededRandom('participants', meeting.id, meeting.title, meeting.start)
  const others = sample(random, people, 2 + randomInt(random, 4)).filter((name) => name !== meeting.organiser)
  return [meeting.organiser, ...others]
}

/** "AW" of "Alex Wilber". */
export const initials = (name: string): string =>
  name
    .split(/\s+/u)
    .slice(0, 2)
    .map((word) => [...word][0] ?? '')
    .join('')
    .toUpperCase()
