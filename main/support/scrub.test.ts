import { describe, expect, it } from 'vitest'
import { scrubLine } from './scrub.ts'

const line = (fields: object): string => JSON.stringify({ level: 30, time: 1, msg: 'something', ...fields })

describe('a log line for a stranger', () => {
  it.each([
    ['a token', 'sent Bearer abc.def', 'abc'],
    ['a JWT', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl failed', 'eyJ'],
    ['an address', 'no mailbox amelie.laurent@contoso.example', 'contoso'],
    ['a query secret', 'GET /cb?code=s3cr3t&state=1', 's3cr3t'],
    ['a folder', 'ENOENT: /home/amelie/notes/x.db', 'amelie'],
    ['a Windows folder', 'ENOENT: C:\\Users\\amelie\\x.db', 'amelie'],
    ['a name', 'room of Amélie Laurent', 'Amélie'],
    ['a key', `key ${'Ab3_'.repeat(12)}`, 'Ab3_'],
  ])('has no %s', (_what, text, secret) => {
    for (const fields of [{ msg: text }, { error: text }, { detail: text }]) {
      expect(scrubLine(line(fields), ['Amélie Laurent', ''])).not.toContain(secret)
    }
  })

  it('keeps codes, figures and states, and drops fields that nobody thought of', () => {
    expect(JSON.parse(scrubLine(line({ code: 'auth.expired', ms: 12, retry: true, comment: 'typed', nested: { a: 1 } })))).toEqual({
      level: 30,
      time: 1,
      msg: 'something',
      code: 'auth.expired',
      ms: 12,
      retry: true,
    })
  })

  it.each(['', 'not JSON', '[]', '{"msg":7}'])('that is %j is nothing', (text) => {
    expect(scrubLine(text)).toBe('{}')
  })
})
