import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import type { AccountState } from '../platform.ts'
import { TestBrowser } from './testing/browser.ts'
import { amelie, clara, signIn, SignInRig, until } from './testing/rig.ts'

const rig = new SignInRig()

describe('[ACC-1] signing in with the browser', () => {
  it('uses a code with PKCE, gets a token for the service, and shows a page that leads back', async () => {
    await rig.given()
    const mine = await rig.session()
    expect(mine.state).toEqual({ state: 'signedOut' })
    const { page, browser, signedIn } = await signIn(mine, amelie)

    expect(signedIn).toMatchObject({ account: { name: 'Amélie Laurent', email: 'amelie@contoso.test' }, renewalNeeded: false })
    expect(signedIn.account.id).toMatch(/^[a-f0-9]{32}$/u)
    const authorization = new URL(browser.visited[0] ?? '')
    expect(authorization.searchParams.get('code_challenge_method')).toBe('S256')
    expect(authorization.searchParams.get('response_mode')).toBe('form_post')
    expect(page.html).toContain('http-equiv="refresh" content="0; url=http://127.0.0.1:4720/"')

    const { token, expiresAt } = await mine.accessToken()
    expect(decodeJwt(token)).toMatchObject({ iss: rig.issuer.url, aud: 'urn:roomkeeper:test' })
    expect(expiresAt).toBeGreaterThan(Date.now())
    expect(page.html).not.toContain(token)
    expect(browser.visited.join('\n')).not.toContain('code=')
  })

  it('asks the system browser where the console is a program of its own', async () => {
    await rig.given()
    const opened: string[] = []
    const mine = await rig.session({}, { kind: 'system', open: async (url) => void opened.push(url) })
    await mine.signIn('browser')
    expect(mine.state).toEqual({ state: 'signingIn', method: 'browser' })
    const page = await new TestBrowser().signIn(opened[0] ?? '', amelie)
    await until(mine, 'signedIn')
    expect(page.html).not.toContain('refresh')
  })

  it('takes another person at the next sign-in, although the issuer still knows the first', async () => {
    await rig.given()
    const mine = await rig.session()
    const { browser, signedIn: first } = await signIn(mine, amelie)
    await mine.signOut()
    await mine.signIn('browser')
    const { url } = await until(mine, 'signingIn')
    await browser.signIn(url ?? '', clara)
    const second = await until(mine, 'signedIn')
    expect(second.account.name).toBe('Clara Nguyen')
    expect(second.account.id).not.toBe(first.account.id)
  })

  it('can be given up, and begun again', async () => {
    await rig.given()
    const mine = await rig.session()
    await mine.signIn('browser')
    const { url } = await until(mine, 'signingIn')
    await mine.cancelSignIn()
    expect(mine.state).toEqual({ state: 'signedOut' })
    // The redirect of the attempt that was given up reaches nobody.
    await expect(new TestBrowser().signIn(url ?? '', amelie)).rejects.toThrow()
    expect(mine.state).toEqual({ state: 'signedOut' })
    await signIn(mine, amelie)
  })

  it('ends by itself when nobody comes', async () => {
    await rig.given()
    const mine = await rig.session({ signInMs: 100 })
    // On a slow machine the time may be over before the browser was asked.
    await mine.signIn('browser').catch(() => undefined)
    expect(await until(mine, 'signedOut')).toMatchObject({ problem: { code: 'session.failed' } })
  })

  it('says so when the service cannot be reached, and stays signed out', async () => {
    await rig.given()
    const mine = await rig.session()
    await rig.issuer.stop()
    await expect(mine.signIn('browser')).rejects.toMatchObject({ code: 'network.offline' })
    expect(mine.state).toMatchObject({ state: 'signedOut', problem: { code: 'network.offline' } })
  })

  it.each([
    ['an issuer without TLS that is not on loopback', 'issuer', () => ({ issuer: 'http://login.example.com' })],
    ['an issuer that calls itself otherwise', 'issuer', (url: string) => ({ issuer: url.replace('127.0.0.1', 'localhost') })],
    ['something else than a Roomkeeper service', 'clientId', () => ({ clientId: undefined })],
  ])('refuses %s', async (_what, field, discovery) => {
    await rig.given({ discovery })
    const mine = await rig.session()
    await expect(mine.signIn('browser')).rejects.toMatchObject({ code: 'session.failed', details: { field } })
    expect(mine.state).toMatchObject({ state: 'signedOut', problem: { code: 'session.failed' } })
  })
})

