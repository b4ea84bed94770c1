import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Bridge, TopicName, TopicOutput } from '../../contract/bridge.ts'
import { QueuedCommand } from '../../contract/commands.ts'
import { IncidentId } from '../../contract/ids.ts'
import type { System } from '../../contract/system.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { until } from '../../contract/testing/wait.ts'
import type { RoomRow } from '../../contract/views.ts'
import { type Core, type CoreOptions, createCore, createLog, type DataFolder, lockDataFolder } from '../core.ts'
import { idOf, makeIncident, makeRoom } from './documents.ts'
import { FakeSession, FakeVault, openWindow, tempFolder } from './fakes.ts'
import { FakeService } from './service.ts'

export const incident = IncidentId.parse(idOf('incident', 1))
export const comment = (text: string): QueuedCommand => QueuedCommand.parse({ type: 'incident.comment', incident, text })

/** A whole core on a service that a test can make misbehave, with one window; one for each test. */
export class Rig {
  readonly account = 'a'.repeat(16)
  readonly folder = tempFolder()
  readonly vault = new FakeVault()
  readonly log = createLog('silent')
  lock: DataFolder = lockDataFolder(this.folder.path)
  session = new FakeSession('token', this.account)
  service: FakeService
  #core: Core | null = null
  #bridge: Bridge | null = null

  private constructor(service: FakeService) {
    this.service = service
    service.put('room', ...[1, 2, 3].map((n) => makeRoom(n)))
    service.put('incident', makeIncident(1, 1))
  }

  static async make(): Promise<Rig> {
    return new Rig(await FakeService.start())
  }

  get bridge(): Bridge {
    if (this.#bridge === null) throw new Error('the console is not started')
    return this.#bridge
  }

  async start(address = this.service.url, system: System = realSystem): Promise<void> {
    const options: CoreOptions = {
      folder: this.lock,
      service: address,
      session: this.session,
      vault: this.vault,
      host: { kind: 'browser', version: '1.2.3', downloadFolder: join(this.folder.path, 'downloads') },
      system,
      log: this.log,
    }
    this.#core = await createCore(options)
    this.#bridge = openWindow(this.#core.bridge).bridge
  }

  async stop(): Promise<void> {
    await this.#core?.stop()
    this.#core = null
  }

  async remove(): Promise<void> {
    await this.stop()
    this.lock.release()
    await this.service.stop()
    this.folder.remove()
  }

  /** The present value of a topic. */
  now<N extends TopicName>(name: N): Promise<TopicOutput<N>> {
    return new Promise((resolve) => {
      const undo = this.bridge.listen(name, {} as never, (value) => {
        resolve(value)
        queueMicrotask(() => undo())
      })
    })
  }

  live(): Promise<boolean> {
    return until('live', async () => (await this.now('sync')).state === 'live')
  }

  async rows(): Promise<RoomRow[]> {
    return (await this.bridge.call('rooms.list', { filter: {}, sort: 'name', descending: false, offset: 0, limit: 500 })).rows
  }

  async names(): Promise<string[]> {
    return (await this.rows()).map(({ name }) => name)
  }

  submit(text: string): Promise<{ key: string }> {
    return this.bridge.call('commands.submit', { command: comment(text) })
  }

  /** The history of the incident, newest first; a star for what is not confirmed. */
  async texts(): Promise<string[]> {
    const { rows } = await this.bridge.call('incidents.entries', { incident, offset: 0, limit: 500 })
    return rows.map(({ text, pending }) => `${text}${pending ? '*' : ''}`)
  }

  /** Files of the account that were set aside. */
  asideOf(name: string): string[] {
    return readdirSync(join(this.lock.path, this.account)).filter((file) => file.startsWith(name) && file.endsWith('.aside'))
  }
}
