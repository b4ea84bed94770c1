import type { Words } from './words.ts'

/** How a room says when: in its own time zone, or in UTC where that is none. */
export class RoomClock {
  readonly zone: string
  readonly #time: Intl.DateTimeFormat
  readonly #date: Intl.DateTimeFormat
  readonly #day: Intl.DateTimeFormat

  constructor(zone: string, { locale }: Words) {
    this.zone = isZone(zone) ? zone : 'UTC'
    const timeZone = this.zone
    this.#time = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', hour12: false, timeZone })
    this.#date = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long', timeZone })
    this.#day = new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit', timeZone })
  }

  /** "14:07". */
  time(at: number): string {
    return this.#time.format(at)
  }

  /** "Thursday 21 November". */
  date(at: number): string {
    const text = this.#date.format(at)
    return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
  }

  isSameDay(one: number, other: number): boolean {
    return this.#day.format(one) === this.#day.format(other)
  }
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}
