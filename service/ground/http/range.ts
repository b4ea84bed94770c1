import { RoomkeeperError } from '../../../contract/errors.ts'

/** Ranges of time (UTC ms) that logs are read and exported by. */
interface Range {
  readonly from: number
  readonly to: number
}

/** @throws RoomkeeperError audit.rangeInvalid */
export function checkRange({ from, to }: Range): void {
  if (to < from) throw new RoomkeeperError('audit.rangeInvalid', { field: 'to' })
}

/** The name of a file with what happened in the range. */
export const fileOf = (name: string, { from, to }: Range): string => `attachment; filename="${name}-${dayOf(from)}-${dayOf(to)}.csv"`

/** A day as part of a file's name; times beyond the calendar are cut to its end. */
const dayOf = (ms: number): string => new Date(Math.min(ms, Date.UTC(9999, 11, 31))).toISOString().slice(0, 10)
