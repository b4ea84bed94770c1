import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { z } from 'zod'
import type { Bridge, TopicOutput } from '../../../contract/bridge.ts'
import { PolicyCommand, QueuedCommand } from '../../../contract/commands.ts'
import type { Me } from '../../../contract/entities.ts'
import { RoomkeeperError } from '../../../contract/errors.ts'
import type { RoomId, SessionId } from '../../../contract/ids.ts'
import type { SessionRecord } from '../../../contract/remote.ts'
import { startCutProxy, type CutProxy } from '../../../contract/testing/cut-proxy.ts'
import { programs } from '../../../contract/testing/programs.ts'
import { realSystem } from '../../../contract/testing/system.ts'
import { until } from '../../../contract/testing/wait.ts'
import type { RemoteSessionView, RoomRow } from '../../../contract/views.ts'
import { createCore, createLog, lockDataFolder } from '../../core.ts'
import { type Running, runProcess, startProcess } from '../../host/testing/processes.ts'
import { FakeSession, FakeVault, openWindow, tempFolder } from '../../testing/fakes.ts'

/** For tests: service with relay, simulated rooms, a machine whose network can be cut, and consoles; all but the consoles are processes. */

const administrator = 'amelie.laurent@contoso.example'
const ready = z.object({ ready: z.literal(true) })
const status = z.array(z.looseObject({ name: z.string(), session: z.string().optional() }))

/** The console's core with one window. */
export interface TestConsole {
  readonly bridge: Bridge
  readonly me: Me
  start(room: RoomId): Promise<SessionId>
  view(session: SessionId): RemoteSessionView | undefined
  /** The rows of the session log that are of this session. */
  rows(session: SessionId): Promise<readonly SessionRecord[]>
}

export class Product {
  readonly folder: string
  readonly machine = 'Basement workshop'
  #service: Running<{ service: string }>
  #proxy: CutProxy | undefined
  readonly #undo: (() => unknown)[]
  readonly #agentData: string

  private constructor(folder: string, service: Running<{ service: string }>, undo: (() => unknown)[]) {
    this.folder = folder
    this.#service = service
    this.#undo = undo
    this.#agentData = join(folder, 'fleet')
  }

  static async start(): Promise<Product> {
    const { path, remove } = tempFolder()
    const product = new Product(path, await startService(path, '0'), [remove])
    product.#undo.push(() => product.#service.stop())
    return product
  }

  get url(): string {
    return this.#service.ready.service
  }

  /** Between the machine and the service. */
  get network(): CutProxy {
    if (this.#proxy === undefined) throw new Error('there is no machine')
    return this.#proxy
  }

  async stop(): Promise<void> {
    for (const back of this.#undo.toReversed()) await back()
  }

  /** Ends the service as a crash does, and starts it again at the same address. `between`: while it is away. */
  async crash(between: () => Promise<unknown>): Promise<void> {
    const { port } = new URL(this.url)
    this.#service.child.kill('SIGKILL')
    await between()
    this.#service = await startService(this.folder, port)
  }

  async token(email = administrator): Promise<string> {
    return (await runProcess(programs.service, 'token', '--user', email, '--data', this.folder)).stdout.trim()
  }

  startFleet(rooms: number): Promise<void> {
    return this.#startAgent('fleet', '--rooms', String(rooms), '--service', this.url, '--data', this.#agentData)
  }

  /** This machine with `shell`, behind `network`. */
  async startMachine(shell: string): Promise<void> {
    this.#proxy = await startCutProxy({ port: Number(new URL(this.url).port) })
    const { url, close } = this.#proxy
    this.#undo.push(close)
    // A session needs a screen that is offered; nothing listens there.
    const offers = ['--shell', shell, '--screen', 'console=127.0.0.1:9']
    await this.#startAgent(
      'run',
      '--device',
      'host',
      '--room',
      this.machine,
      '--key',
      'software',
      ...offers,
      '--service',
      url,
      '--data',
      join(this.folder, 'machine'),
    )
  }

  async #startAgent(...args: string[]): Promise<void> {
    const headers = { authorization: `Bearer ${await this.token()}` }
    const { key } = z.object({ key: z.string() }).parse(await (await fetch(`${this.url}/v1/enrolment/key`, { headers })).json())
    const keyFile = join(this.folder, `${args[0]}.key`)
    writeFileSync(keyFile, key)
    const { child } = await startProcess([programs.agent, ...args, '--key-file', keyFile, '--json', '--parent-pipe'], ready)
    // How an agent ends is tested where agents are.
    this.#undo.push(() => child.kill('SIGKILL'))
  }

