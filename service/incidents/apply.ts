import type { DeviceFacts } from '../../contract/agent.ts'
import { differenceOf } from '../../contract/difference.ts'
import { defaultSettings, type Incident, kindOf, type RoomSuppression, type Settings } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { EntryId, IncidentId, type Millis, type RoomId, type TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { RemoteFacts } from '../../contract/remoteFacts.ts'
import { SignalId, signals } from '../../contract/signals.ts'
import { leaveReopened } from '../access/owners.ts'
import { roomsPlaced } from '../access/policies.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import { putCheckpoints } from './checkpoints.ts'
import { baseOf, entryDocument, incidentDocument, IncidentNames, type RoomBase, roomDocuments, transitionOf } from './documents.ts'
import { step } from './engine.ts'
import { Flaps, isTold, nextTellingAt, tell } from './flaps.ts'
import type { EngineEvent, TransitionEffect } from './happenings.ts'
import { changesOf, type Hidden, hiddenAlready, hiddenBy, putHidden } from './hidden.ts'
import { earlier, isUntold, type KnownRoom, type OpenRoom, openRoom, rowOf } from './openRoom.ts'
import { Rules } from './rules.ts'
import { newRoomState, RoomState } from './state.ts'

/** What is remembered of rooms between transactions. */
export interface RoomMemory {
  cached(room: RoomId): KnownRoom | undefined
  rulesOf(tenant: TenantId): Rules | undefined
  /** Told after the commit: what is true now. */
  remember(tenant: TenantId, rooms: Iterable<KnownRoom>, rules: Rules | undefined): void
}

/**
 * The engine at work inside one transaction: `load` the rooms, take them through any number of events, then `flush`
 * once: documents and engine state are written in a few statements however many rooms there are. What a room goes
 * through is visible to others after the commit only.
 */
export class RoomWork {
  readonly #tx: TenantTransaction
  readonly #rooms: RoomMemory
  readonly #open = new Map<RoomId, OpenRoom>()
  /** Rooms that are new (undefined), or have another name or place than before. */
  readonly #placed = new Map<RoomId, RoomBase | undefined>()
  #rules: Rules | undefined
  #remembers = false
  #hidden: Hidden[] = []

  constructor(tx: TenantTransaction, rooms: RoomMemory) {
    this.#tx = tx
    this.#rooms = rooms
  }

  /** Brings rooms to hand, and the settings. Ids of rooms that do not exist are passed over. */
  async load(ids: Iterable<RoomId>): Promise<void> {
    this.#rules ??= this.#rooms.rulesOf(this.#tx.tenant) ?? (await this.#readRules())
    const missing: RoomId[] = []
    for (const id of ids) {
      if (this.#open.has(id)) continue
      const known = this.#rooms.cached(id)
      if (known?.tenant === this.#tx.tenant) this.#open.set(id, openRoom(known, false))
      else missing.push(id)
    }
    if (missing.length > 0) await this.#read(missing)
    this.#rememberAfterCommit()
  }

  has(room: RoomId): boolean {
    return this.#open.has(room)
  }

  /** The room as this transaction sees it. @throws room.notFound where it was not loaded or does not exist. */
  room(room: RoomId): Readonly<Pick<OpenRoom, 'base' | 'state' | 'names'>> {
    return this.#get(room)
  }

  /** A new room, in onboarding (ENR-4). */
  async create(base: RoomBase): Promise<void> {
    await this.load([])
    const at = this.#tx.at
    const room = openRoom(
      { base, state: newRoomState(at), names: {}, flaps: {}, changedAt: null, checkpointAt: null, nextTimerAt: null, documents: undefined },
      true,
    )
    room.changed = room.untold = true
    room.events.push({ kind: 'onboarded', at })
    this.#open.set(base.id, room)
    this.#placed.set(base.id, undefined)
  }

  /** Takes a loaded room through one event, at the moment of this transaction. */
  take(id: RoomId, event: EngineEvent): void {
    const room = this.#get(id)
    this.#step(room, event, this.#rules ?? new Rules(defaultSettings, 0))
  }

  /** Something that is no matter of the engine, for the room's history. */
  note(id: RoomId, event: TransitionEffect): void {
    const room = this.#get(id)
    room.events.push(event)
    room.changed = true
  }

  /** What the device says of itself. `full`: it says all that it has to say, and what it does not offer any more is gone. */
  facts(id: RoomId, facts: Partial<DeviceFacts>, full = false): void {
    const room = this.#get(id)
    const { inCall = room.base.inCall, remote, kind, ...others } = facts
    let news = inCall !== room.base.inCall
    const device = { ...room.base.device }
    for (const name of factNames) {
      const value = others[name]
      if (value === undefined || value === device[name]) continue
      device[name] = value
      news = true
    }
    const offered = remote ? remoteOf(remote) : undefined
    if (offered && JSON.stringify(offered) !== JSON.stringify(device.remote)) {
      device.remote = offered
      news = true
    } else if (!offered && device.remote && full && factNames.every((name) => others[name] !== undefined)) {
      delete device.remote
      news = true
    }
    if (kind !== undefined && kind !== kindOf(device)) {
      device.kind = kind
      news = true
    }
    if (news) this.rebase(id, { inCall, device })
  }

  /** The device's clock, which is ahead by so many ms: said where it is wrong, and anew where that is another word. */
  clock(id: RoomId, aheadMs: number): void {
    const room = this.#get(id)
    const { clockAheadMs, ...others } = room.base.device
    if (Math.abs(aheadMs - (clockAheadMs ?? 0)) < limits.wrongClockStepMs) return
    const wrong = Math.abs(aheadMs) >= limits.wrongClockMs
    if (!wrong && clockAheadMs === undefined) return
    room.base = { ...room.base, device: wrong ? { ...others, clockAheadMs: aheadMs } : others }
    room.changed = true
    if (!signals['software.timeDrift'].devices.includes(kindOf(others))) return
    const seconds = Math.round(Math.abs(aheadMs) / 1_000)
    this.take(id, { type: 'clock', wrong, ...(wrong ? { detail: `${seconds} s ${aheadMs > 0 ? 'fast' : 'slow'}` } : {}) })
  }

  /** Replaces what the engine does not know: a new device in the room, another name or place. */
  rebase(id: RoomId, changes: Partial<Omit<RoomBase, 'id'>>): void {
    const room = this.#get(id)
    if ((changes.name !== undefined || changes.place !== undefined) && !this.#placed.has(id)) this.#placed.set(id, room.base)
    const kind = kindOf(room.base.device)
    room.base = { ...room.base, ...changes }
    room.changed = true
    // Another kind of device may be watched in another way.
    if (kindOf(room.base.device) === kind) return
    room.untold = true
    this.take(id, { type: 'settings' })
  }

  /**
   * What suppresses a loaded room is this from now on (ROM-3): the whole list. `at`: when what changed was due (service's clock, not in the
   * future); what is bad then and not suppressed any more begins.
   */
  suppress(id: RoomId, suppressions: readonly RoomSuppression[], at: Millis): void {
    const room = this.#get(id)
    const { suppressions: before = [], ...base } = room.base
    if (JSON.stringify(before) === JSON.stringify(suppressions)) return
    room.base = suppressions.length === 0 ? base : { ...base, suppressions: [...suppressions] }
    room.changed = true
    const was = room.state
    for (const [of, on] of changesOf(room.state.suppressed, suppressions)) this.take(id, { type: 'suppression', of, on, at })
    const news = suppressions.filter((one) => !before.some(({ id: known }) => known === one.id))
    this.#hidden.push(...hiddenAlready(id, was, news, this.#tx.at))
  }

  /** The settings are others from this moment on: `load` all rooms first that they touch. */
  changeSettings(settings: Settings): void {
    const before = this.#rules
    const after = new Rules(settings, this.#tx.at)
    for (const room of this.#open.values()) {
      if (before) this.#step(room, { type: 'timer' }, before)
      this.#step(room, { type: 'settings' }, after)
    }
    this.#rules = after
  }

  /** Puts the documents of everything that changed, and stores the engine's memory. May be called again after more. */
  async flush(): Promise<void> {
    const tx = this.#tx
    await this.#putCheckpoints()
    const changed = [...this.#open].filter(([, room]) => room.changed)
    if (changed.length === 0) return
    await this.#nameIncidents(changed)
    const ids = changed.flatMap(([, room]) => [...room.incidents].flatMap((signal) => room.names[signal]?.id ?? []))
    const before = ids.length === 0 ? new Map<string, Incident>() : await tx.getMany('incident', ids)
    const reopened: Incident[] = []
    for (const [id, room] of changed) {
      for (const signal of room.incidents) {
        const name = room.names[signal]
        const memory = room.state.signals[signal]?.incident
        if (!name || !memory) continue
        const was = before.get(name.id)
        const incident = incidentDocument(name, id, signal, memory, was, tx.at)
        tx.put('incident', incident, was)
        if (was?.status === 'resolved' && incident.status !== 'resolved') reopened.push(incident)
      }
      for (const entry of room.entries) {
        const name = room.names[entry.signal]
        if (name) tx.put('entry', entryDocument(EntryId.parse(tx.ids()), id, name.id, entry, tx.doer, tx.at))
      }
      for (const event of room.events) tx.note(transitionOf(id, event, tx.doer))
      this.#putRoom(room)
      room.incidents.clear()
      room.entries = []
      room.events = []
      room.changed = false
      room.news = true
    }
    await leaveReopened(tx, reopened)
    await putHidden(tx, this.#hidden.splice(0))
    await tx.saveRoomStates(changed.map(rowOf))
    if (this.#placed.size === 0) return
    const placed = [...this.#placed.keys()].map((id) => this.#get(id).base)
    const placedBefore = [...this.#placed.values()].filter((base) => base !== undefined)
    this.#placed.clear()
    await roomsPlaced(tx, placed, placedBefore)
    tx.publish('placed', { tenant: tx.tenant })
  }

  /** Each of the two documents where it has changed; the room's with each line of its history too, by which consoles know of it. */
  #putRoom(room: OpenRoom): void {
    const { documents: before, events } = room
    const after = roomDocuments(room.base, room.state, before)
    if (before === undefined || events.length > 0 || isOther(before.room, after.room)) this.#tx.put('room', after.room, before?.room)
    if (before === undefined || isOther(before.device, after.device)) this.#tx.put('device', after.device, before?.device)
    room.documents = after
  }

  /** Of loaded rooms, what is true now is written down, so that a moment after this can be told from it. */
  checkpoint(ids: Iterable<RoomId>): void {
    for (const id of ids) {
      const room = this.#open.get(id)
      if (room) room.untold = true
    }
  }

  async #putCheckpoints(): Promise<void> {
    const { at } = this.#tx
    // One of this very moment says what was true before.
    const due = [...this.#open].filter(([, room]) => room.untold || (room.changed && room.checkpointAt === at))
    if (due.length === 0) return
    await putCheckpoints(
      this.#tx,
      due.map(([id, { state }]) => [id, state]),
    )
    for (const [, room] of due) {
      room.untold = false
      room.changedAt = null
      room.checkpointAt = at
      room.news = true
    }
    await this.#tx.saveRoomStates(due.filter(([, { changed }]) => !changed).map(rowOf))
  }

  #get(id: RoomId): OpenRoom {
    const room = this.#open.get(id)
    if (!room) throw new RoomkeeperError('room.notFound', { params: { room: id } })
    return room
  }

  #step(room: OpenRoom, event: EngineEvent, rules: Rules): void {
    const { state, effects, nextTimerAt } = step(room.state, event, rules.for(kindOf(room.base.device)), this.#tx.at)
    const { flaps, events, late } = tell(room.flaps, effects.events, this.#tx.at)
    const next = earlier(nextTimerAt, nextTellingAt(flaps))
    if (state === room.state && flaps === room.flaps && next === room.nextTimerAt) return
    if (late || event.type === 'attention' || isUntold(room.state, state, events)) room.untold = true
    if (effects.events.length > 0 || effects.incidents.size > 0) room.changedAt ??= this.#tx.at
    for (const effect of effects.hidden) this.#hidden.push(...hiddenBy(room.base, effect))
    room.state = state
    room.flaps = flaps
    room.nextTimerAt = next
    room.changed = true
    for (const signal of effects.incidents) room.incidents.add(signal)
    room.entries.push(...effects.entries.filter((entry) => isTold(flaps, entry)))
    room.events.push(...events)
  }

  /** Gives incidents that are new their id and number; the numbers of one flush come from one statement. */
  async #nameIncidents(changed: readonly (readonly [RoomId, OpenRoom])[]): Promise<void> {
    const nameless = changed.flatMap(([, room]) =>
      SignalId.options.filter((signal) => room.incidents.has(signal) && !room.names[signal]).map((signal) => ({ room, signal })),
    )
    if (nameless.length === 0) return
    let number = await this.#tx.nextIncidentNumber(nameless.length)
    for (const { room, signal } of nameless)
      room.names = { ...room.names, [signal]: { id: IncidentId.parse(this.#tx.ids()), number: number++ } }
  }

  async #read(ids: RoomId[]): Promise<void> {
    const [docs, devices] = [await this.#tx.getMany('room', ids), await this.#tx.getMany('device', ids)]
    const rows = []
    for (let i = 0; i < ids.length; i += 2_000) {
      rows.push(
        ...(await this.#tx.tables
          .roomState()
          .selectAll()
          .where('room', 'in', ids.slice(i, i + 2_000))
          .execute()),
      )
    }
    for (const row of rows) {
      const [doc, device] = [docs.get(row.room), devices.get(row.room)]
      if (!doc || !device) continue
      const documents = { room: doc, device }
      const state = RoomState.parse(JSON.parse(row.state))
      const names = IncidentNames.parse(JSON.parse(row.incidents))
      const flaps = row.flaps === null ? {} : Flaps.parse(JSON.parse(row.flaps))
      const { changedAt, nextTimer: nextTimerAt } = row
      this.#open.set(
        row.room,
        openRoom({ base: baseOf(documents), state, names, flaps, changedAt, checkpointAt: null, nextTimerAt, documents }, true),
      )
    }
  }

  async #readRules(): Promise<Rules> {
    const settings = await this.#tx.get('settings', this.#tx.tenant)
    const newest = await this.#tx.tables
      .settingsHistory()
      .select((eb) => eb.fn.max('validFrom').as('validFrom'))
      .executeTakeFirst()
    return new Rules(settings ?? defaultSettings, Number(newest?.validFrom ?? 0))
  }

  #rememberAfterCommit(): void {
    if (this.#remembers) return
    this.#remembers = true
    const { tenant } = this.#tx
    this.#tx.messages.push(() => {
      const known: KnownRoom[] = []
      for (const {
        news,
        changed,
        untold,
        base,
        state,
        names,
        flaps,
        changedAt,
        checkpointAt,
        nextTimerAt,
        documents,
      } of this.#open.values()) {
        // What was not flushed is not in the store either.
        if (news && !changed && !untold) known.push({ tenant, base, state, names, flaps, changedAt, checkpointAt, nextTimerAt, documents })
      }
      this.#rooms.remember(tenant, known, this.#rules)
    })
  }
}

/** What a device says it offers to remote sessions (REM-3); each display once. */
export const remoteOf = ({ displays, terminal, restart }: RemoteFacts): RemoteFacts => ({
  displays: [...new Set(displays)],
  terminal,
  restart,
})

/** What a device says of itself in words. */
export const factNames = ['platform', 'os', 'manufacturer', 'model', 'serial', 'agentVersion', 'appVersion', 'address'] as const

const isOther = (before: object, after: object): boolean => Object.keys(differenceOf(before, after)).length > 0
