import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { Bucket } from '../ground/bucket.ts'
import { DeviceBudget } from './budget.ts'

describe('a bucket', () => {
  it('[rule 13] lets through no more than it holds and what came back, whatever the order of moments', () => {
    const spend = fc.record({ at: fc.integer({ min: 0, max: 100_000 }), tokens: fc.integer({ min: 1, max: 5 }) })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 1_000 }),
        fc.array(spend, { maxLength: 300 }),
        (capacity, everyMs, spends) => {
          const bucket = new Bucket(capacity, everyMs, 0)
          let spent = 0
          let newest = 0
          for (const { at, tokens } of spends) {
            newest = Math.max(newest, at)
            if (bucket.left(at) < 1) continue
            bucket.spend(tokens, at)
            spent += tokens
          }
          expect(spent).toBeLessThanOrEqual(capacity + newest / everyMs + 5)
        },
      ),
    )
  })

  it('gives nothing for being looked at', () => {
    const bucket = new Bucket(1, 1_000, 0)
    bucket.spend(1, 500)
    expect(bucket.isFull(10_000)).toBe(true)
    expect(bucket.left(500)).toBe(0)
  })
})

describe('the budget of a device', () => {
  it('[rule 13] takes a full journal at once, and changes that were seen over a day', () => {
    const day = 24 * 3_600_000
    const budget = new DeviceBudget(day)
    for (let message = 0; message < limits.agentJournalReports / limits.reportsPerMessage; message++) {
      for (let report = 0; report < limits.reportsPerMessage; report++) budget.report(day)
      expect(budget.message(30_000, day)).toBe(true)
    }
    const passed = Array.from({ length: 2_000 }, (_, n) => budget.change(1, (n * day) / 2_000, 0, day))
    expect(passed.every(Boolean)).toBe(true)
  })

  it('[rule 13] counts nothing from before the device was known, whatever its clock says', () => {
    const budget = new DeviceBudget(1_000_000_000)
    const passed = Array.from({ length: 2_000 }, (_, n) => budget.change(1, n * 400_000, 1_000_000_000, 1_000_000_000)).filter(Boolean)
    expect(passed).toHaveLength(limits.deviceChanges)
  })

  it('[rule 13] counts a full journal at most of what a device says that it saw long ago', () => {
    const now = 1_700_000_000_000
    const budget = new DeviceBudget(now)
    const passed = Array.from({ length: 20_000 }, (_, n) => budget.change(1, 1 + n * 3_600_000, 1, now)).filter(Boolean)
    expect(passed).toHaveLength(limits.deviceChangesOfJournal)
  })

  it('[rule 13] is calm when half of its changes have come back, and says once that it was not', () => {
    const budget = new DeviceBudget(0)
    while (budget.change(1, 0, 0, 0));
    budget.limited = true
    expect([budget.noted(), budget.noted()]).toEqual([true, false])
    const halfMs = (limits.deviceChanges / 2) * limits.deviceChangeMs
    expect([budget.isCalm(halfMs - 1), budget.isCalm(halfMs)]).toEqual([false, true])
    expect([budget.isUntouched(halfMs), budget.isUntouched(2 * halfMs)]).toEqual([false, true])
  })

  it('[rule 13] refuses connections that come too often, and lets one in again later', () => {
    const budget = new DeviceBudget(0)
    for (let n = 0; n < limits.deviceConnections; n++) expect(budget.connect(0)).toBe(true)
    expect(budget.connect(0)).toBe(false)
    expect(budget.connect(limits.deviceConnectionMs)).toBe(true)
  })
})
