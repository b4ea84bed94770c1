import { CompactSign, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { endlessAnswer } from '../../contract/testing/endless.ts'
import { systemAt, realSystem } from '../../contract/testing/system.ts'
import { globalAdministratorRole } from '../directory/directory.ts'
import { keysOfIssuer, readToken, type TokenRules } from './tokens.ts'

const now = 1_800_000_000_000
const claims = { tid: 'directory', oid: 'object', name: 'Ada', email: 'ada@contoso.example' }
let keys: Awaited<ReturnType<typeof generateKeyPair>>
let rules: TokenRules

beforeAll(async () => {
  keys = await generateKeyPair('RS256', { extractable: true })
  rules = { issuer: 'https://issuer.example', audience: 'roomkeeper', keys: async () => keys.publicKey, ...systemAt(() => now) }
})

const signed = (extra: Record<string, unknown> = {}, audience = 'roomkeeper', seconds = 60, typ?: string) =>
  new SignJWT({ iss: 'https://issuer.example', ...claims, ...extra })
    .setProtectedHeader({ alg: 'RS256', ...(typ === undefined ? {} : { typ }) })
    .setAudience(audience)
    .setIssuedAt(now / 1000)
    .setExpirationTime(now / 1000 + seconds)
    .sign(keys.privateKey)

async function codeOf(token: string, under = rules): Promise<string> {
  try {
    await readToken(token, under)
    return 'taken'
  } catch (error) {
    return error instanceof RoomkeeperError ? error.code : String(error)
  }
}

describe('[ACC-1] an access token', () => {
  it('says who its person is', async () => {
    const token = await signed({ wids: [globalAdministratorRole], groups: ['b', 'a', 'b'] })
    expect(await readToken(token, rules)).toEqual({
      issuer: 'https://issuer.example',
      directory: 'directory',
      objectId: 'object',
      name: 'Ada',
      email: 'ada@contoso.example',
      globalAdministrator: true,
      groups: ['a', 'b'],
      multiFactor: false,
      groupsOverage: false,
      roomAccount: false,
      issuedAt: now,
      expiresAt: now + 60_000,
    })
  })

  it('[ACC-1] gives names and addresses as text that cannot pretend to be other text', async () => {
    const hostile = { name: `A\u202Eda\u0000\u200B\n${'x'.repeat(400)}`, email: 'a\u2066da@\r\ncontoso.example\u0007' }
    const { name, email } = await readToken(await signed(hostile), rules)
    expect(`${name}${email}`).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect([name.slice(0, 5), name.length, email]).toEqual(['A da ', 120, 'a da@ contoso.example'])
    expect((await readToken(await signed({ name: '\u202E\u200F' }), rules)).name).toBe('ada@contoso.example')
  })

  it.each([undefined, 'JWT', 'jwt', 'at+jwt', 'application/at+jwt'])('[ACC-1] may be of the type %s', async (typ) => {
    expect(await codeOf(await signed({}, 'roomkeeper', 60, typ))).toBe('taken')
  })

  it.each(['id+jwt', 'logout+jwt', 'dpop+jwt', 'secevent+jwt', 'refresh', ''])('[ACC-1] is not of the type "%s"', async (typ) => {
    expect(await codeOf(await signed({}, 'roomkeeper', 60, typ))).toBe('auth.invalid')
  })

  it.each([{ nonce: 'n' }, { at_hash: 'h' }, { c_hash: 'h' }, { typ: 'ID' }, { typ: 'Refresh' }, { token_use: 'id' }, { idtyp: 'app' }])(
    '[ACC-1] is not another token of the same issuer: %j',
    async (extra) => {
      expect(await codeOf(await signed(extra))).toBe('auth.invalid')
    },
  )

  it.each([
    [{ scp: 'rooms.use User.Read' }, 'taken'],
    [{ scope: 'openid rooms.use' }, 'taken'],
    [{ scope: ['api://roomkeeper/rooms.use'] }, 'taken'],
    [{}, 'taken'],
    [{ scp: 'User.Read' }, 'auth.invalid'],
    [{ scp: '' }, 'auth.invalid'],
    [{ scope: ['rooms'] }, 'auth.invalid'],
    [{ scp: 'xrooms.use' }, 'auth.invalid'],
  ] as const)('[ACC-1] has the scope that consoles ask for, where it has scopes: %j', async (extra, expected) => {
    const scope = 'openid profile offline_access api://roomkeeper/rooms.use'
    expect(await codeOf(await signed(extra), { ...rules, scope })).toBe(expected)
    expect(await codeOf(await signed(extra), { ...rules, scope: 'openid profile offline_access' })).toBe('taken')
  })

  it.each([
    [{ azp: 'console' }, 'taken'],
    [{ appid: 'console' }, 'taken'],
    [{ client_id: 'console' }, 'taken'],
    [{ azp: 'other', client_id: 'console' }, 'auth.invalid'],
    [{ azp: 'other' }, 'auth.invalid'],
    [{}, 'auth.invalid'],
  ])('[ACC-1] is of a program that is named, where some are: %j', async (extra, expected) => {
    expect(await codeOf(await signed(extra), { ...rules, clients: ['console'] })).toBe(expected)
    expect(await codeOf(await signed(extra))).toBe('taken')
  })

  it('says whether more than a password was used', async () => {
    expect((await readToken(await signed({ amr: ['pwd', 'mfa'] }), rules)).multiFactor).toBe(true)
    expect((await readToken(await signed({ amr: ['pwd'] }), rules)).multiFactor).toBe(false)
  })

  it.each([
    ['groups', { groups: ['b', 'admins'] }, true],
    ['groups', { groups: 'admins' }, true],
    ['groups', { groups: ['admins2'] }, false],
    ['roles', { roles: ['admins'] }, true],
    ['roles', {}, false],
    ['roles', { roles: null }, false],
    ['roles', { roles: { admins: true } }, false],
    ['realm_access.roles', { realm_access: { roles: ['admins'] } }, true],
    ['https://rooms.example/roles', { 'https://rooms.example/roles': ['admins'] }, true],
    ['constructor.name', {}, false],
    // Entra's role counts where nothing else was chosen.
    ['groups', { wids: [globalAdministratorRole] }, false],
  ])('[ACC-3] knows a Global Administrator by the claim that was chosen: %s in %j', async (claim, extra, expected) => {
    const chosen = { ...rules, administrator: { claim, value: 'admins' } }
    expect((await readToken(await signed(extra), chosen)).globalAdministrator).toBe(expected)
  })

  it.each([
    [',', 'admins,field staff', ['admins', 'field staff'], true],
    ['; ', 'field staff; admins; ', ['admins', 'field staff'], true],
    [' ', ['admins', 'field staff'], ['admins', 'field staff'], true],
    [',', 'admins', ['admins'], true],
    [',', ',', [], false],
    [undefined, 'admins,field staff', ['admins,field staff'], false],
  ])('[ACC-3] parts lists that are one text by the separator that was chosen: %j in %j', async (listSeparator, groups, are, expected) => {
    const separated = listSeparator === undefined ? {} : { listSeparator }
    const chosen = { ...rules, administrator: { claim: 'groups', value: 'admins' }, ...separated }
    const claims = await readToken(await signed({ groups, amr: 'pwd,mfa' }), chosen)
    expect(claims).toMatchObject({ groups: are, globalAdministrator: expected, multiFactor: listSeparator === ',' })
  })

  it('[ACC-3] takes groups named as LDAP names them: one may make an administrator, and none is in an assignment', async () => {
    const long = 'CN=Room Administrators,OU=Security Groups,OU=IT,DC=corp,DC=contoso,DC=com'
    const claims = await readToken(await signed({ groups: [long, 'g'] }), { ...rules, administrator: { claim: 'groups', value: long } })
    expect(claims).toMatchObject({ globalAdministrator: true, groups: ['g'] })
  })

  it.each([
    [{ _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://graph.example/users/x/getMemberObjects' } } }, true],
    [{ hasgroups: true }, true],
    [{ hasgroups: 'true' }, true],
    [{ hasgroups: 'false' }, false],
    [{ _claim_names: { other: 'src1' } }, false],
  ])('knows where it could not hold all groups: %j', async (extra, expected) => {
    expect((await readToken(await signed(extra), rules)).groupsOverage).toBe(expected)
  })

  it('is refused once it has expired', async () => {
    expect(await codeOf(await signed({}, 'roomkeeper', -60))).toBe('auth.expired')
  })

  it('[ACC-1] may come from a clock that is minutes apart, where the issuer is elsewhere, and counts as long as it is taken', async () => {
    const elsewhere = { ...rules, clockToleranceMs: limits.tokenClockToleranceMs }
    const minute = 60
    const { expiresAt } = await readToken(await signed({ nbf: now / 1000 + 4 * minute }), elsewhere)
    expect(expiresAt).toBe(now + minute * 1_000 + limits.tokenClockToleranceMs)
    expect(await codeOf(await signed({}, 'roomkeeper', -4 * minute), elsewhere)).toBe('taken')
    expect(await codeOf(await signed({}, 'roomkeeper', -6 * minute), elsewhere)).toBe('auth.expired')
    expect(await codeOf(await signed({ nbf: now / 1000 + 6 * minute }), elsewhere)).toBe('auth.clock')
    // The embedded issuer's clock is this one.
    expect(await codeOf(await signed({ nbf: now / 1000 + 1 }))).toBe('auth.clock')
  })

  it.each([
    [{ groups: 'g' }, { groups: ['g'] }],
    [{ groups: ['b', 'a'] }, { groups: ['a', 'b'] }],
    [{ groups: '' }, { groups: [] }],
    [
      { groups: null, wids: null, amr: null, name: null, upn: null },
      { groups: [], globalAdministrator: false, multiFactor: false },
    ],
    [{ wids: globalAdministratorRole }, { globalAdministrator: true }],
    [{ wids: 'another' }, { globalAdministrator: false }],
    [{ amr: 'mfa' }, { multiFactor: true }],
    [{ amr: 'pwd' }, { multiFactor: false }],
    [{ aud: ['another', 'roomkeeper'] }, { name: 'Ada' }],
  ])('[ACC-1] may hold a list of one as the one: %j', async (extra, expected) => {
    const { aud = 'roomkeeper', ...claimed } = { aud: undefined, ...extra }
    const token = await new SignJWT({ iss: 'https://issuer.example', ...claims, ...claimed })
      .setProtectedHeader({ alg: 'RS256' })
      .setAudience(aud)
      .setIssuedAt(now / 1000)
      .setExpirationTime(now / 1000 + 60)
      .sign(keys.privateKey)
    expect(await readToken(token, rules)).toMatchObject(expected)
  })

  it.each([
    ['aud', { aud: 'another' }],
    ['iss', { iss: 'https://evil.example' }],
    ['tid', { tid: undefined }],
    ['oid', { oid: 5 }],
    ['groups.0', { groups: [7] }],
    ['groups', { groups: { a: 1 } }],
    ['nonce', { nonce: 'n' }],
    ['token_use', { token_use: 'id' }],
    ['idtyp', { idtyp: 'app' }],
    ['typ', { typ: 'ID' }],
    ['scp', { scp: 'User.Read' }],
    ['azp', { scp: 'rooms.use', azp: 'other' }],
    ['exp', { exp: 'soon' }],
    ['nbf', { nbf: now }],
  ])('[ACC-1] that is refused has the claim named: %s', async (field, extra: Record<string, unknown>) => {
    const under = { ...rules, scope: 'rooms.use', ...(field === 'azp' ? { clients: ['console'] } : {}) }
    const payload = { iss: 'https://issuer.example', ...claims, aud: 'roomkeeper', iat: now / 1000, exp: now / 1000 + 60, ...extra }
    const signing = new CompactSign(new TextEncoder().encode(JSON.stringify(payload))).setProtectedHeader({ alg: 'RS256' })
    const token = await signing.sign(keys.privateKey)
    const refusal: unknown = await readToken(token, under).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ status: 401, details: { field, detail: expect.any(String) } })
  })

  it('is refused for another audience, from another issuer, and with another key', async () => {
    expect(await codeOf(await signed({}, 'another'))).toBe('auth.invalid')
    expect(await codeOf(await signed({ iss: 'https://evil.example' }))).toBe('auth.invalid')
    const other = await generateKeyPair('RS256')
    expect(await codeOf(await signed(), { ...rules, keys: async () => other.publicKey })).toBe('auth.invalid')
  })

  it('is refused unsigned, and signed with the public key as if it were a shared secret', async () => {
    const none = new UnsecuredJWT({ ...claims, iss: 'https://issuer.example' })
      .setAudience('roomkeeper')
      .setIssuedAt()
      .setExpirationTime('1h')
      .encode()
    expect(await codeOf(none)).toBe('auth.invalid')
    const secret = new TextEncoder().encode(await exportSPKI(keys.publicKey))
    const confused = await new SignJWT({ ...claims, iss: 'https://issuer.example' })
      .setProtectedHeader({ alg: 'HS256' })
      .setAudience('roomkeeper')
      .setIssuedAt(now / 1000)
      .setExpirationTime(now / 1000 + 60)
      .sign(secret)
    expect(await codeOf(confused, { ...rules, keys: async () => secret })).toBe('auth.invalid')
  })

  it('is refused without a directory tenant or object, and as nonsense', async () => {
    expect(await codeOf(await signed({ oid: undefined }))).toBe('auth.invalid')
    expect(await codeOf(await signed({ tid: '' }))).toBe('auth.invalid')
    expect(await codeOf('a.b.c')).toBe('auth.invalid')
  })

  it('of an issuer with one address per directory must come from its own', async () => {
    const entra = { ...rules, issuer: 'https://login.example/{tenantid}/v2.0' }
    expect(await codeOf(await signed({ iss: 'https://login.example/directory/v2.0' }), entra)).toBe('taken')
    expect(await codeOf(await signed({ iss: 'https://login.example/other/v2.0' }), entra)).toBe('auth.invalid')
  })

  it('cannot be judged where the issuer cannot be asked for its keys', async () => {
    const unreachable = { ...rules, keys: async () => Promise.reject(new TypeError('fetch failed')) }
    expect(await codeOf(await signed(), unreachable)).toBe('issuer.unavailable')
  })
})

describe('[ACC-1] the keys of an issuer elsewhere', () => {
  afterEach(() => vi.unstubAllGlobals())

  it.each([
    ['502', () => new Response('<html>Bad gateway</html>', { status: 502 })],
    ['404', () => new Response('', { status: 404 })],
    ['a page', () => new Response('<html>Wi-Fi</html>')],
    ['no keys', () => Response.json({ keys: 'none' })],
    ['another thing', () => Response.json([])],
    ['nothing at all', () => Promise.reject(new TypeError('fetch failed'))],
  ])('that answers with %s say nothing of the token', async (_what, keysAnswer) => {
    const document = { issuer: 'https://issuer.example', jwks_uri: 'https://issuer.example/keys' }
    vi.stubGlobal('fetch', async (input: string | URL) => (String(input).endsWith('/keys') ? keysAnswer() : Response.json(document)))
    expect(await codeOf(await signed(), { ...rules, keys: keysOfIssuer('https://issuer.example', realSystem.clock) })).toBe(
      'issuer.unavailable',
    )
  })
})

describe('[ACC-1] the discovery document of an issuer elsewhere', () => {
  afterEach(() => vi.unstubAllGlobals())

  it.each(['/.well-known/openid-configuration', '/keys'])(
    'that cannot be reached is named, with what is missing: %s',
    async (unreached) => {
      vi.stubGlobal('fetch', async (input: string | URL) => {
        const cause = Object.assign(new Error('unable to verify'), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
        if (String(input).endsWith(unreached)) throw new TypeError('fetch failed', { cause })
        return Response.json({ issuer: 'https://issuer.example', jwks_uri: 'https://issuer.example/keys' })
      })
      const read = readToken(await signed(), { ...rules, keys: keysOfIssuer('https://issuer.example', realSystem.clock) })
      const message = expect.stringMatching(/^issuer\.example: .* --ca\.$/u)
      await expect(read).rejects.toMatchObject({ code: 'issuer.unavailable', cause: { message } })
    },
  )

  it.each([
    ['https://issuer.example', 'https://issuer.example', true],
    ['https://issuer.example/', 'https://issuer.example/', true],
    ['https://login.example/{tenantid}/v2.0', 'https://login.example/{tenantid}/v2.0', true],
    ['https://issuer.example', 'https://issuer.example/', false],
    ['https://issuer.example', 'https://other.example', false],
    ['https://issuer.example', 'http://issuer.example', false],
    ['https://login.example/{tenantid}/v2.0', 'https://login.example/organizations/v2.0', false],
  ])('asked for as %s counts where it is of %s: %s', async (wanted, named, counts) => {
    const asked: string[] = []
    vi.stubGlobal('fetch', async (input: string | URL) => {
      asked.push(String(input))
      return String(input).endsWith('/keys')
        ? Response.json({ keys: [] })
        : Response.json({ issuer: named, jwks_uri: 'https://issuer.example/keys' })
    })
    // Without a key that fits the token is refused for its own sake, and only then.
    expect(await codeOf(await signed(), { ...rules, keys: keysOfIssuer(wanted, realSystem.clock) })).toBe(
      counts ? 'auth.invalid' : 'issuer.unavailable',
    )
    expect(asked.includes('https://issuer.example/keys')).toBe(counts)
  })
})

describe('[rule 9] an issuer elsewhere that answers without end', () => {
  afterEach(() => vi.unstubAllGlobals())

  it.each([
    ['in its discovery document', (url: string) => !url.endsWith('/keys')],
    ['in its keys', (url: string) => url.endsWith('/keys')],
  ])('%s is left after its limit, and nobody is signed in by it', async (_, isEndless) => {
    const { answer, seen } = endlessAnswer()
    const document = { issuer: 'https://issuer.example', jwks_uri: 'https://issuer.example/keys' }
    vi.stubGlobal('fetch', async (input: string | URL) => (isEndless(String(input)) ? answer : Response.json(document)))
    expect(await codeOf(await signed(), { ...rules, keys: keysOfIssuer('https://issuer.example', realSystem.clock) })).toBe(
      'issuer.unavailable',
    )
    expect(seen.left).toBe(true)
    // What a stream has in hand already is a piece or two more.
    expect(seen.bytes).toBeLessThan(limits.issuerAnswerBytes + 256 * 1024)
  })
})