describe('[ACC-1] signing in with a device code', () => {
  async function enter(url: string, code: string): Promise<void> {
    const browser = new TestBrowser()
    await browser.signIn(url, { ...clara, user_code: code })
  }

  it('shows where to go and what to type, waits, and renews afterwards', async () => {
    await rig.given({ accessTokenSeconds: 30 })
    const mine = await rig.session()
    await mine.signIn('deviceCode')
    const { url, code, expiresAt } = await until(mine, 'signingIn')
    expect(url).toBe(`${rig.issuer.url}/device`)
    expect(expiresAt).toBeGreaterThan(Date.now())
    await enter(url ?? '', code ?? '')
    const signedIn = await until(mine, 'signedIn')
    expect(signedIn.account.email).toBe('clara@contoso.test')
    await mine.accessToken()
    expect(rig.issuer.grants).toEqual(['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'])
  })

  it('can be given up', async () => {
    await rig.given()
    const mine = await rig.session()
    await mine.signIn('deviceCode')
    const { url, code } = await until(mine, 'signingIn')
    await mine.cancelSignIn()
    expect(mine.state).toEqual({ state: 'signedOut' })
    await enter(url ?? '', code ?? '')
    expect(mine.state).toEqual({ state: 'signedOut' })
  })

  it('says so where the issuer has no device code', async () => {
    await rig.given({ deviceCode: false })
    const mine = await rig.session()
    await expect(mine.signIn('deviceCode')).rejects.toMatchObject({ code: 'session.failed', details: { field: 'method' } })
  })
})

