import { describe, expect, it } from 'vitest'
import { addressOf } from './address.ts'

const from = (remoteAddress: string | undefined, forwarded?: string) => ({
  socket: { remoteAddress },
  headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
})

describe('[rule 13] the address that a budget is for', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002:ffff::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
  ])('of %s is %s', (address, expected) => {
    expect(addressOf(from(address), false)).toBe(expected)
    expect(addressOf(from('127.0.0.1', address), true)).toBe(expected)
  })

  it('is what the proxy says, not what the client made it say', () => {
    expect(addressOf(from('127.0.0.1', '198.51.100.1, 203.0.113.5 , 192.0.2.7'), true)).toBe('192.0.2.7')
    expect(addressOf(from('127.0.0.1', '198.51.100.1'), false)).toBe('127.0.0.1')
    expect(addressOf(from('127.0.0.1'), true)).toBeUndefined()
    expect(addressOf(from('127.0.0.1', ' '), true)).toBeUndefined()
  })

  it.each([
    ['192.0.2.7:4711', '192.0.2.7'],
    ['[2001:db8:1:2::9]:4711', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::9]', '2001:db8:1:2::/64'],
  ])('has no port: %s', (said, expected) => {
    expect(addressOf(from('127.0.0.1', said), true)).toBe(expected)
  })

  it('of anything else is taken as it is', () => {
    expect(addressOf(from('127.0.0.1', 'unknown'), true)).toBe('unknown')
    expect(addressOf(from(undefined), false)).toBe('')
  })
})
