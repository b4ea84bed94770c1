import type { z } from 'zod'
import { Settings } from '../../contract/entities.ts'
import type { Millis } from '../../contract/ids.ts'
import { type DeviceKind, SignalId, signals } from '../../contract/signals.ts'
import { holdMsOf, isSwitchedOn } from '../../contract/signalSettings.ts'
import type { EngineSettings } from './state.ts'

/** What of a tenant's settings the engine goes by. */
export const TenantRules = Settings.pick({
  openHoldMs: true,
  resolveHoldMs: true,
  warningAgesMs: true,
  flapCount: true,
  flapWindowMs: true,
  holdPreset: true,
  holds: true,
  switches: true,
})
export type TenantRules = z.infer<typeof TenantRules>

/** A tenant's rules since `validFrom` (UTC ms), and what they are for each kind of device. */
export class Rules {
  readonly validFrom: Millis
  readonly #rules: TenantRules
  readonly #byKind = new Map<DeviceKind, EngineSettings>()

  constructor(rules: TenantRules, validFrom: Millis) {
    this.#rules = rules
    this.validFrom = validFrom
  }

  /** The settings for a room in which such a device stands: the very same object each time. */
  for(kind: DeviceKind): EngineSettings {
    const known = this.#byKind.get(kind)
    if (known) return known
    const { openHoldMs, resolveHoldMs, warningAgesMs, flapCount, flapWindowMs } = this.#rules
    const holds: Partial<Record<SignalId, number>> = {}
    for (const id of SignalId.options) if (holdMsOf(id, this.#rules) !== openHoldMs) holds[id] = holdMsOf(id, this.#rules)
    const off = new Set(SignalId.options.filter((id) => !isSwitchedOn(id, kind, this.#rules)))
    const foreign = new Set(SignalId.options.filter((id) => !signals[id].devices.includes(kind)))
    const made = { openHoldMs, resolveHoldMs, warningAgesMs, flapCount, flapWindowMs, holds, off, foreign, validFrom: this.validFrom }
    this.#byKind.set(kind, made)
    return made
  }
}
