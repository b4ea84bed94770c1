import { describe, expect, it } from 'vitest'
import { limits } from './limits.ts'
import { DeadWays, isPrivate, proxyName, schemesIn, wantedBy, waysIn } from './proxies.ts'

const http = (host: string, port: number) => ({ protocol: 'http' as const, host, port })

describe('[ENR-2] the ways that a PAC file names', () => {
  it.each([
    ['PROXY a.example:3128; DIRECT', [http('a.example', 3128), 'direct']],
    ['proxy a:1;http b:2 ;  direct', [http('a', 1), http('b', 2), 'direct']],
    ['HTTPS a.example; PROXY [2001:db8::1]', [{ protocol: 'https', host: 'a.example', port: 443 }, http('2001:db8::1', 80)]],
    ['SOCKS a:1; SOCKS5 b:2; PROXY c:3', [http('c', 3)]],
    ['PROXY a:99999; PROXY user@b:1; DIRECT', ['direct']],
    ['', ['direct']],
    [' ; ', ['direct']],
    ['SOCKS a:1', []],
  ])('%j', (answer, ways) => {
    expect(waysIn(answer)).toEqual(ways)
  })

  it('are tried after the others while they are dead, and in their order again later', () => {
    let at = 0
    const dead = new DeadWays(() => at)
    const ways = waysIn('PROXY a:1; PROXY b:2; DIRECT')
    const order = (target = 'x:443') => dead.order(ways, target).map((way) => (way === 'direct' ? way : proxyName(way)))
    dead.died(http('a', 1), 'x:443')
    expect(order()).toEqual(['b:2', 'direct', 'a:1'])
    at = 1_000
    dead.died('direct', 'x:443')
    expect(order()).toEqual(['b:2', 'a:1', 'direct'])
    expect(order('y:443')).toEqual(['b:2', 'direct', 'a:1'])
    at = limits.proxyDeadMs
    expect(order()).toEqual(['a:1', 'b:2', 'direct'])
    dead.works('direct', 'x:443')
    dead.died(http('b', 2), 'x:443')
    expect(order()).toEqual(['a:1', 'direct', 'b:2'])
  })

  it('remembers no more dead ones than it may', () => {
    const dead = new DeadWays(() => 0)
    for (let port = 1; port <= limits.proxiesDead + 1; port += 1) dead.died(http('a', port), 'x:443')
    expect(dead.order([http('a', 2), http('a', 1)], 'x:443')).toEqual([http('a', 1), http('a', 2)])
  })
})

describe('[ENR-2] a proxy that asks who comes', () => {
  it.each([
    ['Basic realm="a, Digest b"', ['Basic']],
    ['Negotiate, NTLM, Basic realm="x", charset="UTF-8"', ['Negotiate', 'NTLM', 'Basic']],
    ['Digest qop="auth", nonce="n, x=1", algorithm=MD5', ['Digest']],
    ['NTLM TlRMTVNTUAAC', ['NTLM']],
    ['', []],
    ['\u001B[31m', []],
  ])('%j', (challenge, schemes) => {
    expect(schemesIn(challenge)).toEqual(schemes)
  })

  it('is answered with what helps', () => {
    expect(wantedBy('Basic realm="x"', false)).toMatchObject({
      words: 'asks who comes (407, by Basic)',
      remedy: expect.stringContaining('--proxy-credentials'),
    })
    expect(wantedBy('Basic realm="x"', true).words).toContain('does not take')
    expect(wantedBy('Negotiate', false).remedy).toContain('Only Basic')
    expect(wantedBy(undefined, false).words).toContain('does not say how')
  })
})

it.each([
  [0o100600, 7, true],
  [0o100640, 7, false],
  [0o100400, 0, true],
  [0o100640, 0, true],
  [0o100644, 0, false],
  [0o100644, 7, false],
  [0o100660, 7, false],
  [0o100600, 8, false],
])('a file with a secret, of mode %o and of user %i, is private: %s', (mode, uid, is) => {
  expect(isPrivate({ mode, uid }, 7)).toBe(is)
  expect(isPrivate({ mode, uid }, undefined)).toBe(true)
  expect(isPrivate({ mode, uid }, 0)).toBe(uid === 0 && (mode & 0o027) === 0)
})
