export type Key = string | number

/** One row of a list: its id, and what it is sorted by, first key first. */
export interface ListLine {
  id: string
  keys: readonly Key[]
}

/** Where the lines come from. `only`: just those of these ids that belong into the list. */
export type LineSource = (only?: readonly string[]) => ListLine[]

export type Compare = (a: ListLine, b: ListLine) => number

/** By key, then by id. `descending` turns the first key round and leaves the others. */
export const compareLines =
  (descending: boolean): Compare =>
  (a, b) => {
    for (let i = 0; i < a.keys.length; i++) {
      const order = compareKeys(a.keys[i], b.keys[i])
      if (order !== 0) return descending && i === 0 ? -order : order
    }
    return compareKeys(a.id, b.id)
  }

function compareKeys(a: Key | undefined, b: Key | undefined): number {
  if (a === b || a === undefined || b === undefined) return 0
  return a < b ? -1 : 1
}
