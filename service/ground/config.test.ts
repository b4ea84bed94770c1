import { describe, expect, it } from 'vitest'
import { readServeArguments } from '../cli/serve.ts'
import { isEmbedded, isLoopback, readConfig } from './config.ts'

const issuer = { url: 'https://issuer.example', audience: 'a', clientId: 'c', scope: 's' }

describe('the configuration', () => {
  it('keeps to loopback unless there is TLS or a proxy that speaks it', () => {
    expect(() => readConfig({ host: '0.0.0.0' })).toThrow(/^host: 0\.0\.0\.0 is not a loopback address/)
    expect(readConfig({ host: '0.0.0.0', behindProxy: true, issuer }).host).toBe('0.0.0.0')
    expect(readConfig({ host: '10.0.0.5', tls: { cert: 'c.pem', key: 'k.pem' }, issuer }).tls?.cert).toMatch(/\/c\.pem$/)
  })

  it('keeps the embedded issuer on loopback', () => {
    expect(() => readConfig({ behindProxy: true })).toThrow(/^issuer: the embedded issuer stays on loopback/)
    expect(isEmbedded(readConfig({}))).toBe(true)
    expect(isEmbedded(readConfig({ issuer }))).toBe(false)
  })

  it('sends the secret of Microsoft Graph through TLS only, and only beside an issuer', () => {
    const graph = { clientId: 'c', secretFile: 'secret' }
    expect(readConfig({ issuer, graph }).graph).toMatchObject({
      url: 'https://graph.microsoft.com/v1.0',
      authority: 'https://login.microsoftonline.com',
    })
    expect(() => readConfig({ graph })).toThrow(/^graph: /)
    expect(() => readConfig({ issuer, graph: { ...graph, url: 'http://graph.example/v1.0' } })).toThrow('must be https')
    expect(readConfig({ issuer, graph: { ...graph, url: 'http://127.0.0.1:1/v1.0' } }).graph?.url).toBe('http://127.0.0.1:1/v1.0')
  })

  it('[ACC-1] believes an issuer through TLS only, or on this machine', () => {
    const good = [
      'https://login.microsoftonline.com/{tenantid}/v2.0',
      'https://issuer.example',
      'http://127.0.0.1:1/identity',
      'http://localhost:1',
    ]
    for (const url of good) {
      expect(readConfig({ issuer: { ...issuer, url } }).issuer?.url).toBe(url)
    }
    const plain = ['http://issuer.example', 'http://127.0.0.1.evil.example', 'http://127.0.0.999']
    const bad = [...plain, 'ftp://issuer.example', 'https://a:b@issuer.example', 'issuer.example', '{tenantid}']
    for (const url of bad) {
      expect(() => readConfig({ issuer: { ...issuer, url } }), url).toThrow('issuer.url: must be https')
    }
  })

  it('[ACC-3] knows the first administrator by a claim of the issuer, what consoles ask for, and where they are sent back to', () => {
    const of = (...more: string[]) =>
      readConfig(readServeArguments(['--issuer', 'https://issuer.example', '--client-id', 'c', ...more]).input).issuer
    const more = ['--administrator', 'groups=cn=admins,ou=groups', '--redirect-port', '4722', '--list-separator', ',']
    expect(of('--audience', 'a', ...more)).toMatchObject({
      audience: 'a',
      listSeparator: ',',
      administrator: { claim: 'groups', value: 'cn=admins,ou=groups' },
      redirectPort: 4_722,
    })
    expect(of('--resource', 'urn:roomkeeper')).toMatchObject({ audience: 'urn:roomkeeper', resource: 'urn:roomkeeper' })
    expect(of('--resource', 'urn:roomkeeper', '--audience', 'a')).toMatchObject({ audience: 'a', resource: 'urn:roomkeeper' })
    expect(() => of()).toThrow(/^issuer\.audience: /)
    expect(() => of('--resource', 'roomkeeper')).toThrow(/^issuer\.resource: /)
    expect(() => of('--audience', 'a', '--list-separator', '')).toThrow(/^issuer\.listSeparator: /)
    expect(() => of('--audience', 'a', '--redirect-port', '0')).toThrow(/^issuer\.redirectPort: /)
    for (const wrong of ['groups', '=admins', 'groups='])
      expect(() => of('--audience', 'a', '--administrator', wrong)).toThrow('--administrator takes CLAIM=VALUE')
    expect(() => readServeArguments(['--administrator', 'groups=admins'])).toThrow('--administrator goes with --issuer')
  })

  it.each([
    ['127.0.0.1', true],
    ['127.8.8.8', true],
    ['localhost', true],
    ['::1', true],
    ['127.0.0.1.evil.example', false],
    ['127.0.0.999', false],
    ['127.0.0.01', false],
    ['127.1', false],
    ['', false],
    ['localhost.evil.example', false],
    ['0.0.0.0', false],
  ])('knows whether %s is loopback', (host, expected) => {
    expect(isLoopback(host)).toBe(expected)
  })

  it('names a relay elsewhere through TLS only, or on this machine', () => {
    const { input } = readServeArguments(['--relay', 'https://relay.example:8443', '--relay-id', 'relay-lyon', '--session-idle-ms', '5000'])
    expect(readConfig(input)).toMatchObject({
      relay: { url: 'https://relay.example:8443', id: 'relay-lyon' },
      timing: { sessionIdleMs: 5_000 },
    })
    expect(readConfig({}).relay).toBeUndefined()
    expect(() => readConfig({ relay: { url: 'http://relay.example', id: 'x' } })).toThrow('must be https')
    expect(() => readConfig({ timing: { sessionMaximumMs: 25 * 3_600_000 } })).toThrow(/^timing\.sessionMaximumMs: /)
  })

  it('names a value that is wrong', () => {
    expect(() => readConfig({ port: 70_000 })).toThrow(/^port: /)
    expect(() => readConfig({ timing: { heartbeatMs: 0 } })).toThrow(/^timing\.heartbeatMs: /)
  })
})

describe('the command line of serve', () => {
  it('reads times and settings, the single option before the JSON', () => {
    const { input } = readServeArguments([
      '--settings',
      '{"openHoldMs":1,"heartbeatMs":20,"allowSoftwareKeys":true}',
      '--open-hold-ms',
      '5',
      '--port',
      '0',
    ])
    expect(readConfig(input)).toMatchObject({ port: 0, settings: { openHoldMs: 5, allowSoftwareKeys: true }, timing: { heartbeatMs: 20 } })
  })

  it.each([
    [['--port', 'many'], '--port takes a whole number'],
    [['--tls-cert', 'x'], '--tls-cert and --tls-key go together'],
    [['--graph-client-id', 'x'], '--graph-client-id and --graph-secret-file go together'],
    [['--relay', 'https://relay.example'], '--relay and --relay-id go together'],
    [['--settings', '{'], '--settings is not JSON'],
    [['--settings', '{"openHoldMs":"soon"}'], '--settings: '],
    [['--nonsense'], '--nonsense'],
    [['--log-level', 'loud'], '--log-level: trace'],
  ])('says what is wrong with %j', (args, message) => {
    expect(() => readServeArguments(args)).toThrow(message)
  })
})
