import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Discovery } from '../../contract/api.ts'
import { programs } from '../../contract/testing/programs.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { createLog } from '../log.ts'
import { type HostSession, openSession } from '../session/session.ts'
import { TestBrowser } from '../session/testing/browser.ts'
import { until } from '../session/testing/rig.ts'
import { openVault, plainKeeper } from '../session/vault.ts'
import { tempFolder } from '../testing/fakes.ts'
import { takeWayOut } from './outgoing.ts'
import { type Running, startBrowserHost, startProcess } from './testing/processes.ts'
import { type Authority, makeAuthority } from './testing/providers/authority.ts'
import { startGlewlwyd } from './testing/providers/glewlwyd.ts'
import { startLemonldap } from './testing/providers/lemonldap.ts'
import { directory, type OpenIdProvider } from './testing/providers/provider.ts'
import { screensFolder } from './testing/screens.ts'
import { pageOf, Watcher } from './testing/watcher.ts'

/** OpenID providers of Debian's packages, with certificates of a private authority that only `--ca` names. */

const absent = ['openssl', 'plackup', 'glewlwyd'].filter((program) => spawnSync('which', [program]).status !== 0)
if (!existsSync('/usr/share/perl5/Lemonldap/NG/Portal.pm')) absent.push('LemonLDAP::NG')
const told = process.env['ROOMKEEPER_NO_OPENID']
/** Why there are none to test with, if so. */
const without = told ?? (absent.length === 0 ? undefined : `needs ${absent.join(' and ')}; npm test installs them where it may`)

