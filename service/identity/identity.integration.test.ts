import { createHash } from 'node:crypto'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { EnrolmentKey } from '../../contract/api.ts'
import { someBytes } from '../../contract/testing/chance.ts'
import { FormBrowser, type Page } from '../testing/browser.ts'
import { codeOf, demo, makeFolder, removeFolder, TestService } from '../testing/process.ts'

const Tokens = z.object({ access_token: z.string(), refresh_token: z.string(), id_token: z.string(), expires_in: z.number() })
const clientId = 'roomkeeper-console'
const redirect = 'http://localhost:45678/'

let data: string
let service: TestService
beforeAll(async () => {
  data = makeFolder()
  service = await TestService.start(data, '--demo')
})
afterAll(async () => {
  await service.stop()
  removeFolder(data)
})

async function tokenRequest(fields: Record<string, string>) {
  const answer = await fetch(`${service.url}/identity/token`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: clientId, ...fields }),
  })
  return { status: answer.status, json: await answer.json() }
}

function authorization(verifier: string, extra: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirect,
    scope: 'openid profile email offline_access',
    state: 'abc',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    prompt: 'login consent',
    ...extra,
  })
  return `${service.url}/identity/auth?${query}`
}

/** Code with PKCE through the login page, as this person. */
async function signIn(email: string, answers: Record<string, string> = {}) {
  const verifier = someBytes(32).toString('base64url')
  const browser = new FormBrowser()
  const login = await browser.open(authorization(verifier))
  const back = await browser.submit(login, { email, ...answers })
  const code = new URL(back.url).searchParams.get('code') ?? ''
  return {
    login,
    back,
    tokens: await tokenRequest({ grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: verifier }),
  }
}

