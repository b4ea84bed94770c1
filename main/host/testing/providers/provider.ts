import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import type { Discovery } from '../../../../contract/api.ts'
import { until } from '../../../../contract/testing/wait.ts'
import type { Page, TestBrowser } from '../../../session/testing/browser.ts'

/** For tests: an OpenID provider that somebody else wrote, on this machine, behind TLS with a certificate of a private authority. */
export interface OpenIdProvider {
  readonly issuer: string
  /** What the service is told of it, beside its address and the authority. */
  readonly options: readonly string[]
  /** Who signs in, one of "room-admins". */
  readonly person: { readonly name: string; readonly email: string }
  /** What names another client, or another resource: its tokens are for somebody else. */
  readonly elsewhere: Partial<Discovery>
  /** Goes through its pages as that person, to where it sends them back to, or says that all is done. */
  signIn(browser: TestBrowser, url: string): Promise<Page>
  /** Forgets who signed in: no refresh token counts any more. */
  forget(): void
  stop(): Promise<void>
}

/** The directory that both providers name in every token. */
export const directory = '11111111-2222-4333-8444-555555555555'

/** A program that serves until it is stopped. */
export class Server {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #said = ''

  constructor(program: string, args: readonly string[], options: SpawnOptions = {}) {
    this.#child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#ended = once(this.#child, 'close')
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', (bytes) => (this.#said += String(bytes)))
  }

  /** Until it answers with success at this address. */
  async answers(url: string): Promise<void> {
    await until(`an answer of ${url}`, async () => {
      if (this.#child.exitCode !== null) throw new Error(`It ended: ${this.#said}`)
      return fetch(url).then(
        async (answer) => {
          await answer.body?.cancel()
          if (answer.status >= 500) throw new Error(`It answered ${answer.status}: ${this.#said}`)
          return answer.ok
        },
        () => false,
      )
    })
  }

  async stop(): Promise<void> {
    this.#child.kill()
    await this.#ended
  }
}
