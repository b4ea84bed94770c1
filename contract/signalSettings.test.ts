import { describe, expect, it } from 'vitest'
import { DeviceKind, isGrave, reportedSignals, SignalId, signalCodes, signals, signalsOf } from './signals.ts'
import { changedHolds, changedSwitches, holdMsOf, isSwitchedOn, switchedBetween } from './signalSettings.ts'

const minute = 60_000
const same = { openHoldMs: 7 }

describe('[INC-1] signals', () => {
  it('are 43 and one of our own, each with a number of its own', () => {
    expect(SignalId.options).toHaveLength(45)
    expect(new Set(Object.values(signalCodes)).size).toBe(45)
    expect(SignalId.options.filter((id) => signals[id].derived)).toEqual([
      'connectivity.agent',
      'connectivity.identity',
      'software.timeDrift',
      'connectivity.incompleteSignals',
      'customerReported.issue',
    ])
  })

  it('of a kind of device are those that it has', () => {
    expect(signalsOf('panel')).toEqual(['versioning.app', 'versioning.os'])
    expect(signalsOf('windows')).not.toContain('peripherals.pairing')
    expect(signalsOf('videoBar')).toContain('peripherals.pairing')
    for (const id of reportedSignals) expect(signals[id].devices.length).toBeGreaterThan(0)
  })
})

describe('[INC-3] how long a signal must be bad', () => {
  it('is one time for all, or by severity, or as the portal watches it', () => {
    for (const id of SignalId.options) {
      const { severity, watchMinutes, immediate } = signals[id]
      if (immediate) expect(holdMsOf(id, { ...same, holds: { [id]: 5 } })).toBe(0)
      else if (id !== 'connectivity.incompleteSignals') {
        expect(holdMsOf(id, same)).toBe(7)
        expect(holdMsOf(id, { ...same, holdPreset: 'fast' })).toBe(isGrave(severity) ? minute : 5 * minute)
        expect(holdMsOf(id, { ...same, holdPreset: 'proManagement' })).toBe(watchMinutes * minute)
      }
    }
    expect(holdMsOf('connectivity.signInTeams', { ...same, holdPreset: 'proManagement' })).toBe(30 * minute)
    expect(holdMsOf('connectivity.incompleteSignals', same)).toBe(150 * minute)
  })

  it('is a signal’s own where it has one, until that is taken back', () => {
    const holds = changedHolds({ 'audio.speaker': 1 }, { 'peripherals.camera': 0 })
    expect(holds).toEqual({ 'audio.speaker': 1, 'peripherals.camera': 0 })
    expect(holdMsOf('peripherals.camera', { ...same, holdPreset: 'fast', holds })).toBe(0)
    expect(changedHolds(holds, { 'audio.speaker': null })).toEqual({ 'peripherals.camera': 0 })
    expect(changedHolds(holds, { 'audio.speaker': null, 'peripherals.camera': null })).toBeUndefined()
  })
})

describe('[ROM-4] signals that are switched', () => {
  it('are so for a kind of device, and back at their default nothing is kept of them', () => {
    const off = changedSwitches(undefined, { 'peripherals.camera': { videoBar: false, windows: true } })
    expect(off).toEqual({ 'peripherals.camera': { videoBar: false } })
    expect(DeviceKind.options.map((kind) => isSwitchedOn('peripherals.camera', kind, { switches: off }))).toEqual([
      true,
      false,
      true,
      true,
      true,
    ])
    expect(switchedBetween({}, { switches: off })).toEqual(['peripherals.camera'])
    expect(changedSwitches(off, { 'peripherals.camera': { videoBar: null } })).toBeUndefined()
    expect(changedSwitches(off, { 'connectivity.signInSfb': { windows: true } })).toEqual({
      ...off,
      'connectivity.signInSfb': { windows: true },
    })
  })
})
