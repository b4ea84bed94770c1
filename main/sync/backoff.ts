import { limits } from '../../contract/limits.ts'

/**
 * The pause before try number `tries` (from 1): doubled each time up to a longest one, and anywhere between a half and
 * the whole of it, so that a thousand consoles do not come back in the same moment. Milliseconds.
 */
export function backoffMs(tries: number, random: () => number): number {
  const whole = Math.min(limits.retryMaxMs, limits.retryFirstMs * 2 ** Math.min(30, Math.max(0, tries - 1)))
  return Math.round(whole / 2 + (whole / 2) * random())
}
