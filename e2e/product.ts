import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { z } from 'zod'
import { type Part, startPart } from '../build/part.ts'
import { root } from '../build/paths.ts'
import { run } from '../build/run.ts'
import { connect, tokenOf, type Api } from '../build/start/api.ts'
import { enrolFleet } from '../build/start/demo.ts'
import { type CutProxy, startCutProxy } from '../contract/testing/cut-proxy.ts'
import { programs } from '../contract/testing/programs.ts'
import { type RunningConsole, type Screen, startConsole } from './screen.ts'

/** The real product for one test: its processes, on free ports, in a folder of its own. */

export const people = {
  manager: 'amelie.laurent@contoso.example',
  siteLead: 'clara.nguyen@contoso.example',
  siteTech: 'david.okafor@contoso.example',
  nobody: 'emma.rossi@contoso.example',
  invited: 'luca.bianchi@litware.example',
  partner: 'farid.haddad@fabrikam.example',
} as const

export function tempFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'roomkeeper-e2e-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) }
}

/** Runs one of the documented commands (`npm run --silent NAME -- ARGS`) and answers what it prints. Throws when it fails. */
export async function command(name: string, ...args: string[]): Promise<string> {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const { code, output, answer } = await run(npm, ['run', '--silent', name, '--', ...args])
  if (code !== 0) throw new Error(`npm run ${name} -- ${args.join(' ')} ended with ${code}:\n${output}`)
  return answer
}

/** Arguments of the agent that unplug (or plug in) something of a simulated room. */
export const faultArgs = (data: string, room: string, signal: string, value: string, detail?: string): string[] => [
  'fault',
  '--room',
  room,
  '--signal',
  signal,
  '--value',
  value,
  ...(detail === undefined ? [] : ['--detail', detail]),
  '--data',
  data,
]

/** Unplugs (or plugs in) something of a simulated room, as the documented command line does, without npm in between. */
export async function fault(...what: Parameters<typeof faultArgs>): Promise<void> {
  const { code, output } = await run(process.execPath, [programs.agent, ...faultArgs(...what)])
  if (code !== 0) throw new Error(`the fault was not taken: ${output}`)
}

const StartReady = z.object({
  ready: z.literal(true),
  host: z.enum(['electron', 'browser']),
  console: z.string(),
  service: z.url(),
  data: z.string(),
})
export type Started = Part<z.infer<typeof StartReady>>

/**
 * `npm start` in one folder. Started `again`, it has the addresses of the run before, as it would by default; the first
 * run takes free ones.
 */
export function npmStart(data: string, options: string[] = [], again?: Started): Promise<Started> {
  const portOf = (address?: string) => (address === undefined ? '0' : new URL(address).port)
  const ports = ['--port', portOf(again?.ready.console), '--service-port', portOf(again?.ready.service)]
  return startPart({
    name: 'npm start',
    args: ['build/start.ts', '--no-open', '--host', 'browser', ...ports, '--data', data, ...options],
    ready: StartReady,
    log: join(data, 'logs', 'npm-start.log'),
  })
}

const Url = z.object({ ready: z.literal(true), service: z.url() })
const Link = z.object({ console: z.url() })
const Fleet = z.object({ ready: z.literal(true), rooms: z.int() })

export interface StackOptions {
  rooms?: number
}

/** The parts one by one, for tests that cut and kill. The console reaches the service through the cut proxy. */
export class Stack {
  readonly data: string
  readonly #options: StackOptions
  #servicePort = 0
  #proxy: CutProxy | undefined
  #console: RunningConsole | undefined
  readonly #others: RunningConsole[] = []
  readonly #tokens = new Map<string, string>()
  /** What runs now, in the order of its start. */
  readonly #running = new Map<'service' | 'fleet' | 'host' | 'console', Pick<Part<unknown>, 'stop' | 'kill'>>()

  constructor(data: string, options: StackOptions = {}) {
    this.data = data
    this.#options = options
  }

  /** Service, fleet (enrolled, with the buildings given out) and console. */
  async start(): Promise<Screen> {
    await this.startService()
    await this.startFleet()
    return this.startConsole()
  }

