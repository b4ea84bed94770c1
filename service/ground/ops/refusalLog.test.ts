import { beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { limits } from '../../../contract/limits.ts'
import { systemAt, realSystem } from '../../../contract/testing/system.ts'
import { makeLogger } from './log.ts'
import { makeMetrics } from './metrics.ts'
import { RefusalLog } from './refusalLog.ts'

let now: number
let lines: Record<string, unknown>[]
let refusals: RefusalLog

beforeEach(() => {
  now = 1_800_000_000_000
  lines = []
  const log = makeLogger(
    'info',
    'service',
    realSystem.clock,
    (line) => void lines.push(z.record(z.string(), z.unknown()).parse(JSON.parse(line))),
  )
  refusals = new RefusalLog({ log, metrics: makeMetrics(), ...systemAt(() => now) })
})

describe('[ACC-1] why somebody was not let in', () => {
  it('is in the log: the code, where, the claim, and what caused it', () => {
    refusals.note(new RoomkeeperError('auth.invalid', { field: 'aud', detail: 'The token is for "x".' }), 'GET /v1/me')
    refusals.note(new RoomkeeperError('auth.missing'), 'GET /v1/me')
    refusals.note(new RoomkeeperError('device.unknown'), 'agent')
    const cause = new TypeError('fetch failed', { cause: Object.assign(new Error('connect failed'), { code: 'ECONNREFUSED' }) })
    refusals.note(new RoomkeeperError('issuer.unavailable', {}, cause), 'feed')
    expect(lines).toMatchObject([
      { code: 'auth.invalid', where: 'GET /v1/me', field: 'aud', detail: 'The token is for "x".' },
      { code: 'auth.missing', where: 'GET /v1/me' },
      { code: 'device.unknown', where: 'agent' },
      { code: 'issuer.unavailable', where: 'feed', why: 'fetch failed: connect failed (ECONNREFUSED)' },
    ])
  })

  it('is said once for those of a kind, then with how many there were', () => {
    const again = (): void => refusals.note(new RoomkeeperError('auth.invalid', { field: 'aud' }), 'feed')
    for (let n = 0; n < 500; n += 1) again()
    refusals.note(new RoomkeeperError('auth.invalid', { field: 'iss' }), 'feed')
    expect(lines).toHaveLength(2)
    now += limits.refusalLogMs
    again()
    expect(lines[2]).toMatchObject({ field: 'aud', more: 499 })
  })

  it('tells so many kinds apart and no more, and says nothing of other refusals', () => {
    for (let n = 0; n < limits.refusalLogKinds + 1; n += 1) refusals.note(new RoomkeeperError('auth.invalid', { field: `f${n}` }), 'feed')
    refusals.note(new RoomkeeperError('auth.invalid', { field: 'f1' }), 'feed')
    refusals.note(new RoomkeeperError('access.denied'), 'feed')
    expect(lines).toHaveLength(limits.refusalLogKinds + 1)
  })
})
