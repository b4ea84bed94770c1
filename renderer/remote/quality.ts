/**
 * How fine the picture is sent. Levels go from the finest to the coarsest; noVNC asks the device for them by the RFB
 * quality and compression levels (0 to 9 each).
 */
export const levels = [
  { name: 'best', quality: 9, compression: 1 },
  { name: 'high', quality: 8, compression: 2 },
  { name: 'medium', quality: 6, compression: 4 },
  { name: 'low', quality: 3, compression: 6 },
  { name: 'lowest', quality: 0, compression: 9 },
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

/** The level of `auto`, and how many looks in a row have found room for a finer one. */
export interface Adapting {
  readonly at: number
  readonly good: number
}

export const startAdapting: Adapting = { at: 1, good: 0 }
/** How often `adapt` is asked, in milliseconds. */
export const lookEveryMs = 2_000

const slow = { roundTripMs: 350, frameMs: 180 }
const quick = { roundTripMs: 150, frameMs: 60 }
/** Coarser at once, finer only after this many good looks: no swinging to and fro. */
const goodLooks = 3

/** The next step: one level coarser when the link is too slow for this one, one finer when it has been easy for a while. */
export function adapt(now: Adapting, { roundTripMs, frameMs }: Measured): Adapting {
  if ((roundTripMs ?? 0) > slow.roundTripMs || (frameMs ?? 0) > slow.frameMs) return { at: Math.min(now.at + 1, levels.length - 1), good: 0 }
  // A still picture says nothing about how much the link could carry.
  const easy = roundTripMs !== null && roundTripMs < quick.roundTripMs && frameMs !== null && frameMs < quick.frameMs
  if (!easy) return { at: now.at, good: frameMs === null ? now.good : 0 }
  if (now.good + 1 < goodLooks) return { at: now.at, good: now.good + 1 }
  return { at: Math.max(0, now.at - 1), good: 0 }
}

/** The level that is asked for. */
export function levelOf(choice: QualityChoice, adapting: Adapting): Level {
  const at = choice === 'sharp' ? 0 : choice === 'fast' ? 3 : adapting.at
  return levels[at] ?? levels[1]
}
