import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { compareLines, type ListLine } from './line.ts'
import { Lists } from './lists.ts'

describe('lists', () => {
  it('that are kept equal lists that are made anew, whatever changed', () => {
    const line = fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), key: fc.integer({ min: 0, max: 3 }) })
    fc.assert(
      fc.property(fc.array(fc.array(line, { maxLength: 4 }), { maxLength: 8 }), fc.boolean(), (rounds, descending) => {
        const all = new Map<string, number>([
          ['a', 1],
          ['b', 2],
          ['c', 1],
        ])
        const source = (only?: readonly string[]): ListLine[] =>
          [...all].filter(([id, key]) => key !== 3 && (only === undefined || only.includes(id))).map(([id, key]) => ({ id, keys: [key] }))
        const lists = new Lists(2)
        lists.lines('x', source, descending)
        for (const round of rounds) {
          for (const { id, key } of round) all.set(id, key)
          lists.touch(round.map(({ id }) => id))
          expect(lists.lines('x', source, descending)).toEqual(source().sort(compareLines(descending)))
        }
      }),
    )
  })

  it('of 100,000 are read once, and a change reads only what changed', () => {
    const count = 100_000
    const asked: (number | undefined)[] = []
    const source = (only?: readonly string[]): ListLine[] => {
      asked.push(only?.length)
      return only === undefined
        ? Array.from({ length: count }, (_, n) => ({ id: String(n), keys: [count - n] }))
        : only.map((id) => ({ id, keys: [-1] }))
    }
    const lists = new Lists(limits.listsKept)
    for (let offset = 0; offset < count; offset += 10_000) expect(lists.lines('all', source).slice(offset, offset + 1).length).toBe(1)
    lists.touch(['5'])
    expect(lists.lines('all', source)[0]?.id).toBe('5')
    expect(lists.lines('all', source).length).toBe(count)
    expect(asked).toEqual([undefined, 1])
    lists.touch()
    lists.lines('all', source)
    expect(asked.length).toBe(3)
  })

  it('are kept up to a limit', () => {
    let made = 0
    const lists = new Lists(2)
    for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) lists.lines(name, () => [{ id: String(++made), keys: [] }])
    expect(made).toBe(4)
  })
})