  async startService(): Promise<void> {
    const port = ['--port', String(this.#servicePort)]
    const part = await this.#start('service', [programs.service, 'serve', '--demo', ...port], Url)
    this.#servicePort = Number(new URL(part.ready.service).port)
    this.#proxy ??= await startCutProxy({ port: this.#servicePort })
  }

  async startFleet(): Promise<void> {
    const api = await this.api()
    const key = join(this.data, 'enrolment.key')
    writeFileSync(key, await api.enrolmentKey(), { mode: 0o600 })
    const rooms = String(this.#options.rooms ?? 12)
    const fleet = [
      programs.agent,
      'fleet',
      '--service',
      this.service,
      '--key-file',
      key,
      '--rooms',
      rooms,
      '--seed',
      '1',
      '--kind',
      'windows',
    ]
    await this.#start('fleet', fleet, Fleet)
    const all = await api.rooms()
    await enrolFleet(api, all, new Set(all.map((room) => room.id)))
  }

  /** The agent of this machine, under this name; its room is enrolled. `options`: what it offers to remote sessions. */
  async startHost(name: string, options: readonly string[]): Promise<void> {
    const api = await this.api()
    const key = join(this.data, 'enrolment.key')
    writeFileSync(key, await api.enrolmentKey(), { mode: 0o600 })
    const device = ['--device', 'host', '--room', name]
    const host = [programs.agent, 'run', '--json', ...device, '--service', this.service, '--key-file', key, ...options]
    await this.#start('host', host, Fleet)
    const made = (await api.rooms()).filter((room) => room.name === name)
    await api.enrolRooms(made.map(({ id }) => id))
  }

  /** Remote access to all rooms for the manager, without recordings. */
  async allowRemote(): Promise<void> {
    const api = await this.api()
    await api.command({ type: 'settings.change', changes: { remoteAccess: true, remoteContact: people.manager } })
    const managers = (await api.assignments()).find(({ role }) => role === 'proManager')
    const members = (managers?.members ?? []).map(({ kind, id }) => ({ kind, id }))
    const first = { assignment: v7(), name: 'Remote, everywhere', description: '', notify: false, members, scope: 'all' as const }
    await api.command({ type: 'role.save', role: v7(), name: 'Remote', description: '', permissions: ['remoteAccess.modify'], first })
  }

  async startConsole(): Promise<Screen> {
    const log = join(this.data, 'logs', `console-${Date.now()}.log`)
    this.#console = await startConsole({ service: this.proxy.url, data: this.data, port: this.#console?.port ?? 0, log })
    this.#running.set('console', this.#console)
    return this.#console
  }

  /** A link for another tab, as a second start prints it while the console runs. */
  async anotherLink(): Promise<string> {
    const again = [programs.console, '--service', this.proxy.url, '--data', this.data, '--json']
    const { code, output, answer } = await run(process.execPath, again)
    if (code !== 0) throw new Error(`no other link: ${output}`)
    return Link.parse(JSON.parse(answer)).console
  }

  /** A console of somebody else, on a data folder of its own, without the proxy. */
  async startAnotherConsole(name: string): Promise<Screen> {
    const console_ = await startConsole({
      service: this.service,
      data: join(this.data, name),
      port: 0,
      log: join(this.data, 'logs', `${name}.log`),
    })
    this.#others.push(console_)
    return console_
  }

  /** The service's own address, past the proxy. */
  get service(): string {
    return `http://127.0.0.1:${this.#servicePort}`
  }

  get proxy(): CutProxy {
    if (!this.#proxy) throw new Error('the service has not been started')
    return this.#proxy
  }

  async api(email: string = people.manager): Promise<Api> {
    return connect(this.service, await this.token(email))
  }

  /** Once for each person: a token outlives the service that gave it. */
  async token(email: string): Promise<string> {
    const known = this.#tokens.get(email)
    if (known !== undefined) return known
    const token = await tokenOf(email, this.data)
    this.#tokens.set(email, token)
    return token
  }

  /** Ends a part as a crash would. */
  async kill(name: 'service' | 'fleet' | 'console'): Promise<void> {
    await this.#running.get(name)?.kill()
    this.#running.delete(name)
  }

  async stop(): Promise<void> {
    for (const other of this.#others.splice(0)) await other.stop()
    for (const part of [...this.#running.values()].reverse()) await part.stop()
    this.#running.clear()
    await this.#proxy?.close()
  }

  async #start<T>(name: 'service' | 'fleet' | 'host', args: string[], ready: z.ZodType<T>): Promise<Part<T>> {
    const log = join(this.data, 'logs', `${name}-${Date.now()}.log`)
    const part = await startPart({ name, args: [...args, '--data', this.data], ready, log })
    this.#running.set(name, part)
    return part
  }
}

/** Whether any process still has this text in its command line; for tests that everything has ended. */
export function processesWith(text: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const ps = spawn('ps', ['-eo', 'pid,args'], { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] })
    let output = ''
    ps.stdout.on('data', (chunk) => (output += String(chunk)))
    ps.once('error', reject)
    ps.once('close', () => resolve(output.split('\n').filter((line) => line.includes(text) && !line.includes('ps -eo'))))
  })
}
