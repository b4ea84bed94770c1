import { describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../contract/errors.ts'
import { domainOf, domainsAsKept } from './domains.ts'

describe("[PAR-1] a partner's domain", () => {
  it.each([
    ['fabrikam.com', 'fabrikam.com'],
    ['  Fabrikam.COM ', 'fabrikam.com'],
    ['fabrikam.com.', 'fabrikam.com'],
    ['Bücher.example', 'xn--bcher-kva.example'],
    ['例え.テスト', 'xn--r8jz45g.xn--zckzah'],
    ['a.b-c.d1.co', 'a.b-c.d1.co'],
    [`${'a'.repeat(63)}.com`, `${'a'.repeat(63)}.com`],
  ])('%j is kept as %j', (typed, kept) => {
    expect(domainOf(typed)).toBe(kept)
  })

  it.each([
    '',
    ' ',
    '.',
    'fabrikam',
    'fabrikam..com',
    '.fabrikam.com',
    'fabrikam.com..',
    '-a.com',
    'a-.com',
    'a_b.com',
    'a b.com',
    'a\u0000.com',
    'https://fabrikam.com',
    'fabrikam.com/x',
    'fabrikam.com:443',
    'ops@fabrikam.com',
    '*.fabrikam.com',
    'a%2eb.com',
    'a.com?x',
    'a.com#x',
    '192.0.2.1',
    '0x7f.1',
    '1.2',
    '3232235777',
    '[2001:db8::1]',
    '2001:db8::1',
    `${'a'.repeat(64)}.com`,
    `${'a.'.repeat(127)}com`,
  ])('%j is none', (typed) => {
    expect(() => domainOf(typed)).toThrow(expect.objectContaining({ code: 'partner.domainInvalid' }))
    expect(() => domainOf(typed)).toThrow(RoomkeeperError)
  })

  it('of a directory is compared as it is kept; what is none counts for nothing', () => {
    expect(domainsAsKept(['Fabrikam.com', 'bücher.example', 'localhost'])).toEqual(['fabrikam.com', 'xn--bcher-kva.example'])
  })
})
