import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AgentToService } from '../../contract/agent.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { cases } from '../../contract/testing/chance.ts'
import { readMessage, readReport } from './messages.ts'

const read = (value: unknown) => {
  try {
    return readMessage(Buffer.from(JSON.stringify(value) ?? ''), false)
  } catch (error) {
    if (error instanceof RoomkeeperError) return error.code
    throw error
  }
}

const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom<unknown>('1', null, undefined, 2 ** 60, -1, 0, 1))
const almostReport = fc.record({
  type: fc.constantFrom('report', 'report', 'report', 'beat', 'Report', 1),
  reports: fc.oneof(
    fc.array(fc.record({ number, signals: fc.anything() }), { maxLength: 4 }),
    fc.anything(),
    fc.array(fc.anything(), { maxLength: 3 }),
  ),
})

describe('messages of agents', () => {
  it('are read as the schema reads them', () => {
    fc.assert(
      fc.property(fc.oneof(almostReport, fc.anything()), (value) => {
        const json: unknown = JSON.parse(JSON.stringify(value) ?? 'null')
        const schema = AgentToService.safeParse(json)
        const own = read(value ?? null)
        if (schema.success) expect(own).toEqual(schema.data)
        else expect(own).toBe('message.malformed')
      }),
      { numRuns: cases(2_000) },
    )
  })

  it('whatever a report holds, it is a report or it is kept aside', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('observedAt', 'full', 'signals', 'facts', '__proto__'), fc.anything()), (rest) => {
        const found = readReport({ ...rest, number: 1 })
        expect('report' in found || found.code === 'report.invalid').toBe(true)
      }),
    )
  })

  it('values that a signal cannot have are no reports', () => {
    const report = (signals: object) => readReport({ number: 1, observedAt: 1, signals })
    expect(report({ 'peripherals.camera': { value: 'unhealthy' } })).toHaveProperty('report')
    expect(report({ 'peripherals.camera': { value: 'notApplicable' } })).toHaveProperty('report')
    expect(report({ 'peripherals.camera': { value: 'misconfigured' } })).toEqual({ code: 'report.invalid' })
    expect(report({ 'connectivity.agent': { value: 'healthy' } })).toEqual({ code: 'report.invalid' })
  })
})
