import { describe, expect, it } from 'vitest'
import { type RangeEnd, useSelection } from './selection.ts'

/** 500 rows, of which the screen has read the first 100 and the last 100. */
const all = Array.from({ length: 500 }, (_, n) => `row ${n}`)
const read = (index: number): string | undefined => (index < 100 || index >= 400 ? all[index] : undefined)

function selection() {
  const asked: [RangeEnd, RangeEnd][] = []
  const made = useSelection<string>({
    keyOf: (row) => row,
    at: read,
    indexOf: (row) => all.indexOf(row),
    range: (from, to) => {
      asked.push([from, to])
      const places = [from, to].map(({ id }) => all.indexOf(id)).sort((a, b) => a - b)
      return Promise.resolve(all.slice(places[0], (places[1] ?? 0) + 1))
    },
  })
  return { asked, ...made }
}

describe('[CON-4] a selection', () => {
  it('marks and unmarks one by one', async () => {
    const { toggle, rows } = selection()
    for (const index of [1, 3, 1]) await toggle(index, false)
    expect(rows.value).toEqual(['row 3'])
  })

  it('marks a range in both directions, and only what is there', async () => {
    const { toggle, rows, asked, clear } = selection()
    await toggle(3, false)
    await toggle(1, true)
    expect([...rows.value].sort()).toEqual(['row 1', 'row 2', 'row 3'])
    await toggle(999, true)
    expect(rows.value).toHaveLength(3)
    expect(asked).toEqual([])
    clear()
    expect(rows.value).toEqual([])
  })

  it('marks all 500 from the first to the last, also those that were never read', async () => {
    const { toggle, rows, asked, busy } = selection()
    await toggle(0, false)
    const whole = toggle(499, true)
    expect([rows.value.length, busy.value]).toEqual([200, true])
    await whole
    expect([rows.value.length, busy.value]).toEqual([500, false])
    expect(asked).toEqual([
      [
        { id: 'row 0', at: 0 },
        { id: 'row 499', at: 499 },
      ],
    ])
  })

  it('marks nothing of what was asked for before all was cleared', async () => {
    const { toggle, rows, clear, busy } = selection()
    await toggle(0, false)
    const whole = toggle(499, true)
    clear()
    await whole
    expect([rows.value, busy.value]).toEqual([[], false])
  })
})
