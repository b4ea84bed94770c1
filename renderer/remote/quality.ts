/**
 * How fine the picture is sent. Levels go from the finest to the coarsest; noVNC asks the device for them by the RFB
 * quality level (0 to 9). The compression level stays what it is: a server may begin its zlib streams anew for another
 * one, and the inflater of noVNC 1.7 loses its window then and fails.
 */
export const levels = [
  { name: 'best', quality: 9 },
  { name: 'high', quality: 8 },
  { name: 'medium', quality: 6 },
  { name: 'low', quality: 3 },
  { name: 'lowest', quality: 0 },
] as const
export type Level = (typeof levels)[number]

/** `auto` follows the link; the others stay. */
export const qualityChoices = ['auto', 'sharp', 'fast'] as const
export type QualityChoice = (typeof qualityChoices)[number]

export interface Measured {
  /** Between this console and the device, in milliseconds; it grows when the link is full. */
  roundTripMs: number | null
  /** From a frame's first byte to its last pixel, in milliseconds; null: nothing moved. */
  frameMs: number | null
}

/** The level of `auto`, and how many looks in a row have found it too fine, or have found room for a finer one. */
export interface Adapting {
  readonly at: number
  readonly bad: number
  readonly good: number
}

export const startAdapting: Adapting = { at: 1, bad: 0, good: 0 }
/** How often `adapt` is asked, in milliseconds. */
export const lookEveryMs = 2_000

const slow = { roundTripMs: 350, frameMs: 200 }
const quick = { roundTripMs: 150, frameMs: 80 }
/** One look may have met a whole new picture; and finer only after more looks than coarser: no swinging to and fro. */
const badLooks = 2
const goodLooks = 3

/**
 * The next step: one level coarser when the link is too slow for this one, one finer when it has been easy for a while. A
 * still picture says nothing about what the link could carry, and leaves all as it is.
 */
export function adapt({ at, bad, good }: Adapting, { roundTripMs, frameMs }: Measured): Adapting {
  if ((roundTripMs ?? 0) > slow.roundTripMs || (frameMs ?? 0) > slow.frameMs) {
    return bad + 1 < badLooks ? { at, bad: bad + 1, good: 0 } : { at: Math.min(at + 1, levels.length - 1), bad: 0, good: 0 }
  }
  if (frameMs === null) return { at, bad, good }
  if (roundTripMs === null || roundTripMs > quick.roundTripMs || frameMs > quick.frameMs) return { at, bad: 0, good: 0 }
  return good + 1 < goodLooks ? { at, bad: 0, good: good + 1 } : { at: Math.max(0, at - 1), bad: 0, good: 0 }
}

/** The level that is asked for. */
export function levelOf(choice: QualityChoice, adapting: Adapting): Level {
  const at = choice === 'sharp' ? 0 : choice === 'fast' ? 3 : adapting.at
  return levels[at] ?? levels[1]
}
