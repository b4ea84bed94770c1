import { describe, expect, it } from 'vitest'
import { DeviceFacts, type Observation } from '../../contract/agent.ts'
import { kindOf } from '../../contract/entities.ts'
import { evidenceOf, isReportable, reportedSignals, SignalId, signalsOf } from '../../contract/signals.ts'
import type { Change } from './device.ts'
import { hostileTexts } from './hostile.ts'
import { parseChanges, SimulatedDevice } from './simulated.ts'

const place = { country: 'France', city: 'Lyon', building: 'Lyon – Confluence', floor: '2', timeZone: 'Europe/Paris' }
const make = (options: Partial<ConstructorParameters<typeof SimulatedDevice>[0]> = {}) =>
  new SimulatedDevice({ roomName: 'Lyon 2.14 Saône', place, seed: 1, boot: 'boot', ...options })

describe('SimulatedDevice', () => {
  it('begins healthy, with every signal at a value that it may have', async () => {
    const { signals, facts } = await make().read()
    expect(Object.keys(signals).sort()).toEqual([...signalsOf('windows')].sort())
    for (const [id, { value }] of Object.entries(signals) as [SignalId, Observation][]) {
      expect(isReportable(id, value)).toBe(true)
      expect(evidenceOf(value)).toBe('good')
    }
    expect(DeviceFacts.parse(facts)).toEqual(facts)
  })

  it('has the signals of its kind, and no others are ever wrong with it', async () => {
    for (const kind of ['windows', 'videoBar', 'panel'] as const) {
      const device = make({ kind })
      for (const id of SignalId.options) await device.setSignal(id, 'unhealthy', 'broken')
      const { signals, facts } = await device.read()
      expect(Object.keys(signals).sort()).toEqual([...signalsOf(kind)].sort())
      expect(kindOf({ kind: facts.kind, profile: device.profile })).toBe(kind)
    }
    const kinds = await Promise.all(Array.from({ length: 100 }, async (_, seed) => (await make({ seed }).read()).facts.kind ?? 'windows'))
    expect(new Set(kinds)).toEqual(new Set(['windows', 'videoBar', 'panel']))
    expect(kinds.filter((kind) => kind === 'windows').length).toBeGreaterThan(60)
  })

  it('is the same device for the same seed and name, and another for another', async () => {
    const facts = (await make().read()).facts
    expect((await make({ boot: 'another boot' }).read()).facts).toEqual(facts)
    expect((await make({ seed: 2 }).read()).facts.serial).not.toBe(facts.serial)
    expect(make({ seed: 2 }).installation).not.toBe(make().installation)
  })

  it('offers its console and the displays that it has to remote sessions', async () => {
    const rooms = await Promise.all(Array.from({ length: 60 }, (_, seed) => make({ seed }).read()))
    for (const { signals, facts } of rooms) {
      const [first, second] = [signals['display.frontOfRoom1'], signals['display.frontOfRoom2']?.value === 'healthy']
      expect(facts.remote).toEqual({
        displays: ['console', ...(first ? ['frontOfRoom1'] : []), ...(second ? ['frontOfRoom2'] : [])],
        terminal: true,
        restart: true,
      })
    }
    expect(new Set(rooms.map(({ facts }) => facts.remote?.displays.length))).toEqual(new Set([1, 2, 3]))
  })

  it('tells those who watch, and waits for them', async () => {
    const device = make()
    const told: Change[] = []
    let journaled = false
    const undo = device.watch(async (change) => {
      told.push(change)
      await Promise.resolve()
      journaled = true
    })
    await device.setSignal('peripherals.camera', 'unhealthy', 'gone')
    expect(journaled).toBe(true)
    undo()
    await device.setSignal('peripherals.camera', 'healthy')
    expect(told).toEqual([{ signals: { 'peripherals.camera': { value: 'unhealthy', detail: 'gone' } } }])
  })

  it('says again what it said before when a signal is healthy again', async () => {
    const device = make()
    const before = await device.read()
    await device.setSignal('audio.microphone', 'misconfigured')
    expect((await device.read()).signals['audio.microphone']).toEqual({ value: 'misconfigured' })
    await device.setSignal('audio.microphone', 'healthy')
    expect(await device.read()).toEqual(before)
    for (const id of reportedSignals) {
      await device.setSignal(id, 'unhealthy', 'broken')
      await device.mend(id)
    }
    expect(await device.read()).toEqual(before)
  })

  it('is after a restart as it was left', async () => {
    const device = make()
    await device.setSignal('audio.speaker', 'unhealthy', 'silent')
    await device.setFacts({ inCall: true })
    const again = make({ changes: parseChanges(JSON.stringify(device.changes)) })
    expect(await again.read()).toEqual(await device.read())
    expect(parseChanges('nonsense')).toEqual({ signals: {}, facts: {} })
  })

  it('as a hostile device puts something hostile into every text', async () => {
    const device = make({ hostile: true })
    const { signals, facts } = await device.read()
    const isHostile = (text: string | undefined) => hostileTexts.some((bad) => text?.includes(bad))
    expect(Object.values(signals).every(({ detail }) => isHostile(detail))).toBe(true)
    expect(Object.values(facts).every((fact) => typeof fact !== 'string' || isHostile(fact))).toBe(true)
    expect(isHostile(device.roomName)).toBe(true)
  })
})
