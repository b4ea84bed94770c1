import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { defaultSettings, type Settings } from '../../../contract/entities.ts'
import { DeviceId, RoomId, TenantId } from '../../../contract/ids.ts'
import type { SignalId, SignalValue } from '../../../contract/signals.ts'
import { systemAt } from '../../../contract/testing/system.ts'
import { inProcessBus } from '../../ground/bus.ts'
import type { TenantReader } from '../../ground/store/reader.ts'
import { Store } from '../../ground/store/store.ts'
import { system, type TenantTransaction } from '../../ground/store/transaction.ts'
import { changeLifecycle } from '../../incidents/actions.ts'
import type { RoomBase } from '../../incidents/documents.ts'
import { Rooms } from '../../incidents/rooms.ts'
import { Timers } from '../../incidents/timers.ts'
import { schema } from '../../schema.ts'

const fail = (error: unknown): never => {
  throw error
}

/** A store with one tenant, the engine's shell, and a time that the test says. */
export class IncidentRig {
  readonly tenant = TenantId.parse(v7())
  readonly system = systemAt(() => this.now)
  now: number
  rooms = new Rooms()
  bus = inProcessBus(fail)
  readonly #folder = mkdtempSync(join(tmpdir(), 'roomkeeper-incidents-'))
  #store: Store | undefined

  private constructor(now: number) {
    this.now = now
  }

  /** `now`: UTC ms. */
  static async open(now: number, settings: Partial<Settings> = {}): Promise<IncidentRig> {
    const rig = new IncidentRig(now)
    await rig.restart()
    await rig.store.createTenant({ id: rig.tenant, name: 'Contoso', issuer: 'issuer', directory: 'directory' }, system, async (tx) => {
      const all = { ...defaultSettings, ...settings, id: rig.tenant }
      tx.put('settings', all)
      await tx.insert.settingsHistory({ validFrom: tx.at, body: JSON.stringify(all) }).execute()
    })
    return rig
  }

  /** Of its database. */
  get file(): string {
    return join(this.#folder, 'service.db')
  }

  get store(): Store {
    if (!this.#store) throw new Error('The store is not open.')
    return this.#store
  }

  /** What was in memory is gone. */
  async restart(): Promise<void> {
    await this.#store?.close()
    this.bus = inProcessBus(fail)
    this.#store = await Store.open({ schema, path: this.file, bus: this.bus, ...this.system })
    this.rooms = new Rooms()
  }

  async close(): Promise<void> {
    await this.#store?.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  write<T>(work: (tx: TenantTransaction) => Promise<T>): Promise<T> {
    return this.store.write(this.tenant, system, work)
  }

  read(): TenantReader {
    return this.store.read(this.tenant, 'wholeTenant')
  }

  /** An enrolled room. `place`: where it is, as far as that matters. */
  async room(place: Partial<RoomBase['place']> = {}): Promise<RoomId> {
    const id = RoomId.parse(v7())
    await this.write(async (tx) => {
      await this.rooms.within(tx).create(baseOf(id, this.now, place))
      await this.rooms.within(tx).flush()
    })
    await this.write((tx) => changeLifecycle(this.rooms, tx, [id], 'enrolled'))
    return id
  }

  /** What a device reports, observed now or at another time. */
  async report(room: RoomId, signals: Readonly<Partial<Record<SignalId, SignalValue>>>, observedAt = this.now): Promise<void> {
    await this.write(async (tx) => {
      const work = this.rooms.within(tx)
      await work.load([room])
      const seen = Object.fromEntries(Object.entries(signals).map(([signal, value]) => [signal, { value }]))
      work.take(room, { type: 'report', observedAt, signals: seen })
      await work.flush()
    })
  }

  /** Time goes on, and what is due by then happens. */
  async pass(ms: number): Promise<void> {
    this.now += ms
    await new Timers({ store: this.store, rooms: this.rooms, ...this.system, onProblem: fail }).run()
  }
}

const baseOf = (id: RoomId, onboardedAt: number, place: Partial<RoomBase['place']>): RoomBase => ({
  id,
  name: 'Room',
  place: { country: '', city: '', building: '', floor: '', timeZone: 'UTC', ...place },
  onboardedAt,
  inCall: false,
  device: {
    id: DeviceId.parse(v7()),
    profile: 'generic',
    keyProtection: 'software',
    platform: '',
    os: '',
    manufacturer: '',
    model: '',
    serial: '',
    agentVersion: '',
    appVersion: '',
    address: '',
  },
})