describe('a sign-in that lasts', () => {
  it('survives a restart without any network, and rests encrypted', async () => {
    await rig.given()
    const first = await rig.session()
    const { signedIn } = await signIn(first, amelie)
    const { token } = await first.accessToken()
    await first.close()
    await rig.issuer.stop()

    const second = await rig.session()
    expect(second.state).toEqual(signedIn)
    expect((await second.accessToken()).token).toBe(token)
    for (const name of await readdir(rig.folder)) {
      const path = join(rig.folder, name)
      const bytes = await readFile(path, 'latin1')
      for (const secret of [token, 'amelie', 'Laurent', 'refresh']) expect(bytes.toLowerCase()).not.toContain(secret.toLowerCase())
      expect((await stat(path)).mode & 0o777).toBe(0o600)
    }
  })

  it('renews silently, once for many who ask, and keeps what it got', async () => {
    await rig.given({ accessTokenSeconds: 30 })
    const first = await rig.session()
    await signIn(first, amelie)
    const tokens = await Promise.all([first.accessToken(), first.accessToken(), first.accessToken()])
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(1)
    expect(rig.issuer.grants.filter((grant) => grant === 'refresh_token')).toHaveLength(1)
    // The issuer gives a new refresh token each time: the one of before would not do any more.
    const second = await rig.session()
    await second.accessToken({ renew: true })
    expect(rig.issuer.grants.filter((grant) => grant === 'refresh_token')).toHaveLength(2)
  })

  it('gives a new token when the service refused the present one', async () => {
    await rig.given()
    const mine = await rig.session()
    await signIn(mine, amelie)
    const before = await mine.accessToken()
    const after = await mine.accessToken({ renew: true })
    expect(after.token).not.toBe(before.token)
    expect((await mine.accessToken()).token).toBe(after.token)
    // Each renewal uses the refresh token of the one before.
    await mine.accessToken({ renew: true })
    await mine.accessToken({ renew: true })
  })

  it.each([
    ['is unreachable', undefined],
    ['is in trouble', { status: 503, body: '{}' }],
    ['asks to wait', { status: 429, body: '{}' }],
    ['is hidden behind a page that asks for a password', { status: 200, body: '<html>Wi-Fi</html>' }],
  ])('stays signed in while the issuer %s', async (_what, trouble) => {
    await rig.given({ accessTokenSeconds: 30 })
    const mine = await rig.session()
    const { signedIn } = await signIn(mine, amelie)
    if (trouble) rig.issuer.trouble = trouble
    else await rig.issuer.stop()
    await expect(mine.accessToken()).rejects.toMatchObject({ code: 'network.offline' })
    expect(mine.state).toEqual(signedIn)
    rig.issuer.trouble = undefined
    if (!trouble) await rig.issuer.start()
    await expect(mine.accessToken()).resolves.toMatchObject({ token: expect.any(String) })
  })

  it('asks the person again when the issuer refuses to renew, and keeps the account', async () => {
    await rig.given({ accessTokenSeconds: 30 })
    const mine = await rig.session()
    const { signedIn } = await signIn(mine, amelie)
    const states: AccountState[] = []
    mine.listen((state) => states.push(state))
    rig.issuer.trouble = { status: 400, body: JSON.stringify({ error: 'invalid_grant', error_description: 'grant request is invalid' }) }
    await expect(mine.accessToken()).rejects.toMatchObject({ code: 'session.none' })
    expect(states).toEqual([{ ...signedIn, renewalNeeded: true }])
    const asked = rig.issuer.requests.length
    await expect(mine.accessToken()).rejects.toMatchObject({ code: 'session.none' })
    expect(rig.issuer.requests).toHaveLength(asked)

    rig.issuer.trouble = undefined
    await mine.signIn('browser')
    await mine.cancelSignIn()
    expect(mine.state).toEqual({ ...signedIn, renewalNeeded: true })
    const again = await signIn(mine, amelie)
    expect(again.signedIn).toEqual(signedIn)
    await mine.accessToken()
  })

  it('is not taken for the sign-in at another service', async () => {
    await rig.given()
    await signIn(await rig.session(), amelie)
    await rig.given()
    expect((await rig.session()).state).toEqual({ state: 'signedOut' })
  })

  it('ends as signed out, not in an error, when its file was damaged; the file is kept aside', async () => {
    await rig.given()
    await signIn(await rig.session(), amelie)
    await writeFile(join(rig.folder, 'session.sealed'), 'RKS1 but not really, and long enough to be looked into')
    expect((await rig.session()).state).toEqual({ state: 'signedOut' })
    expect((await readdir(rig.folder)).filter((name) => name.includes('unreadable'))).toHaveLength(1)
  })
})

describe('signing out', () => {
  it('removes the tokens and their key, and tells the issuer', async () => {
    await rig.given()
    const mine = await rig.session()
    await signIn(mine, amelie)
    const copy = await readFile(join(rig.folder, 'session.sealed'))
    await mine.signOut()
    expect(mine.state).toMatchObject({ state: 'signedOut' })
    await expect(mine.accessToken()).rejects.toMatchObject({ code: 'session.none' })
    expect(await readdir(rig.folder)).toEqual(['vault.json'])
    await mine.close()
    expect(rig.issuer.requests).toContain('POST /token/revocation')
    // Even a copy of the file is of no use: its key is gone.
    await writeFile(join(rig.folder, 'session.sealed'), copy)
    expect((await rig.session()).state).toEqual({ state: 'signedOut' })
  })

  it('works with no network', async () => {
    await rig.given()
    const mine = await rig.session()
    await signIn(mine, amelie)
    await rig.issuer.stop()
    await mine.signOut()
    expect(await readdir(rig.folder)).toEqual(['vault.json'])
  })

  it('gives no token to a renewal that was under way', async () => {
    await rig.given({ accessTokenSeconds: 30 })
    const mine = await rig.session()
    await signIn(mine, amelie)
    const renewal = expect(mine.accessToken()).rejects.toMatchObject({ code: 'session.none' })
    await mine.signOut()
    await renewal
    expect(await readdir(rig.folder)).toEqual(['vault.json'])
  })
})
