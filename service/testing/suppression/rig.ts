import { v7 } from 'uuid'
import type { Access } from '../../../contract/access.ts'
import type { QueuedCommand } from '../../../contract/commands.ts'
import type { Incident, Place, Room } from '../../../contract/entities.ts'
import { AssignmentId, PersonId, RoleId, type RoomId, SuppressionId } from '../../../contract/ids.ts'
import type { SuppressionList } from '../../../contract/suppression.ts'
import type { Caller } from '../../ground/caller.ts'
import type { CommandContext } from '../../ground/commands/handler.ts'
import { readRoom } from '../../ground/store/rooms.ts'
import { suppressionCommands } from '../../suppression/commands.ts'
import { SuppressionTimers } from '../../suppression/due.ts'
import { listSuppressions } from '../../suppression/list.ts'
import { IncidentRig } from '../incidents/rig.ts'

type Save = Extract<QueuedCommand, { type: 'suppression.save' }>
type Said = Extract<QueuedCommand, { type: `suppression.${string}` }>

const fail = (error: unknown): never => {
  throw error
}

/** People, rooms and suppressions in one tenant, and a time that the test says. Nobody signs in. */
export class SuppressionRig {
  readonly incidents: IncidentRig
  /** May do everything, everywhere. */
  readonly boss = PersonId.parse(v7())
  readonly #access = new Map<PersonId, Access>()

  private constructor(incidents: IncidentRig) {
    this.incidents = incidents
    this.allow(this.boss, 'all')
  }

  static async open(now: number): Promise<SuppressionRig> {
    return new SuppressionRig(await IncidentRig.open(now, { openHoldMs: 60_000, resolveHoldMs: 60_000 }))
  }

  close(): Promise<void> {
    return this.incidents.close()
  }

  get now(): number {
    return this.incidents.now
  }

  /** From now on this person may change these rooms, and no others. */
  allow(person: PersonId, scope: 'all' | RoomId[]): void {
    const permissions = ['rooms.view', 'rooms.modify', 'groups.view', 'incidents.view'] as const
    const grant = { assignment: AssignmentId.parse(v7()), role: RoleId.parse('role'), permissions: [...permissions], scope }
    this.#access.set(person, { globalAdministrator: false, grants: [grant] })
  }

  caller(person: PersonId): Caller {
    const access = this.#access.get(person) ?? { globalAdministrator: false, grants: [] }
    const { tenant } = this.incidents
    const name = person === this.boss ? 'Boss' : 'Somebody'
    const doer = { kind: 'person', id: person, name, userId: person, userTenantId: tenant } as const
    return {
      tenant,
      home: tenant,
      person,
      name,
      email: '',
      access,
      scopeVersion: 1,
      doer,
      reach: { tenant, person, access },
      expiresAt: Infinity,
      multiFactor: true,
    }
  }

  get #deps() {
    const access = { within: async (_: unknown, person: PersonId) => this.caller(person) }
    return { rooms: this.incidents.rooms, access }
  }

  /** @throws RoomkeeperError as the command is refused */
  async send(command: Said, by = this.boss): Promise<void> {
    const entry = suppressionCommands(this.#deps)
    const handlers = {
      'suppression.save': (it: Said) => it.type === 'suppression.save' && entry['suppression.save']?.(it),
      'suppression.end': (it: Said) => it.type === 'suppression.end' && entry['suppression.end']?.(it),
      'suppression.confirm': (it: Said) => it.type === 'suppression.confirm' && entry['suppression.confirm']?.(it),
    }
    const bound = handlers[command.type](command)
    if (!bound) throw new Error(`No ${command.type}.`)
    await this.incidents.store.write(this.incidents.tenant, this.caller(by).doer, async (tx) => {
      const context: CommandContext = { tx, caller: this.caller(by), actedAt: tx.at }
      await bound.unasked.check(context)
      const record = await bound.unasked.apply(context)
      if (record) tx.audit(record)
    })
  }

  /** @returns its id */
  async suppress(what: Partial<Save>, by = this.boss): Promise<SuppressionId> {
    const suppression = what.suppression ?? SuppressionId.parse(v7())
    const nothing = { rooms: [], groups: [], place: null, signals: null, owner: null, from: null, until: null, recurrence: null }
    await this.send({ type: 'suppression.save', reason: 'Works', ...nothing, ...what, suppression }, by)
    return suppression
  }

  timers(): SuppressionTimers {
    const { store, system } = this.incidents
    return new SuppressionTimers({ ...this.#deps, store, clock: system.clock, bus: this.incidents.bus, onProblem: fail })
  }

  /** Time goes on, and what is due by then happens. */
  async pass(ms: number): Promise<void> {
    this.incidents.now += ms
    await this.timers().run()
    await this.incidents.pass(0)
  }

  /** Suppressions are worked out anew, as after each start. */
  async lookAnew(): Promise<void> {
    const timers = this.timers()
    await timers.start()
    await timers.stop()
    await this.incidents.pass(0)
  }

  async place(room: RoomId, place: Partial<Place>): Promise<void> {
    await this.incidents.write(async (tx) => {
      const work = this.incidents.rooms.within(tx)
      await work.load([room])
      work.rebase(room, { place: { ...work.room(room).base.place, ...place } })
      await work.flush()
    })
  }

  async room(id: RoomId): Promise<Room> {
    const room = await readRoom(this.incidents.read(), id)
    if (!room) throw new Error('No room.')
    return room
  }

  async incidentsOf(room: RoomId): Promise<Incident[]> {
    return this.incidents.read().list('incident', { limit: 50, room })
  }

  async list(by = this.boss, state: 'live' | 'ended' = 'live'): Promise<SuppressionList['items']> {
    const { store, tenant } = this.incidents
    const caller = this.caller(by)
    return (
      await listSuppressions(store.read(tenant, 'wholeTenant'), store.read(tenant, caller.reach), caller, { state, limit: 100 }, this.now)
    ).items
  }
}
