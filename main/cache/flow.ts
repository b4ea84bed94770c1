import { type Doc, EntryKind } from '../../contract/entities.ts'
import { hourMs } from '../../contract/pictures.ts'

/**
 * How much happened in each hour, and how long it took: kept with every entry that is written (`totals.ts`), so that the overview counts
 * nothing. How long is kept in steps of a twelfth, which is close enough for the middle of many.
 */

export interface EntryColumns {
  incident: string
  at: number
  kind: string
  /** Of an acknowledgement or an end: ms since the incident had opened, where that is known. */
  tookMs: number | null
}

export const entryColumnNames = ['incident', 'at', 'kind', 'tookMs'] as const satisfies readonly (keyof EntryColumns)[]

/** Kinds of entries that are counted by the hour. */
const counted: ReadonlySet<string> = new Set([EntryKind.enum.opened, EntryKind.enum.resolved, EntryKind.enum.acknowledged])
/** Of these it is asked how long they took. */
export const isTimed = ({ kind }: Pick<Doc<'entry'>, 'kind'>): boolean => kind === 'resolved' || kind === 'acknowledged'

export interface FlowColumns {
  kind: string
  /** Whole hours since 1970. */
  hour: number
  /** The step of how long it took (`stepOf`); -1: not known, or nothing that takes time. */
  took: number
}

export const flowColumnNames = ['kind', 'hour', 'took'] as const satisfies readonly (keyof FlowColumns)[]

const stepsPerDoubling = 6

/** Steps grow with what they hold: about 12 % of it, from a second on. */
export const stepOf = (ms: number): number => Math.floor(stepsPerDoubling * Math.log2(1 + Math.max(0, ms) / 1_000))

/** The middle of a step, in ms. */
export const msOfStep = (step: number): number => Math.round((2 ** ((step + 0.5) / stepsPerDoubling) - 1) * 1_000)

/** What an entry counts for; undefined: for nothing. */
export function flowOf(line: Pick<EntryColumns, 'kind' | 'at' | 'tookMs'> | undefined): FlowColumns | undefined {
  if (line === undefined || !counted.has(line.kind)) return undefined
  return { kind: line.kind, hour: Math.floor(line.at / hourMs), took: line.tookMs === null ? -1 : stepOf(line.tookMs) }
}

/** When the opening began that an entry is about, from the entries that are here. */
export const openingBefore = `select max(at) as at from entry_list where incident = ? and kind = 'opened' and at <= ?`
