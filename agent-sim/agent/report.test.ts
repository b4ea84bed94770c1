import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Report } from '../../contract/agent.ts'
import { limits } from '../../contract/limits.ts'
import { reportedSignals } from '../../contract/signals.ts'
import type { Observations } from '../devices/device.ts'
import { hostileFacts, hostileObservations, hostileTexts } from '../devices/hostile.ts'
import { changedFacts, changedObservations, cutFacts, fitReport, foldReports, messageBudgetBytes } from './report.ts'

const facts = {
  platform: 'p',
  os: 'o',
  manufacturer: 'm',
  model: 'd',
  serial: 's',
  agentVersion: '1',
  appVersion: '2',
  address: 'a',
  inCall: true,
}
const remote = { displays: ['console' as const, 'frontOfRoom1' as const], terminal: true, restart: true }

describe('fitReport', () => {
  it('makes any texts fit the protocol and one message', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 500 }),
      fc.constantFrom(...hostileTexts),
      fc.constant('\u0000'.repeat(20_000)),
    )
    fc.assert(
      fc.property(fc.array(text, { minLength: 14, maxLength: 14 }), text, (details, fact) => {
        const signals: Observations = Object.fromEntries(
          reportedSignals.map((id, index) => [id, { value: 'healthy', detail: details[index] ?? '' }]),
        )
        const said = Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, typeof value === 'string' ? fact : value]))
        const fitted = fitReport({ observedAt: 1, full: true, signals, facts: said })
        expect(Buffer.byteLength(JSON.stringify(fitted))).toBeLessThanOrEqual(messageBudgetBytes)
        expect(Report.safeParse({ number: 1, ...fitted }).error).toBeUndefined()
      }),
      { numRuns: 12 },
    )
  })

  it('keeps what is offered to remote sessions, which is no text', () => {
    const offered = { ...facts, remote }
    expect(
      Report.parse({ number: 1, ...fitReport({ observedAt: 1, signals: {}, facts: cutFacts(hostileFacts(offered)) }) }).facts?.remote,
    ).toEqual(remote)
  })

  it('leaves a report that fits as it is', () => {
    const report = { observedAt: 5, signals: { 'audio.speaker': { value: 'healthy' as const, detail: 'fine' } }, facts }
    expect(fitReport(report)).toEqual(report)
  })

  it('lets hostile text through as far as the protocol takes it', () => {
    const signals = hostileObservations({ 'audio.speaker': { value: 'healthy', detail: 'x' }, 'audio.microphone': { value: 'healthy' } })
    const fitted = fitReport({ observedAt: 1, signals, facts: cutFacts(hostileFacts(facts)) })
    expect(JSON.stringify(fitted)).toContain('<script>')
    expect(Report.parse({ number: 1, ...fitted }).signals['audio.speaker']?.detail?.length).toBeLessThanOrEqual(limits.deviceTextChars)
  })
})

describe('foldReports', () => {
  it('says what the reports said one after the other', () => {
    const value = fc.constantFrom('healthy' as const, 'unhealthy' as const, 'unknown' as const)
    const report = fc.record({
      observedAt: fc.integer({ min: 1, max: 1_000_000 }),
      full: fc.option(fc.constant(true), { nil: undefined }),
      signals: fc.dictionary(fc.constantFrom(...reportedSignals), fc.record({ value }), { maxKeys: 5 }),
      facts: fc.option(fc.record({ inCall: fc.boolean() }), { nil: undefined }),
    })
    fc.assert(
      fc.property(fc.array(report, { minLength: 1, maxLength: 20 }), (reports) => {
        const state = new Map<string, string>()
        for (const { full, signals } of reports) {
          if (full) state.clear()
          for (const [id, observation] of Object.entries(signals)) state.set(id, observation.value)
        }
        const folded = Report.parse({ number: 1, ...JSON.parse(foldReports(reports.map((one) => JSON.stringify(one)))) })
        expect(new Map(Object.entries(folded.signals).map(([id, { value: last }]) => [id, last]))).toEqual(state)
        expect(folded.observedAt).toBe(reports.at(-1)?.observedAt)
        expect(folded.full ?? false).toBe(reports.some(({ full }) => full))
        expect(folded.facts?.inCall).toBe(reports.findLast((one) => one.facts)?.facts?.inCall)
      }),
    )
  })
})

describe('changedObservations', () => {
  it('names what differs in value or detail, and nothing else', () => {
    const known: Observations = { 'audio.speaker': { value: 'healthy' }, 'audio.microphone': { value: 'healthy', detail: 'a' } }
    expect(changedObservations(known, { 'audio.speaker': { value: 'healthy' } })).toBeUndefined()
    expect(
      changedObservations(known, { 'audio.microphone': { value: 'healthy', detail: 'b' }, 'audio.speaker': { value: 'healthy' } }),
    ).toEqual({
      'audio.microphone': { value: 'healthy', detail: 'b' },
    })
  })
})

describe('changedFacts', () => {
  it('names what differs, also inside what is offered to remote sessions', () => {
    expect(changedFacts({ ...facts, remote }, { ...facts, remote: { ...remote, displays: [...remote.displays] } })).toBeUndefined()
    expect(changedFacts({ ...facts, remote }, { ...facts, remote: { ...remote, terminal: false } })).toEqual({
      remote: { ...remote, terminal: false },
    })
    expect(changedFacts({ ...facts, remote }, { ...facts, inCall: false })).toEqual({ inCall: false })
    expect(changedFacts(facts, { ...facts, remote })).toEqual({ remote })
  })
})
