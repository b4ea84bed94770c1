import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import { z } from 'zod'
import { realSystem } from '../../../contract/testing/system.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { createLog } from '../../log.ts'
import type { AccountState } from '../../platform.ts'
import type { SignInPlace } from '../attempt.ts'
import { type HostSession, openSession, type SessionSettings } from '../session.ts'
import { openVault, plainKeeper, type Vault } from '../vault.ts'
import { TestBrowser } from './browser.ts'
import { startIssuer, type TestIssuer, type TestIssuerOptions } from './issuer.ts'

export const amelie = { login: 'amelie@contoso.test', password: 'any' }
export const clara = { login: 'clara@contoso.test', password: 'any' }

const here: SignInPlace = { kind: 'here', returnTo: () => 'http://127.0.0.1:4720/' }
const isState = <S extends AccountState['state']>(value: AccountState, state: S): value is Extract<AccountState, { state: S }> =>
  value.state === state

export async function until<S extends AccountState['state']>(from: HostSession, state: S): Promise<Extract<AccountState, { state: S }>> {
  await untilPasses(() => expect(from.state.state).toBe(state))
  const reached = from.state
  if (!isState(reached, state)) throw new Error(`The state went on to ${reached.state}.`)
  return reached
}

export async function signIn(into: HostSession, person: Record<string, string>) {
  await into.signIn('browser')
  const { url } = await until(into, 'signingIn')
  const browser = new TestBrowser()
  const page = await browser.signIn(url ?? '', person)
  return { page, browser, signedIn: await until(into, 'signedIn') }
}

/** The way to an issuer that answers requests for tokens otherwise. */
export function tokensOf(grant: string, answered: (tokens: Record<string, unknown>) => Record<string, unknown>): typeof fetch {
  return async (input, init) => {
    const answer = await fetch(input, init)
    if (new URLSearchParams(String(init?.body ?? '')).get('grant_type') !== grant || !answer.ok) return answer
    const tokens = z.record(z.string(), z.unknown()).parse(JSON.parse(await answer.text()))
    return Response.json(answered(tokens))
  }
}

/** For tests of a file: an issuer and the console's sign-in at it, with a folder of its own for each test. */
export class SignInRig {
  #folder = ''
  #issuer: TestIssuer | undefined
  #vault: Vault | undefined
  /** Run when the test is over, the last first. */
  readonly undo: (() => Promise<void>)[] = []

  constructor() {
    beforeEach(async () => {
      this.#folder = await mkdtemp(join(tmpdir(), 'rk-session-'))
      this.#vault = await openVault(this.#folder, plainKeeper, realSystem)
    })
    afterEach(async () => {
      for (const end of this.undo.splice(0).reverse()) await end()
      await rm(this.#folder, { recursive: true, force: true })
    })
  }

  get folder(): string {
    return this.#folder
  }

  get issuer(): TestIssuer {
    if (!this.#issuer) throw new Error('There is no issuer yet.')
    return this.#issuer
  }

  async given(options: TestIssuerOptions = {}): Promise<void> {
    const issuer = await startIssuer(options)
    this.#issuer = issuer
    this.undo.push(() => issuer.stop())
  }

  async session(settings: Partial<SessionSettings> = {}, place: SignInPlace = here): Promise<HostSession> {
    if (!this.#vault) throw new Error('There is no vault yet.')
    const made = await openSession({
      folder: this.#folder,
      service: this.issuer.url,
      vault: this.#vault,
      place,
      system: realSystem,
      log: createLog('silent'),
      settings: { devicePollMs: 20, ...settings },
    })
    this.undo.push(() => made.close())
    return made
  }
}
