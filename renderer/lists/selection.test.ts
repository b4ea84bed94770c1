import { describe, expect, it } from 'vitest'
import { useSelection } from './selection.ts'

const at = (index: number): string | undefined => ['a', 'b', 'c', 'd', 'e'][index]

describe('a selection', () => {
  it('marks and unmarks one by one', () => {
    const selection = useSelection<string>((row) => row, at)
    selection.toggle(1, false)
    selection.toggle(3, false)
    selection.toggle(1, false)
    expect(selection.rows.value).toEqual(['d'])
  })

  it('marks a range in both directions, and only what is there', () => {
    const selection = useSelection<string>((row) => row, at)
    selection.toggle(3, false)
    selection.toggle(1, true)
    expect([...selection.rows.value].sort()).toEqual(['b', 'c', 'd'])
    selection.toggle(99, true)
    expect(selection.rows.value).toHaveLength(3)
    selection.clear()
    expect(selection.rows.value).toEqual([])
  })
})
