import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { realSystem } from '../../../contract/testing/system.ts'
import { makeLogger } from './log.ts'

/** What one line of the log has. */
function logged(fields: object, text = 'said'): Record<string, unknown> {
  const lines: string[] = []
  makeLogger('debug', 'test', realSystem.clock, (line) => lines.push(line)).info(fields, text)
  expect(lines).toHaveLength(1)
  return JSON.parse(lines[0] ?? '')
}

describe('a line of the log', () => {
  it.each(['access.denied', 'rate.limited', 'ECONNREFUSED', 'ERR_BUFFER_TOO_LARGE', 'SQLITE_BUSY', 'HPE_HEADER_OVERFLOW', 1006])(
    'says why: %s',
    (code) => {
      expect(logged({ code })).toMatchObject({ code })
      expect(logged({ answer: { code } })).toMatchObject({ answer: { code } })
      expect(logged({ err: Object.assign(new Error('no'), { code }) })).toMatchObject({
        err: { code, message: 'no', type: 'Error', stack: expect.stringContaining('log.test.ts') },
      })
    },
  )

  it('says why of our own errors, and what was behind them', () => {
    const cause = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
    expect(logged({ err: new RoomkeeperError('service.unavailable', {}, cause) })).toMatchObject({
      err: { code: 'service.unavailable', stack: expect.stringContaining('connect') },
    })
  })

  it.each(['fJ3k-9aXq7vLw0Zt5yRb2cNd8eMg1hPs', 'WDJB-MJHT', 'q1w2e3r4t5y6', ''])('has no code that lets somebody in: "%s"', (code) => {
    expect(JSON.stringify(logged({ code, query: { code } }))).not.toContain(code === '' ? '"code":""' : code)
  })

  it.each([
    'token',
    'Authorization',
    'set-cookie',
    'refresh_token',
    'accessToken',
    'password',
    'key',
    'privateKey',
    'client_secret',
    'user_code',
    'ticket',
  ])('has no %s, however deep', (name) => {
    const line = JSON.stringify(
      logged({
        [name]: 's3cret-value',
        a: { b: [{ c: { [name]: { inside: 's3cret-value' } } }] },
        err: Object.assign(new Error('x'), { config: { headers: { [name]: 's3cret-value' } } }),
      }),
    )
    expect(line).not.toContain('s3cret-value')
    expect(line).toContain('[secret]')
  })

  it.each([
    'GET /callback?code=s3cret-value&state=1',
    'access_token=s3cret-value',
    'sent Bearer s3cret-value.abc',
    'https://x.example/?a=b&ticket=s3cret-value',
  ])('has none inside a text: %s', (text) => {
    expect(JSON.stringify(logged({ url: text, err: new Error(text) }))).not.toContain('s3cret-value')
  })

  it('is made of whatever there is to say', () => {
    const round: Record<string, unknown> = {
      at: new Date(0),
      bytes: Buffer.from('abc'),
      none: null,
      missing: undefined,
      list: [1, 'two'],
      socket: new EventEmitter(),
      bare: Object.assign(Object.create(null), { token: 's3cret-value' }),
    }
    round['self'] = round
    const line = logged(round)
    expect(line).toMatchObject({
      at: '1970-01-01T00:00:00.000Z',
      bytes: '[3 bytes]',
      none: null,
      list: [1, 'two'],
      socket: '[EventEmitter]',
      bare: { token: '[secret]' },
      part: 'test',
      msg: 'said',
    })
    expect(JSON.stringify(line)).toContain('[deeper]')
  })
})
