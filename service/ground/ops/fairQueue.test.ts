import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FairQueue } from './fairQueue.ts'

describe('the queue (rule 13)', () => {
  it('has, whatever comes and ends, one job of an owner, groups within their share, and none passed over twice by another', () => {
    const act = fc.oneof(
      fc.record({
        type: fc.constant('add' as const),
        group: fc.integer({ min: 0, max: 4 }),
        lane: fc.integer({ min: 0, max: 1 }),
        owner: fc.integer({ min: 0, max: 12 }),
      }),
      fc.record({ type: fc.constantFrom('next' as const, 'done' as const) }),
    )
    fc.assert(
      fc.property(fc.array(act, { maxLength: 120 }), (acts) => {
        const queue = new FairQueue<number>({ waiting: 10, waitingOfLane: 4, runningOfGroup: 2 })
        const waiting: { group: string; lane: string; owner: string }[] = []
        const running: { group: string; owner: string }[] = []
        /** The lane of a group that must be next. */
        const due = new Map<string, string>()
        /** For each group that waits, the groups served since its turn began. */
        const served = new Map<string, string[]>()
        for (const one of acts) {
          if (one.type === 'add') {
            const item = { group: `g${one.group}`, lane: `l${one.lane}`, owner: `g${one.group}/${one.owner}` }
            const own = waiting.filter(({ group, lane }) => group === item.group && lane === item.lane).length
            const may = ![...waiting, ...running].some(({ owner }) => owner === item.owner) && own < 4 && (waiting.length < 10 || own === 0)
            expect(queue.add({ ...item, job: 0 })).toBe(may)
            if (may) waiting.push(item)
          } else if (one.type === 'next') {
            const next = queue.next()
            const open = waiting.filter(({ group }) => running.filter((other) => other.group === group).length < 2)
            expect(next !== undefined).toBe(open.length > 0)
            if (!next) continue
            const index = waiting.findIndex(({ group, lane }) => group === next.group && lane === next.lane)
            expect(waiting[index]?.owner).toBe(next.owner)
            // A lane that waited while the other was served is next.
            if (due.has(next.group)) expect(next.lane).toBe(due.get(next.group))
            const [item] = waiting.splice(index, 1)
            const passed = waiting.find(({ group, lane }) => group === next.group && lane !== next.lane)
            if (passed) due.set(next.group, passed.lane)
            else due.delete(next.group)
            if (item) running.push(item)
            served.delete(next.group)
            for (const group of new Set(open.map(({ group }) => group))) {
              if (group === next.group) continue
              const before = served.get(group) ?? []
              expect(before).not.toContain(next.group)
              served.set(group, [...before, next.group])
            }
          } else {
            const over = running.shift()
            if (over) queue.done(over)
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})
