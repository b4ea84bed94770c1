import { Agent as HttpsAgent } from 'node:https'
import { limits } from '../../contract/limits.ts'
import { type Way, waysIn } from '../../contract/proxies.ts'
import type { Clock } from '../../contract/system.ts'
import { request } from './http.ts'
import { proxyAuthorities, ProxyError } from './proxy.ts'

interface PacOptions {
  url: string
  /** PEM certificates that its server may have beside the well-known ones. */
  ca?: string | undefined
  clock: Clock
  /** Is told what is used in its place, and when it is used again. */
  note?: ((text: string) => void) | undefined
}

/**
 * A PAC file: JavaScript that came over the network, so it runs in a WebAssembly sandbox and sees only the functions that PAC defines.
 * It is fetched directly, and kept for a while (`pacFreshMs`).
 */
export class PacFile {
  readonly #options: PacOptions
  readonly #answers = new Map<string, string>()
  #text: string | undefined
  #fetching: Promise<string> | undefined
  /** Until when text and answers count, or until when it is not asked for again. */
  #until = -Infinity
  #failed: ProxyError | undefined
  /** What counts is what was had before it failed. */
  #isOld = false

  constructor(options: PacOptions) {
    this.#options = options
  }

  /**
   * The ways to an address, which may be none. Where the file cannot be had, as it was had last; where it never could, or is of no use,
   * directly, as browsers do. @throws ProxyError where it names none that can be taken
   */
  async waysTo(url: URL): Promise<Way[]> {
    const { note, clock } = this.#options
    if (this.#failed && clock.steady() < this.#until && this.#text === undefined) return ['direct']
    try {
      const answer = await this.#answer(url, await this.#current())
      if (this.#failed && !this.#isOld) {
        this.#failed = undefined
        note?.(`The PAC file ${this.#options.url} is used again.`)
      }
      return this.#waysOf(answer)
    } catch (error) {
      if (!(error instanceof UselessPac)) throw error
      this.#failed = error
      this.#until = clock.steady() + limits.pacAgainMs
      this.#text = undefined
      note?.(`${error.message}. Until it can, the way is direct.`)
      return ['direct']
    }
  }

  /** The same, where a file that cannot be had or used is the answer. @throws ProxyError */
  async strictly(url: URL): Promise<Way[]> {
    return this.#waysOf(await this.#answer(url, await this.#fetch()))
  }

  /** What it said leads nowhere: the network may be another one, so it is asked for again. */
  forget(): void {
    if (!this.#failed) this.#until = -Infinity
  }

  #waysOf(answer: string): Way[] {
    const ways = waysIn(answer)
    if (ways.length > 0) return ways
    throw new ProxyError(
      `The PAC file ${this.#options.url} answers "${answer.slice(0, 200)}", and only DIRECT, PROXY and HTTPS can be used.`,
    )
  }

  async #current(): Promise<string> {
    const { note, clock } = this.#options
    if (this.#text !== undefined && clock.steady() < this.#until) return this.#text
    try {
      const text = await (this.#fetching ??= this.#fetch().finally(() => {
        this.#fetching = undefined
      }))
      this.#isOld = false
      this.#answers.clear()
      this.#until = clock.steady() + limits.pacFreshMs
      return (this.#text = text)
    } catch (error) {
      if (this.#text === undefined || !(error instanceof UselessPac)) throw error
      this.#failed = error
      this.#isOld = true
      this.#until = clock.steady() + limits.pacAgainMs
      note?.(`${error.message}. Until it can, it counts as it was.`)
      return this.#text
    }
  }

  async #fetch(): Promise<string> {
    const { url, ca, clock } = this.#options
    const authorities = proxyAuthorities(ca)
    const agent = authorities !== undefined && url.startsWith('https:') ? new HttpsAgent({ ca: authorities }) : undefined
    try {
      const file = await request(new URL(url), { timers: clock, method: 'GET', ...(agent ? { agent } : {}) })
      if (file.status !== 200) throw new Error(`it answers with status ${file.status}`)
      if (!file.text.includes('FindProxyForURL')) throw new Error('there is no FindProxyForURL in it; a proxy is given as host:port')
      return file.text
    } catch (error) {
      throw new UselessPac(url, error)
    } finally {
      agent?.destroy()
    }
  }

  async #answer(url: URL, text: string): Promise<string> {
    const kept = this.#answers.get(url.origin)
    if (kept !== undefined) return kept
    const answer = await evaluate(this.#options.url, text, url)
    if (this.#answers.size >= limits.pacAnswers) this.#answers.delete(this.#answers.keys().next().value ?? '')
    this.#answers.set(url.origin, answer)
    return answer
  }
}

/** The file cannot be had, or fails. */
class UselessPac extends ProxyError {
  constructor(pacUrl: string, cause: unknown) {
    super(`The PAC file ${pacUrl} cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

async function evaluate(pacUrl: string, text: string, url: URL): Promise<string> {
  try {
    // Loaded where a PAC file is used at all: the sandbox is large.
    const [{ QuickJS }, { createPacResolver }] = await Promise.all([import('quickjs-wasi'), import('pac-resolver')])
    const started = process.cpuUsage()
    const runtime = await QuickJS.create({
      memoryLimit: limits.pacBytes,
      // Of the processor: on a machine that is busy with other things, it takes longer and is no worse.
      interruptHandler: () => {
        const { user, system } = process.cpuUsage(started)
        return (user + system) / 1_000 > limits.pacMs
      },
    })
    try {
      return await createPacResolver(runtime, text)(url)
    } finally {
      runtime.dispose()
    }
  } catch (error) {
    throw new UselessPac(pacUrl, error)
  }
}
