import { describe, expect, it } from 'vitest'
import type { SignalId } from '../../contract/signals.ts'
import { bad, camera, enrolled, good, live, quick, report } from '../testing/incidents/engine.ts'
import { step } from './engine.ts'
import type { EngineEvent } from './happenings.ts'
import { countsOf, type EngineSettings, type RoomState } from './state.ts'

describe('[ROM-4] a signal that is switched off', () => {
  const off = { ...quick, off: new Set<SignalId>(['peripherals.camera']) }
  const changed = (state: RoomState, settings: EngineSettings, at: number) => step(state, { type: 'settings' }, settings, at)

  it('closes what is open of it, and opens none; switched on again, what is bad begins a new episode', () => {
    const open = live(enrolled([5, report(bad)]), quick, 20).state
    const closed = changed(open, off, 30)
    expect(closed.effects.entries).toMatchObject([{ signal: 'peripherals.camera', kind: 'closed', at: 30 }])
    expect(closed.state.health).toBe('unknown')
    const quiet = live(
      [
        { at: 40, event: report({ ...good, 'audio.speaker': 'healthy' }) },
        { at: 50, event: report(bad) },
      ],
      off,
      500,
      [],
      closed.state,
    )
    expect(quiet.effects.entries).toEqual([])
    expect(quiet.state).toMatchObject({ health: 'healthy', signals: { 'peripherals.camera': { value: 'unhealthy' } } })
    const on = changed(quiet.state, quick, 600)
    expect(on.effects.entries).toMatchObject([{ kind: 'investigating', at: 600 }])
    expect(camera(step(on.state, { type: 'timer' }, quick, 610).state)).toMatchObject({ phase: 'open', openings: 2, openedAt: 610 })
  })

  it('is none of what makes a room’s signals incomplete, and neither is one that such a device does not have', () => {
    const unknown: EngineEvent = report({ 'peripherals.camera': 'unknown' })
    const incomplete = (settings: EngineSettings) =>
      live(enrolled([5, unknown]), settings, 6).state.signals['connectivity.incompleteSignals']
    const panel = { ...quick, foreign: new Set<SignalId>(['peripherals.camera']) }
    expect([quick, off, panel].map((settings) => incomplete(settings)?.value)).toEqual(['unhealthy', undefined, undefined])
  })
})

describe('[INC-3] a signal with a time of its own', () => {
  it('opens after that time, others after the common one', () => {
    const own = { ...quick, holds: { 'peripherals.camera': 100 } }
    const both = live(enrolled([0, report({ ...bad, 'audio.speaker': 'unhealthy' })]), own, 99).state
    expect(countsOf(both)).toMatchObject({ important: 1, investigating: 1 })
    expect(camera(live(enrolled([0, report(bad)]), own, 100).state)?.phase).toBe('open')
  })
})

describe('[INC-1] severities', () => {
  it('critical and important make a room unhealthy, a recommendation never does, however long it stays', () => {
    const { state } = live(enrolled([0, report({ 'connectivity.wifiOnly': 'unhealthy' })]), quick, 100_000)
    expect(countsOf(state)).toEqual({ important: 0, warning: 0, recommended: 1, investigating: 0 })
    expect(state.health).toBe('healthy')
    const grave = live(enrolled([0, report({ 'connectivity.signInTeams': 'unhealthy' })]), quick, 100).state
    expect([countsOf(grave).critical, grave.health]).toEqual([1, 'unhealthy'])
  })
})
