import { describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { checkHost, isLoopbackHost } from './hostName.ts'

describe('a Host header [architecture: Transport]', () => {
  it.each(['127.0.0.1', '127.0.0.1:4721', 'localhost:1', 'LocalHost:65535', '[::1]', '[::1]:4721', '127.255.0.9:80'])(
    '"%s" is one',
    (header) => {
      expect(isLoopbackHost(header)).toBe(true)
    },
  )

  it.each([
    ...[undefined, '', ' ', ':80', '@', '.', 'evil.example', 'evil.example:80', '0.0.0.0', '10.0.0.1', '[::]', '[::2]:80'],
    ...['127.0.0.1:80@evil', '127.0.0.1@evil.example', 'evil@127.0.0.1', '127.0.0.1:80:80'],
    ...['127.0.0.1/', '127.0.0.1?x', '127.0.0.1#x', '127.0.0.1\\evil'],
    ...['127.0.0.999', '127.0.0.256', '127.0.0', '127.1', '127.0.0.1.'],
    ...['0127.0.0.1', '127.0.0.01', '0x7f.0.0.1', '2130706433', '127.0.0.1.evil.example'],
    ...['127.0.0.1:', '127.0.0.1:0', '127.0.0.1:65536', '127.0.0.1:-1', '127.0.0.1:1e3', '127.0.0.1: 80'],
    ...['127.0.0.1,127.0.0.1', '127.0.0.1 evil', 'localhost.evil', 'localhost.'],
    ...['::1', '[::1', '::1]', '[::1]80', '[::1%eth0]', '[::ffff:10.0.0.1]', '127.0.0.1\u0000', '１２７.0.0.1'],
  ])('"%s" is none', (header) => {
    expect(isLoopbackHost(header)).toBe(false)
  })
})

describe('[CON-1] the host that a request names', () => {
  const says = (hosts: string[], loopbackOnly: boolean): string => {
    const rawHeaders = ['Accept', 'host', ...hosts.flatMap((host) => ['Host', host]), 'X-Host', 'evil.example']
    try {
      checkHost({ rawHeaders }, loopbackOnly)
      return 'taken'
    } catch (error) {
      return error instanceof RoomkeeperError ? error.code : String(error)
    }
  }

  it.each([
    [['localhost'], 'taken', 'taken'],
    [['rooms.example:8443'], 'taken', 'request.invalid'],
    [['localhost', 'localhost'], 'request.invalid', 'request.invalid'],
    [['localhost', 'evil.example'], 'request.invalid', 'request.invalid'],
    [[''], 'request.invalid', 'request.invalid'],
    [[], 'request.invalid', 'request.invalid'],
  ])('is one: %j', (host, anywhere, here) => {
    expect([says(host, false), says(host, true)]).toEqual([anywhere, here])
  })
})
