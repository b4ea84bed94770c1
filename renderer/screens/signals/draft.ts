import type { SignalId } from '../../../contract/signals.ts'
import { HoldMs, type HoldPreset, type SwitchChanges } from '../../../contract/signalSettings.ts'

/** What was typed on the page of signals and is not saved yet. */
export interface Draft {
  preset: HoldPreset | null
  /** Minutes as they were typed; empty: as the preset has it. Absent: nothing was typed. */
  holds: Partial<Record<SignalId, string>>
  switches: SwitchChanges
}

export const newDraft = (): Draft => ({ preset: null, holds: {}, switches: {} })

export const minute = 60_000

/** What was typed, in ms; null where that is the preset's; undefined where it is none that can be. */
export function typedHold(typed: string | undefined): number | null | undefined {
  const text = typed?.trim() ?? ''
  if (text === '') return null
  return HoldMs.safeParse(Math.round(Number(text.replace(',', '.')) * minute)).data
}
