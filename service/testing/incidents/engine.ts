import { expect } from 'vitest'
import type { SignalId } from '../../../contract/signals.ts'
import type { Timed } from '../../incidents/engine.reference.ts'
import { step } from '../../incidents/engine.ts'
import type { EngineEvent } from '../../incidents/happenings.ts'
import { type EngineSettings, newRoomState, type RoomState } from '../../incidents/state.ts'

/** What tests of the engine live through. */

export const quick: EngineSettings = {
  openHoldMs: 10,
  resolveHoldMs: 20,
  warningAgesMs: 1_000,
  flapCount: 3,
  flapWindowMs: 500,
  validFrom: 0,
}

export type Seen = Parameters<typeof report>[0]
export const report = (
  values: Partial<Record<SignalId, 'healthy' | 'unhealthy' | 'unknown' | 'misconfigured' | 'notPresent' | 'notApplicable'>>,
  full = false,
): EngineEvent => ({
  type: 'report',
  observedAt: 0,
  full,
  signals: Object.fromEntries(Object.entries(values).map(([signal, value]) => [signal, { value }])),
})

/** Lives through the events; `extra` are times at which a timer runs although nobody asked. */
export function live(
  events: readonly Timed[],
  settings: EngineSettings,
  until: number,
  extra: readonly number[] = [],
  begin = newRoomState(0),
) {
  let state: RoomState = begin
  const effects: { entries: object[]; events: object[] } = { entries: [], events: [] }
  const all: Timed[] = [...events, ...extra.map((at): Timed => ({ at, event: { type: 'timer' } })), { at: until, event: { type: 'timer' } }]
  // A stable sort: at the same time the given events keep their order and come before the extra ones.
  all.sort((a, b) => a.at - b.at)
  for (const { at, event } of all) {
    const result = step(state, event, settings, at)
    if (result.state === state) expect(result.effects.entries.length + result.effects.events.length).toBe(0)
    state = result.state
    effects.entries.push(...result.effects.entries)
    effects.events.push(...result.effects.events)
  }
  return { state, effects }
}

export const enrolled = (...events: [number, EngineEvent][]): Timed[] => [
  { at: 0, event: { type: 'lifecycle', lifecycle: 'enrolled' } },
  ...events.map(([at, event]) => ({ at, event })),
]
export const bad: Seen = { 'peripherals.camera': 'unhealthy' }
export const good: Seen = { 'peripherals.camera': 'healthy' }
export const camera = (state: RoomState) => state.signals['peripherals.camera']?.incident
