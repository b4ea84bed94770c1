const windowMs = 2_000
/** More than any screen shows in the window. */
const atMost = 512

/** Counts finished frames over the last two seconds. The clock is given, in milliseconds. */
export class Pace {
  private readonly now: () => number
  private frames: { at: number; ms: number }[] = []

  constructor(now: () => number) {
    this.now = now
  }

  /** A frame is finished; `ms`: from its first byte to its last pixel. */
  frame(ms: number): void {
    this.frames.push({ at: this.now(), ms })
    if (this.frames.length > atMost) this.frames.shift()
  }

  perSecond(): number {
    return Math.round(this.recent().length / (windowMs / 1_000))
  }

  /** The middle one of the recent frames' times; null: there was none. */
  frameMs(): number | null {
    const times = this.recent()
      .map(({ ms }) => ms)
      .sort((a, b) => a - b)
    return times[Math.floor(times.length / 2)] ?? null
  }

  private recent(): { at: number; ms: number }[] {
    const from = this.now() - windowMs
    this.frames = this.frames.filter(({ at }) => at > from)
    return this.frames
  }
}
