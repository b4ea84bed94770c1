import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { programs } from '../../contract/testing/programs.ts'
import { Runtime } from '../ground/ops/runtime.ts'

/** For tests: the service as its own process, on a free port, with a folder of its own. */

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs one command of the service to its end. */
export async function runCommand(...args: string[]): Promise<Finished> {
  const child = spawn(process.execPath, [programs.service, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (bytes) => (stdout += String(bytes)))
  child.stderr.on('data', (bytes) => (stderr += String(bytes)))
  await once(child, 'close')
  return { code: child.exitCode, stdout, stderr }
}

export const makeFolder = (): string => mkdtempSync(join(tmpdir(), 'roomkeeper-service-'))
export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true })

export class TestService {
  readonly data: string
  readonly url: string
  readonly #child: ChildProcess

  readonly #said: () => string

  /** Where its figures are; '' without `--metrics-port`. */
  readonly metrics: string

  private constructor(child: ChildProcess, url: string, data: string, said: () => string, metrics: string) {
    this.metrics = metrics
    this.#child = child
    this.#said = said
    this.url = url
    this.data = data
  }

  /** @throws with what the process said, where it ends before it is ready. */
  static async start(data: string, ...args: string[]): Promise<TestService> {
    const serve = ['serve', '--data', data, '--port', '0', '--json', '--parent-pipe', '--log-level', 'warn']
    const child = spawn(process.execPath, [programs.service, ...serve, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (bytes) => (said += String(bytes)))
    for await (const line of createInterface({ input: child.stdout })) {
      const ready: unknown = JSON.parse(line)
      if (typeof ready === 'object' && ready !== null && 'service' in ready && typeof ready.service === 'string') {
        child.stdout.resume()
        return new TestService(
          child,
          ready.service,
          data,
          () => said,
          'metrics' in ready && typeof ready.metrics === 'string' ? ready.metrics : '',
        )
      }
    }
    throw new Error(`The service ended before it was ready: ${said}`)
  }

  /** All that the service has logged. */
  get log(): string {
    return this.#said()
  }

  get runtime(): Runtime {
    return Runtime.parse(JSON.parse(readFileSync(join(this.data, 'service', 'runtime.json'), 'utf8')))
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const closed = once(this.#child, 'close')
    this.#child.kill(signal)
    await closed
  }

  /** Closes the pipe that a parent holds; resolves when the service has ended by itself. */
  async parentEnds(): Promise<void> {
    const closed = once(this.#child, 'close')
    this.#child.stdin?.end()
    await closed
  }

  /** An access token by the `token` command's own route. */
  async tokenOf(email: string): Promise<string> {
    const answer = await fetch(`${this.url}/v1/local/token`, {
      method: 'POST',
      headers: { authorization: `Admin ${this.runtime.adminSecret}`, 'content-type': 'application/json' },
      body: JSON.stringify({ email }),
    })
    const body: unknown = await answer.json()
    if (typeof body === 'object' && body !== null && 'token' in body && typeof body.token === 'string') return body.token
    throw new Error(`No token for ${email}: ${JSON.stringify(body)}`)
  }

  /** One request; `body` makes it a POST unless `method` says otherwise. */
  async ask(
    path: string,
    { token, body, method, tenant }: { token?: string; body?: unknown; method?: string; tenant?: string } = {},
  ): Promise<Answer> {
    const answer = await fetch(`${this.url}${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(tenant === undefined ? {} : { 'roomkeeper-tenant': tenant }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    const isJson = answer.headers.get('content-type')?.includes('json') ?? false
    const json: unknown = isJson && text ? JSON.parse(text) : undefined
    return { status: answer.status, json, text, headers: answer.headers }
  }
}

export interface Answer {
  readonly status: number
  readonly json: unknown
  readonly text: string
  readonly headers: Headers
}

/** The code of a problem answer. */
export function codeOf({ json }: Answer): unknown {
  return typeof json === 'object' && json !== null && 'code' in json ? json.code : undefined
}

export const demo = {
  manager: 'amelie.laurent@contoso.example',
  lead: 'clara.nguyen@contoso.example',
  tech: 'david.okafor@contoso.example',
  nobody: 'emma.rossi@contoso.example',
  room: 'boardroom@contoso.example',
} as const
