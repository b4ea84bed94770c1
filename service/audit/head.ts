import { retentionMs } from '../ground/audit/pruned.ts'
import type { AuditChainTable } from '../ground/store/tables.ts'

/**
 * The head of an audit log as it is noted elsewhere: the number, time (UTC ms) and hash of the newest record, and how many
 * records there were, with the time of the first. As text: NUMBER:COUNT:FROM:AT:HASH.
 */
export interface NotedHead {
  readonly number: number
  readonly count: number
  readonly from: number
  readonly at: number
  readonly hash: string
}

export const headText = ({ number, count, from, at, hash }: NotedHead): string => [number, count, from, at, hash].join(':')

/** Undefined where it is not the text of one. */
export function readHead(text: string): NotedHead | undefined {
  const match = /^(\d{1,15}):(\d{1,15}):(\d{1,15}):(\d{1,15}):([\w-]{43})$/.exec(text.trim())
  if (!match) return undefined
  const [number = 0, count = 0, from = 0, at = 0] = match.slice(1, 5).map(Number)
  return count >= 1 && count <= number ? { number, count, from, at, hash: match[5] ?? '' } : undefined
}

/**
 * What became of a noted head:
 * - `found`: its record is there, and nothing before it is missing that could be noticed
 * - `pruned`: its record is older than records are kept, and was deleted for its age
 * - `cut`: records were deleted at the start that had to be kept
 * - `missing`: the log ends before it, or another record stands in its place
 */
export type HeadState = 'found' | 'pruned' | 'cut' | 'missing'

/** `hashes`: those of the records in the log by number, of what was asked for; `now` (UTC ms). */
export function stateOfHead(
  noted: NotedHead,
  { prunedNumber, prunedHash, headNumber }: Pick<AuditChainTable, 'prunedNumber' | 'prunedHash' | 'headNumber'>,
  hashThere: string | undefined,
  now: number,
): HeadState {
  if (noted.number > headNumber) return 'missing'
  const before = noted.number - noted.count
  // Nothing of what there was may be deleted before its first record is old enough.
  const nothingWasOld = noted.from >= now - retentionMs
  if (prunedNumber > before && nothingWasOld) return 'cut'
  if (noted.number > prunedNumber) return hashThere === noted.hash ? 'found' : 'missing'
  if (noted.at >= now - retentionMs) return 'cut'
  return noted.number === prunedNumber && prunedHash !== noted.hash ? 'missing' : 'pruned'
}
