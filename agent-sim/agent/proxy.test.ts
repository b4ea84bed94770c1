import { describe, expect, it } from 'vitest'
import { parseProxy, ProxyError } from './proxy.ts'
import { serviceAddress, ServiceAddressError } from './service-address.ts'

describe('parseProxy', () => {
  it.each([
    [undefined, { kind: 'none' }],
    ['', { kind: 'none' }],
    ['proxy.corp.example:8080', { kind: 'proxy', protocol: 'http', host: 'proxy.corp.example', port: 8080 }],
    ['[2001:db8::1]:3128', { kind: 'proxy', protocol: 'http', host: '2001:db8::1', port: 3128 }],
    ['http://proxy.corp.example:80', { kind: 'proxy', protocol: 'http', host: 'proxy.corp.example', port: 80 }],
    ['HTTP://proxy.corp.example:8080/', { kind: 'proxy', protocol: 'http', host: 'proxy.corp.example', port: 8080 }],
    ['https://[2001:db8::1]:8443', { kind: 'proxy', protocol: 'https', host: '2001:db8::1', port: 8443 }],
    ['https://proxy.corp.example:8443/?v=2', { kind: 'pac', url: 'https://proxy.corp.example:8443/?v=2' }],
    ['http://proxy.corp.example/proxy.pac', { kind: 'pac', url: 'http://proxy.corp.example/proxy.pac' }],
  ])('%j', (text, setting) => {
    expect(parseProxy(text)).toEqual(setting)
  })

  it('takes any address for a PAC file that is said to be one', () => {
    expect(parseProxy(undefined, 'http://wpad.corp.example:8080')).toEqual({ kind: 'pac', url: 'http://wpad.corp.example:8080/' })
    expect(() => parseProxy('proxy:1', 'http://wpad/proxy.pac')).toThrow('both given')
    expect(() => parseProxy(undefined, 'http://ada:secret@wpad/proxy.pac')).toThrow(ProxyError)
  })

  it('says nothing of a password in an address', () => {
    for (const text of ['http://ada:secret@proxy:1', 'ada:secret@proxy:1', 'http://ada:secret@proxy/a.pac'])
      expect(() => parseProxy(text)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('secret') }))
  })

  it.each([
    'proxy',
    'proxy:',
    'proxy:0',
    'proxy:70000',
    'a b:80',
    'user@host:80',
    'ftp://x/y.pac',
    '2001:db8::1:80',
    'http://proxy',
    'proxy:1/x.pac',
  ])('refuses %j', (text) => {
    expect(() => parseProxy(text)).toThrow(ProxyError)
  })
})

describe('serviceAddress', () => {
  it.each([
    ['https://rooms.example.com', 'wss://rooms.example.com/v1/agent'],
    ['https://rooms.example.com:8443/', 'wss://rooms.example.com:8443/v1/agent'],
    ['http://127.0.0.1:4721', 'ws://127.0.0.1:4721/v1/agent'],
    ['http://[::1]:4721/', 'ws://[::1]:4721/v1/agent'],
    ['http://localhost:1', 'ws://localhost:1/v1/agent'],
  ])('%s', (text, socket) => {
    expect(serviceAddress(text).socket.href).toBe(socket)
  })

  it.each([
    'http://rooms.example.com',
    'http://127.0.0.1.example.com',
    'rooms.example.com',
    'ftp://127.0.0.1',
    'https://key@rooms.example.com',
    'https://rooms.example.com/rooms/',
    'https://rooms.example.com/?a=b',
    '',
  ])('refuses %j', (text) => {
    expect(() => serviceAddress(text)).toThrow(ServiceAddressError)
  })
})
