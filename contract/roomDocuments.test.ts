import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DeviceDocument, type Room, RoomDocument, type SignalState } from './entities.ts'
import { DeviceId, RoomId } from './ids.ts'
import { compactSignals, expandSignals, joinRoom, splitRoom } from './roomDocuments.ts'
import { signalCodes, SignalId, SignalValue } from './signals.ts'
import { cases } from './testing/chance.ts'

const time = fc.oneof(fc.constantFrom(1, 2, 3), fc.integer({ min: 0, max: 8_640_000_000_000_000 }))
const state: fc.Arbitrary<SignalState> = fc.record(
  { value: fc.constantFrom(...SignalValue.options), since: time, observedAt: time, detail: fc.string({ maxLength: 20 }) },
  { requiredKeys: ['value', 'since', 'observedAt'] },
)
const signals: fc.Arbitrary<Room['signals']> = fc.dictionary(fc.constantFrom(...SignalId.options), state, {
  maxKeys: SignalId.options.length,
})

const room = (of: Room['signals']): Room => ({
  id: RoomId.parse('0190a000-0000-7000-8000-000000000001'),
  name: 'Boardroom',
  place: { country: 'France', city: 'Paris', building: 'Tour Alto', floor: '12', timeZone: 'Europe/Paris' },
  lifecycle: 'enrolled',
  health: 'healthy',
  healthSince: 1,
  connected: true,
  lastContactAt: 2,
  onboardedAt: 1,
  inCall: false,
  signals: of,
  incidents: { important: 0, warning: 0, investigating: 0 },
  device: {
    id: DeviceId.parse('0190a000-0000-7000-8000-000000000002'),
    profile: 'windows-mtr',
    keyProtection: 'tpm',
    platform: 'Windows',
    os: 'Windows 11',
    manufacturer: 'Logitech',
    model: 'Tap',
    serial: 'S-1',
    agentVersion: '1',
    appVersion: '5',
    address: '10.0.0.1',
  },
})

describe('[ROM-1] the two documents of a room', () => {
  it('are the room again when they are joined, whatever was said of its parts before', () => {
    fc.assert(
      fc.property(signals, signals, (now, then) => {
        const before = splitRoom(room(then)).device
        const both = splitRoom(room(now), before)
        expect([RoomDocument.parse(both.room), DeviceDocument.parse(both.device)]).toEqual([both.room, both.device])
        expect(joinRoom(both.room, both.device)).toEqual(room(now))
      }),
      { numRuns: cases(500) },
    )
  })

  it('keep what a good signal says of its part while it is bad, so that only one of them changes', () => {
    const camera = (value: SignalValue, detail: string): Room['signals'] => ({
      'peripherals.camera': { value, since: 5, observedAt: 6, detail },
    })
    const before = splitRoom(room(camera('healthy', 'Rally Bar'))).device
    const after = splitRoom(room(camera('unhealthy', 'Rally Bar not found')), before)
    expect(after.device).toEqual(before)
    expect(after.room.signals['peripherals.camera']?.detail).toBe('Rally Bar not found')
    expect(splitRoom(room(camera('healthy', 'Rally Bar')), after.device).device).toEqual(before)
  })

  it('show what there is while the one of the device has not come', () => {
    const { device: _, ...rest } = room({ 'peripherals.camera': { value: 'healthy', since: 5, observedAt: 6 } })
    expect(joinRoom(splitRoom(room(rest.signals)).room, undefined)).toEqual(rest)
  })

  it('pass over a signal of a number that is none here', () => {
    const newer = { ...signalCodes, 'display.projector': 999 }
    const { good } = compactSignals({ 'display.projector': { value: 'healthy', since: 1, observedAt: 1 } }, newer)
    expect(good.healthy).toEqual({ 999: 1 })
    expect(expandSignals({ signals: {}, good }, {}, signalCodes)).toEqual({})
  })

  it('name each signal by a number of its own', () => {
    expect(new Set(Object.values(signalCodes)).size).toBe(SignalId.options.length)
  })
})