describe.skipIf(without !== undefined).each([
  { name: 'LemonLDAP::NG', start: startLemonldap, devices: false, endsSessions: true },
  { name: 'Glewlwyd', start: startGlewlwyd, devices: true, endsSessions: false },
])(`[ACC-1] signing in at $name${without === undefined ? '' : ` (skipped: ${without})`}`, ({ start, devices, endsSessions }) => {
  let folder: ReturnType<typeof tempFolder>
  let authority: Authority
  let provider: OpenIdProvider
  let service: Running<{ service: string }>
  const undo: (() => unknown)[] = []

  beforeAll(async () => {
    screensFolder()
    folder = tempFolder()
    undo.push(folder.remove)
    authority = makeAuthority(folder.path)
    undo.push(takeWayOut({ ca: authority.ca }))
    provider = await start(folder.path, authority)
    undo.push(() => provider.stop())
    const options = [
      ...['--issuer', provider.issuer, '--client-id', 'console', '--ca', authority.ca, ...provider.options],
      ...['--tenant-directory', directory, '--tenant-name', 'Contoso', '--administrator', 'groups=room-admins'],
    ]
    service = await startProcess(
      [programs.service, 'serve', '--data', folder.path, '--port', '0', '--json', '--parent-pipe', ...options],
      z.object({ service: z.url() }),
    )
    undo.push(() => service.stop())
  })
  afterAll(async () => {
    for (const back of undo.splice(0).toReversed()) await back()
  })

  async function page(name: string, ...options: readonly string[]): Promise<Watcher> {
    const running = await startBrowserHost(service.ready.service, `${folder.path}/${name}`, ...options)
    undo.push(() => running.stop())
    return new Watcher(await pageOf(running.ready.console, undo), 'session', 'sync')
  }

  /** The console's sign-in alone; `told` is what the service says otherwise. */
  async function session(name: string, told: Partial<Discovery> = {}): Promise<HostSession> {
    const at = `${folder.path}/${name}`
    const otherwise: typeof fetch = async (input, init) => {
      const answer = await fetch(input, init)
      if (!String(input).endsWith('/.well-known/roomkeeper')) return answer
      return Response.json({ ...Discovery.parse(JSON.parse(await answer.text())), ...told })
    }
    const made = await openSession({
      system: realSystem,
      folder: at,
      service: service.ready.service,
      vault: await openVault(at, plainKeeper, realSystem),
      place: { kind: 'here', returnTo: () => 'http://127.0.0.1:1/' },
      log: createLog('silent'),
      settings: { fetch: otherwise },
    })
    undo.push(() => made.close())
    return made
  }

  async function signIn(into: HostSession): Promise<{ browser: TestBrowser; url: string }> {
    await into.signIn('browser')
    const { url = '' } = await until(into, 'signingIn')
    const browser = new TestBrowser()
    await provider.signIn(browser, url)
    await until(into, 'signedIn')
    return { browser, url }
  }

  const asked = async (from: HostSession): Promise<{ status: number; body: unknown; token: string }> => {
    const { token } = await from.accessToken({ renew: true })
    const answer = await fetch(new URL('/v1/me', service.ready.service), { headers: { authorization: `Bearer ${token}` } })
    return { status: answer.status, body: await answer.json(), token }
  }

  it('the console follows the service, and who is in the group that was chosen is the first administrator', async () => {
    const console = await page('console', '--ca', authority.ca)
    expect(await console.call('session.signIn', { method: 'browser' })).toMatchObject({ type: 'value' })
    const signingIn = await console.see('session', { state: 'signingIn', url: expect.any(String) })
    const browser = new TestBrowser()
    await provider.signIn(browser, 'url' in signingIn ? (signingIn.url ?? '') : '')
    const me = { ...provider.person, access: { globalAdministrator: true } }
    await console.see('session', { state: 'signedIn', account: provider.person, me })
    await console.see('sync', { state: 'live' })
    expect(service.stderr()).not.toContain('"level":40')
  })

  it('a console that does not know the authority says how it is named', async () => {
    const console = await page('unknowing')
    await console.call('session.signIn', { method: 'browser' })
    const detail = expect.stringMatching(/^localhost:\d+: .* --ca\.$/u)
    await console.see('session', { state: 'signedOut', problem: { code: 'network.offline', detail } })
  })

  it('renews for as long as the provider does, and asks the person again after that', async () => {
    const mine = await session('renewing')
    await signIn(mine)
    const tokens = [await asked(mine), await asked(mine), await asked(mine)]
    expect(tokens.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(new Set(tokens.map(({ token }) => decodeJwt(token).jti)).size).toBe(3)
    provider.forget()
    await expect(mine.accessToken({ renew: true })).rejects.toMatchObject({ code: 'session.none' })
    expect(mine.state).toMatchObject({ state: 'signedIn', renewalNeeded: true })
  })

  it('a token for somebody else is refused, and the service says for whom it is', async () => {
    const mine = await session('elsewhere', provider.elsewhere)
    await signIn(mine)
    const { status, body } = await asked(mine)
    const detail = expect.stringContaining('another')
    expect([status, body]).toEqual([401, expect.objectContaining({ code: 'auth.invalid', field: 'aud', detail })])
    expect(service.stderr()).toContain('"field":"aud"')
  })

  if (endsSessions) {
    it('signing out ends the session there, too', async () => {
      const mine = await session('leaving')
      const { browser, url } = await signIn(mine)
      const unasked = new URL(url)
      unasked.searchParams.delete('prompt')
      expect((await browser.open(unasked.href)).html).toContain('name="code"')
      await mine.signOut()
      const { endSession = '' } = await until(mine, 'signedOut')
      await browser.submit(await browser.open(endSession), {})
      expect((await browser.open(unasked.href)).html).toContain('name="password"')
    })
  }

  it(devices ? 'signs in with a code on another device' : 'says that it has no code for another device', async () => {
    const mine = await session('device')
    if (!devices) {
      await expect(mine.signIn('deviceCode')).rejects.toMatchObject({ details: { detail: 'The issuer offers no device code.' } })
      return
    }
    await mine.signIn('deviceCode')
    const { url, code } = await until(mine, 'signingIn')
    await provider.signIn(new TestBrowser(), `${url}?code=${code}`)
    await until(mine, 'signedIn')
    expect(await asked(mine)).toMatchObject({ status: 200, body: { name: provider.person.name } })
  })
})
