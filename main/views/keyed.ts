import type { CacheReader } from '../cache/reader.ts'
import type { Key, ListLine } from './line.ts'

/** A list of one tenant that an index has in its order: it is read by key, and its length is known without reading it. */
export interface KeyedSource {
  total(): number
  /** Lines after this one in the order (null: from the beginning), without the first `skip` of them. */
  after(line: ListLine | null, skip: number, limit: number): ListLine[]
  /** How many lines are in each group, in a list that has groups. */
  groups?(): ReadonlyMap<string, number>
}

/** One column of an order. */
export interface OrderColumn {
  readonly sql: string
  readonly descending?: boolean
}

type Value = string | number

export interface Order {
  /** Table or view of lines. */
  readonly from: string
  /** The last one tells apart what is alike in all others. */
  readonly columns: readonly OrderColumn[]
  /** The first column goes the other way than in the index, and the others as they do there. */
  readonly turned?: boolean
  /** What lines have to be beside, and its parameters. */
  readonly where: string
  readonly values: readonly Value[]
  readonly total: () => number
  /** The keys of a line, made of its columns, and the columns again. */
  readonly keysOf: (columns: readonly Value[]) => Key[]
  readonly columnsOf: (keys: readonly Key[]) => readonly Value[]
}

/** Reads such a list: `where` and the order are those of one index, and a page costs what it holds. */
export class OrderedPages implements KeyedSource {
  readonly #reader: CacheReader
  readonly #order: Order

  constructor(reader: CacheReader, order: Order) {
    this.#reader = reader
    this.#order = order
  }

  total(): number {
    return this.#order.total()
  }

  after(line: ListLine | null, skip: number, limit: number): ListLine[] {
    const { columns, columnsOf, turned } = this.#order
    const values = line === null ? null : columnsOf(line.keys)
    if (turned === true) return this.#blocks(values, skip, limit)
    return values === null ? this.#read('1', [], skip, limit) : this.#rest(values, columns.length - 1, 0, skip, limit).lines
  }

  /**
   * What comes after these values: first what is alike in all columns but the last (`from`), then what is alike in one less, as far as
   * `to`. Answers how many were to be left out beyond.
   */
  #rest(values: readonly Value[], from: number, to: number, skip: number, limit: number): { lines: ListLine[]; left: number } {
    const lines: ListLine[] = []
    let left = skip
    for (let depth = from; depth >= to && lines.length < limit; depth--) {
      const where = this.#order.columns
        .slice(0, depth + 1)
        .map(({ sql, descending }, n) => `${sql} ${n < depth ? '=' : descending === true ? '<' : '>'} ?`)
        .join(' and ')
      const keys = values.slice(0, depth + 1)
      if (left > 0 && depth > 0) {
        const there = this.#count(where, keys, left + 1)
        if (there <= left) {
          left -= there
          continue
        }
      }
      lines.push(...this.#read(where, keys, left, limit - lines.length))
      left = 0
    }
    return { lines, left }
  }

  /** The index is walked backwards from one value of the first column to the next, and forwards within each: nothing is sorted. */
  #blocks(values: readonly Value[] | null, skip: number, limit: number): ListLine[] {
    const { from, columns, where, values: parameters } = this.#order
    const first = columns[0]?.sql ?? ''
    const { lines, left: beyond } = values === null ? { lines: [], left: skip } : this.#rest(values, columns.length - 1, 1, skip, limit)
    let left = beyond
    let [value] = values ?? []
    while (lines.length < limit) {
      const [before, keys] = value === undefined ? ['1', []] : [`${first} < ?`, [value]]
      const next = this.#reader.one<{ value: Value }>(
        `select ${first} as value from ${from} where ${before} and ${where} order by value desc limit 1 offset ?`,
        ...keys,
        ...parameters,
        left,
      )
      if (next === undefined) break
      if (left > 0) left -= this.#count(`${before} and ${first} > ?`, [...keys, next.value], left)
      lines.push(...this.#read(`${first} = ?`, [next.value], left, limit - lines.length))
      left = 0
      value = next.value
    }
    return lines
  }

  #read(where: string, keys: readonly Value[], skip: number, limit: number): ListLine[] {
    const { from, columns, keysOf } = this.#order
    const order = columns.map(({ descending }, n) => `k${n}${descending === true ? ' desc' : ''}`).join(', ')
    return this.#reader
      .all<Record<string, Value> & { id: string }>(
        `select id, ${columns.map(({ sql }, n) => `${sql} as k${n}`).join(', ')} from ${from}
         where ${where} and ${this.#order.where} order by ${order} limit ? offset ?`,
        ...keys,
        ...this.#order.values,
        limit,
        skip,
      )
      .map((row) => ({ id: row.id, keys: keysOf(columns.map((_, n) => row[`k${n}`] ?? '')) }))
  }

  /** How many there are, of at most so many. */
  #count(where: string, keys: readonly Value[], atMost: number): number {
    const { from, values } = this.#order
    const found = this.#reader.one<{ n: number }>(
      `select count(*) as n from (select 1 from ${from} where ${where} and ${this.#order.where} limit ?)`,
      ...keys,
      ...values,
      atMost,
    )
    return found?.n ?? 0
  }
}

interface Mark {
  /** How many lines there are up to and with `line`. */
  readonly offset: number
  readonly line: ListLine
}

/** Places kept of one list. More: the oldest goes. */
const marksKept = 64

/**
 * Pages of a list by offset. Where a page ends is kept until something of the list changes, so that the next one goes on from there by
 * key. A jump walks the index from the nearest place before it, which reads no document.
 */
export class Marks {
  #marks: Mark[] = []

  page(source: KeyedSource, offset: number, limit: number): ListLine[] {
    let nearest: Mark | undefined
    for (const mark of this.#marks) if (mark.offset <= offset && (nearest === undefined || mark.offset > nearest.offset)) nearest = mark
    const lines = source.after(nearest?.line ?? null, offset - (nearest?.offset ?? 0), limit)
    const line = lines.at(-1)
    if (line !== undefined) this.#marks = [...this.#marks.slice(1 - marksKept), { offset: offset + lines.length, line }]
    return lines
  }
}