describe('[ACC-1] code with PKCE', () => {
  it('shows the demo people, comes back with a code, and gives a token that the service takes', async () => {
    const { login, back, tokens } = await signIn(demo.manager)
    expect(login.html).toContain('Amélie Laurent')
    expect(login.html).toContain('Site Tech')
    expect(login.html).not.toMatch(/<script|style="|boardroom@contoso/)
    expect(login.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(back.url.startsWith(redirect)).toBe(true)
    expect(new URL(back.url).searchParams.get('state')).toBe('abc')
    const { access_token, refresh_token } = Tokens.parse(tokens.json)
    expect((await service.ask('/v1/me', { token: access_token })).json).toMatchObject({
      email: demo.manager,
      access: { globalAdministrator: true },
    })
    expect((await service.ask('/v1/me', { token: Tokens.parse(tokens.json).id_token })).status).toBe(401)

    const renewed = await tokenRequest({ grant_type: 'refresh_token', refresh_token })
    expect((await service.ask('/v1/me', { token: Tokens.parse(renewed.json).access_token })).status).toBe(200)
  })

  it('[ACC-1] ends with the account: its refresh token renews nothing, and its access token counts no more', async () => {
    const email = 'nils@contoso.example'
    const edit = async (body: object): Promise<number> => {
      const headers = { authorization: `Admin ${service.runtime.adminSecret}`, 'content-type': 'application/json' }
      return (await fetch(`${service.url}/v1/local/directory`, { method: 'POST', headers, body: JSON.stringify(body) })).status
    }
    expect(await edit({ type: 'addPerson', organisation: 'contoso.example', email, name: 'Nils Berg' })).toBe(200)
    const { tokens } = await signIn(email)
    const { access_token, refresh_token } = Tokens.parse(tokens.json)
    expect((await service.ask('/v1/me', { token: access_token })).status).toBe(200)
    expect(await edit({ type: 'removePerson', email })).toBe(200)
    expect(await tokenRequest({ grant_type: 'refresh_token', refresh_token })).toMatchObject({
      status: 400,
      json: { error: 'invalid_grant' },
    })
    expect(codeOf(await service.ask('/v1/me', { token: access_token }))).toBe('auth.removed')
  })

  it('hands the code over as a form where the console asks for that', async () => {
    const browser = new FormBrowser()
    const login = await browser.open(authorization('v'.repeat(43), { response_mode: 'form_post' }))
    const back = await browser.submit(login, { email: demo.lead })
    expect(back.html).toContain(`action="${redirect}"`)
    expect(back.html).toMatch(/name="code" value="[^"]+"/)
    expect(back.headers.get('content-security-policy')).toMatch(/script-src 'self' 'sha256-/)
  })

  it('refuses a code without its verifier, a second use of a code, and a request without PKCE', async () => {
    const browser = new FormBrowser()
    const verifier = someBytes(32).toString('base64url')
    const back = await browser.submit(await browser.open(authorization(verifier)), { email: demo.tech })
    const code = new URL(back.url).searchParams.get('code') ?? ''
    const request = { grant_type: 'authorization_code', code, redirect_uri: redirect }
    expect((await tokenRequest({ ...request, code_verifier: 'x'.repeat(43) })).status).toBe(400)
    expect((await tokenRequest({ ...request, code_verifier: verifier })).status).toBe(200)
    expect((await tokenRequest({ ...request, code_verifier: verifier })).status).toBe(400)

    const without = new URL(authorization(verifier))
    without.searchParams.delete('code_challenge')
    expect(new URL((await new FormBrowser().open(without.href)).url).searchParams.get('error')).toBe('invalid_request')
  })

  it('refuses a redirect to another machine', async () => {
    const page = await new FormBrowser().open(authorization('v'.repeat(43), { redirect_uri: 'http://evil.example/' }))
    expect(page.status).toBe(400)
    expect(page.html).toContain('cannot go on')
  })

  it('refuses a login form that another site sends, or another browser', async () => {
    const browser = new FormBrowser()
    const login = await browser.open(authorization('v'.repeat(43)))
    for (const site of ['cross-site', 'same-site']) {
      expect((await browser.submit(login, { email: demo.manager }, { 'sec-fetch-site': site })).status).toBe(400)
    }
    expect((await browser.submit(login, { email: demo.manager, proof: 'x'.repeat(43) })).status).toBe(400)
    const without = { ...login, html: login.html.replace(/<input type="hidden"[^>]*>/, '') }
    expect((await browser.submit(without, { email: demo.manager })).status).toBe(400)
    expect((await new FormBrowser().submit(login, { email: demo.manager })).status).toBe(400)
    expect((await browser.submit(login, { email: 'stranger@contoso.example' })).status).toBe(401)
  })

  it('[ACC-1] names the program and the place that a sign-in is for, and asks at every one, whatever the browser remembers', async () => {
    const browser = new FormBrowser()
    const login = await browser.open(authorization('v'.repeat(43)))
    expect(login.html).toContain('“Roomkeeper console” at localhost:45678 on this computer')
    expect(login.html).toContain('Go on only if you have just started this')
    expect(login.headers.get('content-security-policy')).toContain("form-action 'self' http://localhost:45678;")
    const back = await browser.submit(login, { email: demo.manager })
    expect(new URL(back.url).searchParams.get('code')).not.toBeNull()
    // The same browser, with all its cookies: a link to a listener's port gives it nothing, with or without a prompt.
    const ways: Record<string, string>[] = [{ prompt: '' }, { prompt: 'consent' }, { prompt: 'login' }, { max_age: '86400' }]
    for (const extra of ways) {
      const stolen = new URL(authorization('v'.repeat(43), { redirect_uri: 'http://127.0.0.1:9999/', ...extra }))
      if (stolen.searchParams.get('prompt') === '') stolen.searchParams.delete('prompt')
      const page = await browser.open(stolen.href)
      expect(page.url, JSON.stringify(extra)).toMatch(/\/identity\/interaction\/[\w-]+$/)
      expect(page.html).toContain('at 127.0.0.1:9999 on this computer')
    }
    const unasked = authorization('v'.repeat(43), { redirect_uri: 'http://127.0.0.1:9999/', prompt: 'none' })
    const silent = new URL((await browser.open(unasked)).url)
    expect([silent.port, silent.searchParams.get('error'), silent.searchParams.get('code')]).toEqual(['9999', 'login_required', null])
  })

  it('[ACC-1] can be stopped by the person, and tells the console so', async () => {
    const browser = new FormBrowser()
    const back = await browser.submit(await browser.open(authorization('v'.repeat(43))), { stop: 'yes' })
    expect(new URL(back.url).searchParams.get('error')).toBe('access_denied')
  })

  it('[ACC-1] goes through with cookies of its names that another port has set', async () => {
    const { port } = new URL(service.url)
    const browser = new FormBrowser()
    for (const name of ['session', 'interaction', 'resume']) browser.keep(`rk_${name}_${port}`, 'x').keep(`rk_${name}_${port}.sig`, 'y')
    // As many and as long as a browser keeps for one name.
    for (let at = 0; at < 174; at += 1) browser.keep(`c${at}`, 'x'.repeat(4_090))
    const back = await browser.submit(await browser.open(authorization('v'.repeat(43))), { email: demo.tech })
    expect(new URL(back.url).searchParams.get('code')).not.toBeNull()
  })

  it('speaks French where the browser does', async () => {
    const page = await new FormBrowser({ 'accept-language': 'fr-CA,fr;q=0.9,en;q=0.5' }).open(authorization('v'.repeat(43)))
    expect(page.html).toContain('lang="fr"')
    expect(page.html).toContain('Se connecter à Roomkeeper')
  })
})

describe('[ACC-1] device code', () => {
  const Device = z.object({
    device_code: z.string(),
    user_code: z.string(),
    verification_uri: z.string(),
    verification_uri_complete: z.string(),
  })
  const begin = async () => {
    const answer = await fetch(`${service.url}/identity/device/auth`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: clientId, scope: 'openid profile email offline_access', prompt: 'consent' }),
    })
    return Device.parse(await answer.json())
  }
  const poll = (device_code: string) => tokenRequest({ grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code })

  it('signs in a console that has no browser, once its code was confirmed', async () => {
    const { device_code, user_code, verification_uri } = await begin()
    expect((await poll(device_code)).json).toMatchObject({ error: 'authorization_pending' })

    const browser = new FormBrowser()
    let page: Page = await browser.open(verification_uri)
    expect(page.html).not.toMatch(/<script|onfocus/)
    page = await browser.submit(page, { user_code: 'WRNG-CODE' })
    expect(page.html).toContain('This code is wrong')
    page = await browser.submit(page, { user_code })
    expect(page.html).toContain(user_code)
    page = await browser.submit(page, {})
    expect(page.html).toContain('“Roomkeeper console” on another screen')
    page = await browser.submit(page, { email: demo.tech })
    expect(page.html).toContain('You are signed in')

    const { access_token } = Tokens.parse((await poll(device_code)).json)
    expect((await service.ask('/v1/me', { token: access_token })).json).toMatchObject({ email: demo.tech })
  })

  it('can be refused', async () => {
    const { device_code, user_code, verification_uri } = await begin()
    const browser = new FormBrowser()
    const confirm = await browser.submit(await browser.open(verification_uri), { user_code })
    expect((await browser.submit(confirm, { abort: 'yes' })).html).toContain('Nothing was signed in')
    expect((await poll(device_code)).json).toMatchObject({ error: 'access_denied' })
  })
})