  /** The people in the room see this name while a session lasts; undefined: the ring is off. */
  async ring(room: string): Promise<string | undefined> {
    const { stdout } = await runProcess(programs.agent, 'rooms', '--json', '--data', this.#agentData)
    const found = status.parse(JSON.parse(stdout)).find(({ name }) => name === room)
    if (found === undefined) throw new Error(`no room ${room}`)
    return found.session
  }

  /** A call begins in a simulated room. */
  async call(room: string): Promise<void> {
    const file = join(this.folder, 'call.json')
    writeFileSync(
      file,
      JSON.stringify({ name: 'call', description: 'a call begins', steps: [{ at: '0s', rooms: { name: room }, inCall: true }] }),
    )
    const { code, stderr } = await runProcess(programs.agent, 'scenario', file, '--data', this.#agentData)
    if (code !== 0) throw new Error(stderr)
  }

  async console(email = administrator): Promise<TestConsole> {
    const { core, bridge } = await openConsole(join(this.folder, `console-${email}`), this.url, await this.token(email))
    this.#undo.push(() => core.stop())
    const latest: { session?: TopicOutput<'session'>; sessions: readonly RemoteSessionView[] } = { sessions: [] }
    bridge.listen('session', {}, (value) => (latest.session = value))
    bridge.listen('remote.sessions', {}, ({ sessions }) => (latest.sessions = sessions))
    const me = await until('who I am', () => (latest.session?.state === 'signedIn' ? latest.session.me : undefined))
    const { tenant } = me
    const view = (id: SessionId) => latest.sessions.find((one) => one.id === id)
    return {
      bridge,
      me,
      view,
      start: async (room) => {
        const { session } = await connected(() => bridge.call('remote.start', { tenant, room, mode: 'modify' }))
        await until('what the device offers', () => view(session)?.offers)
        return session
      },
      rows: async (session) => (await bridge.call('remote.log', { tenant })).items.filter(({ id }) => id === session),
    }
  }

  /** Enrols `count` rooms; these people may have sessions with them. */
  async allow({ bridge, me }: TestConsole, count: number, people: readonly Me['id'][]): Promise<readonly RoomRow[]> {
    const { tenant } = me
    const rooms = async (): Promise<readonly RoomRow[]> =>
      (await bridge.call('rooms.list', { filter: {}, sort: 'name', descending: false, offset: 0, limit: 20 })).rows
    const submit = (command: object) => bridge.call('commands.submit', { command: QueuedCommand.parse(command), tenant })
    const found = await until('the rooms', async () => {
      const all = await rooms()
      return all.length === count && all
    })
    // Commands go in their order: when the rooms are enrolled it is switched on.
    await submit({ type: 'settings.change', changes: { remoteAccess: true, remoteContact: administrator } })
    await submit({ type: 'rooms.enrol', rooms: found.map(({ id }) => id) })
    const first = {
      assignment: v7(),
      name: 'Desk',
      description: '',
      notify: false,
      members: people.map((id) => ({ kind: 'person', id })),
      scope: 'all',
    }
    const role = { type: 'role.save', role: v7(), name: 'Desk', description: '', permissions: ['rooms.view', 'remoteAccess.modify'], first }
    await bridge.call('policy.apply', { tenant, command: PolicyCommand.parse(role) })
    return until('enrolled', async () => {
      const all = await rooms()
      return all.every(({ lifecycle, pending }) => lifecycle === 'enrolled' && pending.length === 0) && all
    })
  }
}

const startService = (folder: string, port: string): Promise<Running<{ service: string }>> =>
  startProcess(
    [programs.service, 'serve', '--data', folder, '--port', port, '--demo', '--json', '--parent-pipe', '--log-level', 'error'],
    z.object({ service: z.url() }),
  )

/** Agents connect anew when their room is enrolled, and when the service was away. */
const connected = <T>(start: () => Promise<T>): Promise<T> =>
  until(
    'the agent is connected',
    async () => {
      try {
        return await start()
      } catch (error) {
        if (!(error instanceof RoomkeeperError) || error.code !== 'remote.disconnected') throw error
        return undefined
      }
    },
    60_000,
    500,
  )

/** A console's core on a folder of its own. */
export async function openConsole(folder: string, service: string, token: string) {
  const lock = lockDataFolder(folder)
  const core = await createCore({
    folder: lock,
    service,
    session: new FakeSession(token),
    vault: new FakeVault(),
    host: { kind: 'browser', version: '1', downloadFolder: join(folder, 'downloads') },
    system: realSystem,
    log: createLog('silent'),
  })
  const stop = async (): Promise<void> => {
    await core.stop()
    lock.release()
  }
  return { core: { stop }, bridge: openWindow(core.bridge).bridge }
}
