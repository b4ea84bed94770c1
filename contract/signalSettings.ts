import { z } from 'zod'
import { limits } from './limits.ts'
import { DeviceKind, isGrave, SignalId, signals } from './signals.ts'

/**
 * What a tenant says of signals: for how long each must be bad before its incident needs action (INC-3), and which are watched at all, by
 * kind of device (ROM-4). Pure: the engine goes by it, and screens show and try it.
 */

/** How long a signal must be bad before its incident needs action (ms). */
export const HoldMs = z.int().min(0).max(limits.signalHoldMs)
/** One time for all signals (`openHoldMs`); by severity; or as the portal watches each signal (`watchMinutes`). */
export const HoldPreset = z.enum(['same', 'fast', 'proManagement'])
export type HoldPreset = z.infer<typeof HoldPreset>

export const Holds = z.partialRecord(SignalId, HoldMs)
export type Holds = z.infer<typeof Holds>
export const Switches = z.partialRecord(SignalId, z.partialRecord(DeviceKind, z.boolean()))
export type Switches = z.infer<typeof Switches>

/** Of what is to be other, null is: as by default. */
export const HoldChanges = z.partialRecord(SignalId, HoldMs.nullable())
export type HoldChanges = z.infer<typeof HoldChanges>
export const SwitchChanges = z.partialRecord(SignalId, z.partialRecord(DeviceKind, z.boolean().nullable()))
export type SwitchChanges = z.infer<typeof SwitchChanges>

export interface SignalSettings {
  readonly openHoldMs: number
  readonly holdPreset?: HoldPreset | undefined
  readonly holds?: Holds | undefined
  readonly switches?: Switches | undefined
}

const minute = 60_000
/** Of the preset "fast", by whether the severity makes a room unhealthy. */
const fastMs = { grave: minute, other: 5 * minute }

/** A signal's time by the preset alone (ms). Whoever has waited already waits no more. */
export function presetHoldMs(signal: SignalId, { holdPreset = 'same', openHoldMs }: SignalSettings): number {
  const { immediate, severity, watchMinutes } = signals[signal]
  if (immediate) return 0
  // A device that restarts does not know everything at once: that alone is no fault, whatever the preset.
  if (signal === 'connectivity.incompleteSignals') return watchMinutes * minute
  switch (holdPreset) {
    case 'same':
      return openHoldMs
    case 'fast':
      return isGrave(severity) ? fastMs.grave : fastMs.other
    case 'proManagement':
      return watchMinutes * minute
  }
}

/** How long this signal must be bad before its incident needs action (ms). */
export const holdMsOf = (signal: SignalId, settings: SignalSettings): number =>
  signals[signal].immediate ? 0 : (settings.holds?.[signal] ?? presetHoldMs(signal, settings))

/** Whether incidents of this signal come at all from a device of this kind. */
export const isSwitchedOn = (signal: SignalId, kind: DeviceKind, { switches }: Pick<SignalSettings, 'switches'>): boolean =>
  switches?.[signal]?.[kind] ?? signals[signal].enabledByDefault

/** Whether a tenant may switch it. That a device has fallen silent, or is there twice, is no signal of its own. */
export const isSwitchable = (signal: SignalId): boolean => !signals[signal].immediate

/** The own times after these changes; undefined: none. */
export function changedHolds(before: Holds = {}, changes: HoldChanges): Holds | undefined {
  const after: Holds = {}
  for (const id of SignalId.options) {
    const said = changes[id]
    const value = said === undefined ? before[id] : said
    if (value !== undefined && value !== null) after[id] = value
  }
  return Object.keys(after).length > 0 ? after : undefined
}

/** The switches after these changes; what is as by default is not kept. Undefined: none. */
export function changedSwitches(before: Switches = {}, changes: SwitchChanges): Switches | undefined {
  const after: Switches = {}
  for (const id of SignalId.options) {
    const kinds: NonNullable<Switches[SignalId]> = {}
    for (const kind of DeviceKind.options) {
      const said = changes[id]?.[kind]
      const value = said === undefined ? before[id]?.[kind] : said
      if (value !== undefined && value !== null && value !== signals[id].enabledByDefault) kinds[kind] = value
    }
    if (Object.keys(kinds).length > 0) after[id] = kinds
  }
  return Object.keys(after).length > 0 ? after : undefined
}

/** The signals that one of them watches for some kind of device and the other does not. */
export function switchedBetween(before: Pick<SignalSettings, 'switches'>, after: Pick<SignalSettings, 'switches'>): SignalId[] {
  return SignalId.options.filter((id) =>
    DeviceKind.options.some((kind) => isSwitchedOn(id, kind, before) !== isSwitchedOn(id, kind, after)),
  )
}
