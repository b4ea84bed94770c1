import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Report } from '../../contract/agent.ts'
import { reportedSignals, type SignalId, type SignalValue } from '../../contract/signals.ts'
import { type Held, hold } from './held.ts'

/** What a room shows after reports: a full one forgets what it does not name. */
function shown(reports: readonly Report[], before: ReadonlyMap<SignalId, SignalValue>): Map<SignalId, SignalValue> {
  const signals = new Map(before)
  for (const report of reports) {
    for (const id of reportedSignals) {
      const seen = report.signals[id]
      if (seen) signals.set(id, seen.value)
      else if (report.full) signals.set(id, 'unknown')
    }
  }
  return signals
}

const some = reportedSignals.slice(0, 4)
const value = fc.constantFrom<SignalValue>('healthy', 'unhealthy', 'unknown')
const report = fc.record({
  full: fc.boolean(),
  values: fc.dictionary(fc.constantFrom(...some), value),
  inCall: fc.option(fc.boolean(), { nil: undefined }),
})

describe('reports that are taken as one', () => {
  it('[ROM-1] show what they would have shown one by one', () => {
    fc.assert(
      fc.property(fc.array(report, { minLength: 1, maxLength: 12 }), fc.dictionary(fc.constantFrom(...some), value), (drawn, before) => {
        const reports = drawn.map(({ full, values, inCall }, index): Report => ({
          number: index + 1,
          observedAt: index,
          ...(full ? { full } : {}),
          signals: Object.fromEntries(Object.entries(values).map(([id, one]) => [id, { value: one }])),
          ...(inCall === undefined ? {} : { facts: { inCall } }),
        }))
        let held: Held | undefined
        for (const one of reports) held = hold(held, one.number, 0, one)
        const start = new Map(some.flatMap((id) => (before[id] ? [[id, before[id]] as const] : [])))
        expect(shown(held ? [held.report] : [], start)).toEqual(shown(reports, start))
        expect(held).toMatchObject({ first: 1, number: reports.length })
        expect(held?.report.facts?.inCall).toBe(drawn.findLast(({ inCall }) => inCall !== undefined)?.inCall)
      }),
    )
  })

  it('name those that were rejected, the first hundred of them', () => {
    let held: Held | undefined
    for (let number = 1; number <= 150; number++) held = hold(held, number, 0, undefined, 'report.invalid')
    expect(held).toMatchObject({ first: 1, number: 150 })
    expect(held?.rejected).toHaveLength(100)
  })
})