describe('[ACC-1] renewing a sign-in', () => {
  const renew = (refresh_token: string) => tokenRequest({ grant_type: 'refresh_token', refresh_token })
  const next = async (refresh_token: string): Promise<string> => Tokens.parse((await renew(refresh_token)).json).refresh_token
  const begin = async (): Promise<string> => Tokens.parse((await signIn(demo.lead)).tokens.json).refresh_token

  it('[ACC-1] gives another token each time, and the same place again where the answer was lost', async () => {
    const first = await begin()
    const lost = await next(first)
    const second = await next(first)
    expect(new Set([first, lost, second]).size).toBe(3)
    const third = await next(second)
    expect(third).not.toBe(second)
  })

  it('[ACC-1] ends the whole sign-in when one comes that was used already, or that was given in vain', async () => {
    const first = await begin()
    const second = await next(first)
    const third = await next(second)
    expect((await renew(first)).json).toMatchObject({ error: 'invalid_grant' })
    expect((await renew(third)).json).toMatchObject({ error: 'invalid_grant' })

    const other = await begin()
    const lost = await next(other)
    const again = await next(other)
    expect((await renew(lost)).json).toMatchObject({ error: 'invalid_grant' })
    expect((await renew(again)).json).toMatchObject({ error: 'invalid_grant' })
  })

  it('[ACC-1] leaves one good token, however many copies of a request come at once', async () => {
    const first = await begin()
    const answers = await Promise.all([renew(first), renew(first), renew(first)])
    const given = answers.flatMap(({ status, json }) => (status === 200 ? [Tokens.parse(json).refresh_token] : []))
    const good = (await Promise.all(given.map(renew))).filter(({ status }) => status === 200)
    expect(good.length).toBeLessThanOrEqual(1)
  })
})

describe('a restart', () => {
  it('keeps refresh tokens, people and keys', async () => {
    const { tokens } = await signIn(demo.lead)
    const { refresh_token, access_token } = Tokens.parse(tokens.json)
    const before = (await service.ask('/v1/me', { token: access_token })).json
    await service.stop()
    const { port } = new URL(service.url)
    service = await TestService.start(data, '--demo', '--port', port)
    expect((await service.ask('/v1/me', { token: access_token })).json).toEqual(before)
    const renewed = await tokenRequest({ grant_type: 'refresh_token', refresh_token })
    expect((await service.ask('/v1/me', { token: Tokens.parse(renewed.json).access_token })).json).toEqual(before)
  })
})

