import type { SignalId, SignalValue } from '../../contract/signals.ts'
import type { Timeline } from '../../contract/views.ts'

export interface Stretch {
  readonly from: number
  readonly to: number
  readonly value: SignalValue | 'disconnected'
}

/**
 * What a strip draws of a signal: its stretches, cut where the room was out of contact, since nothing is known of that
 * time. The agent's own signal is the contact itself.
 */
export function stripOf(day: Timeline, signal: SignalId): Stretch[] {
  const gaps = day.contact.filter((one) => !one.connected)
  if (signal === 'connectivity.agent') {
    return day.contact.map(({ from, to, connected }) => ({ from, to, value: connected ? 'healthy' : 'unhealthy' }))
  }
  const known: Stretch[] = []
  for (const stretch of day.signals[signal] ?? []) {
    let from = stretch.from
    for (const gap of gaps) {
      if (gap.to <= from || gap.from >= stretch.to) continue
      if (gap.from > from) known.push({ from, to: gap.from, value: stretch.value })
      from = Math.max(from, gap.to)
    }
    if (from < stretch.to) known.push({ from, to: stretch.to, value: stretch.value })
  }
  return [...known, ...gaps.map(({ from, to }) => ({ from, to, value: 'disconnected' as const }))]
}
