import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { freePort } from '../../contract/testing/port.ts'
import { TestBrowser } from './testing/browser.ts'
import { amelie, signIn, SignInRig, tokensOf, until } from './testing/rig.ts'

/** What issuers of other makes do otherwise, and may. */
const rig = new SignInRig()

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('It listens nowhere.')
  return address.port
}

describe('signing in at an issuer of another make', () => {
  it('[ACC-1] is sent back to the one address that the issuer knows, where the service names its port', async () => {
    const port = await freePort()
    await rig.given({ redirectUri: `http://localhost:${port}`, discovery: () => ({ redirectPort: port }) })
    const mine = await rig.session()
    const { browser } = await signIn(mine, amelie)
    const asked = new URL(browser.visited[0] ?? '').searchParams
    expect(asked.get('redirect_uri')).toBe(`http://localhost:${port}`)
    expect(asked.get('nonce')).toMatch(/^[\w-]{22}$/u)
  })

  it('[ACC-1] says so where that port is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    rig.undo.push(async () => void taken.close())
    const port = portOf(taken)
    await rig.given({ redirectUri: `http://localhost:${port}`, discovery: () => ({ redirectPort: port }) })
    const mine = await rig.session()
    await expect(mine.signIn('browser')).rejects.toMatchObject({
      code: 'session.failed',
      details: { detail: expect.stringContaining(`Port ${port}`) },
    })
    expect(mine.state).toMatchObject({ state: 'signedOut', problem: { code: 'session.failed' } })
  })

  it('[ACC-1] asks for a token for the resource that the service names, and so does a renewal', async () => {
    await rig.given({ accessTokenSeconds: 30, discovery: () => ({ resource: 'urn:roomkeeper:test' }) })
    const mine = await rig.session()
    const { browser } = await signIn(mine, amelie)
    await mine.accessToken()
    expect(new URL(browser.visited[0] ?? '').searchParams.get('resource')).toBe('urn:roomkeeper:test')
    expect(rig.issuer.resources).toEqual(['urn:roomkeeper:test', 'urn:roomkeeper:test'])
  })

  it('[ACC-1] takes no answer whose ID token is for another attempt', async () => {
    await rig.given()
    const other = `e30.${Buffer.from(JSON.stringify({ iss: 'i', sub: 's', nonce: 'another' })).toString('base64url')}.e30`
    const mine = await rig.session({ fetch: tokensOf('authorization_code', (tokens) => ({ ...tokens, id_token: other })) })
    await mine.signIn('browser')
    const { url } = await until(mine, 'signingIn')
    await new TestBrowser().signIn(url ?? '', amelie)
    expect(await until(mine, 'signedOut')).toMatchObject({ problem: { code: 'session.failed' } })
  })
})

describe('signing out at an issuer with an end-session address', () => {
  it('[ACC-1] ends the session there in the system browser, where the console is a program of its own', async () => {
    await rig.given()
    const opened: string[] = []
    const mine = await rig.session({}, { kind: 'system', open: async (url) => void opened.push(url) })
    await mine.signIn('browser')
    const browser = new TestBrowser()
    await browser.signIn(opened[0] ?? '', amelie)
    await until(mine, 'signedIn')
    await mine.signOut()
    expect(mine.state).toEqual({ state: 'signedOut' })
    const page = await browser.open(opened[1] ?? '')
    // The issuer knows whose session it is, and of which program.
    expect([page.status, /logout/iu.test(page.html)]).toEqual([200, true])
    expect(new URL(opened[1] ?? '').searchParams.get('client_id')).toBe('console')
  })

  it('[ACC-1] shows where, on the page of the console in a browser, until the next sign-in', async () => {
    await rig.given()
    const mine = await rig.session()
    await signIn(mine, amelie)
    await mine.signOut()
    expect(mine.state).toMatchObject({
      state: 'signedOut',
      endSession: expect.stringContaining(`${rig.issuer.url}/session/end?client_id=console&id_token_hint=`),
    })
    await signIn(mine, amelie)
  })
})

describe('renewing at an issuer of another make', () => {
  it.each([
    ['empty', 400, ''],
    ['plain', 401, 'The refresh token is not valid.'],
    ['a page', 403, '<html>Forbidden</html>'],
  ])('[ACC-1] asks the person again also where the refusal is %s', async (_what, status, body) => {
    await rig.given({ accessTokenSeconds: 30 })
    const mine = await rig.session()
    const { signedIn } = await signIn(mine, amelie)
    rig.issuer.trouble = { status, body }
    await expect(mine.accessToken()).rejects.toMatchObject({ code: 'session.none' })
    expect(mine.state).toEqual({ ...signedIn, renewalNeeded: true })
  })

  it('[ACC-1] goes on with the newest refresh token, though the issuer does not say again who signed in', async () => {
    await rig.given({ accessTokenSeconds: 30 })
    const first = await rig.session({ fetch: tokensOf('refresh_token', ({ id_token: _, ...renewal }) => renewal) })
    const { signedIn } = await signIn(first, amelie)
    await first.accessToken()
    await first.accessToken()
    const { token } = await first.accessToken()
    expect(decodeJwt(token)).toMatchObject({ iss: rig.issuer.url })
    await first.close()
    // The issuer rotates: any but the newest one would be taken for a theft, and end the sign-in.
    const second = await rig.session()
    await second.accessToken({ renew: true })
    expect(second.state).toEqual(signedIn)
    expect(rig.issuer.grants.filter((grant) => grant === 'refresh_token')).toHaveLength(4)
  })

  it('[ACC-1] takes no renewal that is for another person', async () => {
    await rig.given({ accessTokenSeconds: 30 })
    const other = `e30.${Buffer.from(JSON.stringify({ sub: 'somebody else' })).toString('base64url')}.e30`
    const mine = await rig.session({ fetch: tokensOf('refresh_token', (renewal) => ({ ...renewal, id_token: other })) })
    const { signedIn } = await signIn(mine, amelie)
    await expect(mine.accessToken()).rejects.toMatchObject({ code: 'session.none' })
    expect(mine.state).toEqual({ ...signedIn, renewalNeeded: true })
  })
})