describe('a service with an issuer of its own', () => {
  it('finds its keys by discovery, makes its first tenant, and takes its people', async () => {
    const folder = makeFolder()
    const token = await service.tokenOf(demo.manager)
    const { tid } = z.object({ tid: z.string() }).parse(decodeJwt(token))
    const issuer = `${service.url}/identity`
    const other = await TestService.start(
      folder,
      ...['--issuer', issuer, '--audience', 'urn:roomkeeper:service', '--client-id', clientId],
      ...['--tenant-directory', tid, '--tenant-name', 'Contoso elsewhere'],
    )
    try {
      expect((await other.ask('/.well-known/roomkeeper')).json).toMatchObject({ issuer, embeddedIssuer: false, setupRequired: false })
      expect((await other.ask('/v1/me', { token })).json).toMatchObject({
        email: demo.manager,
        access: { globalAdministrator: true, grants: [] },
      })
      expect((await other.ask('/v1/rooms', { token: await service.tokenOf(demo.tech) })).status).toBe(403)
      expect((await other.ask('/v1/setup', { body: {} })).status).toBe(404)
      expect((await other.ask('/identity/auth')).status).toBe(404)
    } finally {
      await other.stop()
      removeFolder(folder)
    }
  })
})

it('no secret reaches the log, however much is logged', async () => {
  const folder = makeFolder()
  const before = service
  const password = 'a password nobody may read'
  service = await TestService.start(folder, '--log-level', 'trace')
  try {
    await service.ask('/v1/setup', { body: { tenant: 'T', name: 'Ada', email: 'ada@t.example', password } })
    const { tokens } = await signIn('ada@t.example', { password })
    await signIn('ada@t.example', { password: `${password}!` })
    const { access_token, refresh_token } = Tokens.parse(tokens.json)
    const { key } = EnrolmentKey.parse((await service.ask('/v1/enrolment/key', { token: access_token })).json)
    await service.ask('/v1/me', { token: `${access_token}x` })
    await service.stop()
    expect(service.log).toContain('the service is ready')
    for (const secret of [password, access_token, refresh_token, key]) expect(service.log).not.toContain(secret)
  } finally {
    await service.stop()
    service = before
    removeFolder(folder)
  }
})

describe('setting up an empty service', () => {
  const setup = { tenant: 'Fabrikam', name: 'Ada Byron', email: 'Ada@fabrikam.example', password: 'correct horse battery' }

  it('makes the first tenant and administrator, once, who then signs in with the password', async () => {
    const folder = makeFolder()
    const empty = await TestService.start(folder)
    const demoService = service
    try {
      expect((await empty.ask('/.well-known/roomkeeper')).json).toMatchObject({ setupRequired: true, embeddedIssuer: true })
      const weak = await empty.ask('/v1/setup', { body: { ...setup, password: 'short' } })
      expect([weak.status, codeOf(weak)]).toEqual([400, 'request.invalid'])
      expect(weak.json).toMatchObject({ field: 'password' })
      expect((await empty.ask('/v1/setup', { body: setup })).status).toBe(201)
      const again = await empty.ask('/v1/setup', { body: setup })
      expect([again.status, codeOf(again)]).toEqual([409, 'setup.done'])
      expect((await empty.ask('/.well-known/roomkeeper')).json).toMatchObject({ setupRequired: false })

      service = empty
      const wrong = await signIn('ada@fabrikam.example', { password: 'not this one' })
      expect(wrong.back.status).toBe(401)
      expect(wrong.login.html).toContain('type="password"')
      const { tokens } = await signIn('ada@fabrikam.example', { password: setup.password })
      const { access_token } = Tokens.parse(tokens.json)
      expect((await empty.ask('/v1/me', { token: access_token })).json).toMatchObject({
        name: 'Ada Byron',
        access: { globalAdministrator: true, grants: [{ role: 'proManager', scope: 'all' }] },
      })
      expect((await empty.ask('/v1/rooms', { token: await demoService.tokenOf(demo.manager) })).status).toBe(401)
    } finally {
      service = demoService
      await empty.stop()
      removeFolder(folder)
    }
  })

  it('lets nobody try passwords without end', async () => {
    const browser = new FormBrowser()
    const login = await browser.open(authorization('v'.repeat(43)))
    // At once, so that the minute is not over before they are: ten a minute, of at most two minutes.
    const tries = await Promise.all(
      Array.from({ length: 25 }, (_, at) => browser.submit(login, { email: 'someone@contoso.example', password: String(at) })),
    )
    const refused = tries.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThanOrEqual(5)
    expect(refused.every(({ html }) => html.includes('Too many tries'))).toBe(true)
  })
})
