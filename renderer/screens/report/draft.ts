import type { NamedRoom } from '../../parts/pickers/scope.ts'

/** A report as it is being written. It stays when its dialog is closed. */
export interface ReportDraft {
  text: string
  high: boolean
  rooms: NamedRoom[]
}

export const newReport = (): ReportDraft => ({ text: '', high: false, rooms: [] })

/** So many open incidents are proposed to be commented instead. */
export const proposedAtMost = 5
