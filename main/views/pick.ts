import { limits } from '../../contract/limits.ts'
import type { ListLine } from './line.ts'
import type { Picture, Placed, Run } from './picture.ts'

/** Which rows of a list are to be marked, as the contract has it. */
type Part = { what: 'all' } | { what: 'range'; from: At; to: At } | { what: 'these'; ids: readonly string[] }
interface At {
  id: string
  at: number
}

/**
 * Rows of a list at one moment, whatever of it a screen has read: how many there are, and the first of them up to the
 * limit. `within`: only those lines, of all or of a range.
 */
export function pick(
  picture: Picture,
  kind: 'room' | 'incident',
  runOf: () => Run,
  part: Part,
  within?: (line: ListLine) => boolean,
): { total: number; picked: Placed[] } {
  if (part.what === 'these') {
    const picked = part.ids.flatMap((id): Placed[] => {
      const shown = picture.holder(kind, id)
      return shown === undefined ? [] : [{ id, shown }]
    })
    return { total: picked.length, picked }
  }
  const run = runOf()
  const [from, to] = part.what === 'all' ? [0, run.lines.length - 1] : rangeOf(run.lines, part.from, part.to)
  const picked: Placed[] = []
  let total = 0
  for (let at = from; at <= to; at++) {
    const line = run.lines[at]
    if (line === undefined || within?.(line) === false) continue
    total++
    if (picked.length < limits.pickedRows) picked.push(...picture.placed(run, line.id, at))
  }
  return { total, picked }
}

function rangeOf(lines: readonly ListLine[], one: At, other: At): [from: number, to: number] {
  const placeOf = ({ id, at }: At): number => {
    const place = lines.findIndex((line) => line.id === id)
    return place < 0 ? Math.min(at, lines.length - 1) : place
  }
  const [a, b] = [placeOf(one), placeOf(other)]
  return [Math.min(a, b), Math.max(a, b)]
}
