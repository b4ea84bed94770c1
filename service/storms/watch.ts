import type { Doc, Incident } from '../../contract/entities.ts'
import { type IncidentId, StormId, type TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { isReportedByHand } from '../../contract/signals.ts'
import type { Storm } from '../../contract/storms.ts'
import type { Clock, Undo } from '../../contract/system.ts'
import type { Bus, BusTopics } from '../ground/bus.ts'
import { parse } from '../ground/store/documents.ts'
import type { Store } from '../ground/store/store.ts'
import { system } from '../ground/store/transaction.ts'
import { Rooms } from './fleet.ts'
import { type Failed, type Group, groupStorms } from './group.ts'

export interface StormsDeps {
  readonly store: Store
  readonly bus: Bus
  readonly clock: Clock
  readonly onProblem: (error: unknown) => void
}

/** An incident as far as it decides about storms. */
interface Known extends Failed {
  readonly isOpen: boolean
  readonly alone: boolean
  readonly storm: Storm | undefined
}

interface Watched {
  readonly fleet: Rooms
  readonly incidents: Map<IncidentId, Known>
}

/** What comes within this is looked at together (ms). */
const togetherMs = 1_000
const pageRows = 2_000

/**
 * Finds the storms of each tenant as incidents open, and writes into each incident of which one it is (INC-3). All that it knows it
 * has from the documents, so a restart changes nothing; what it wrote it sees again, and writes no more.
 */
export class Storms {
  readonly #deps: StormsDeps
  readonly #tenants = new Map<TenantId, Watched>()
  readonly #dirty = new Set<TenantId>()
  #running: Promise<void> = Promise.resolve()
  #undoWait: Undo | undefined
  #unsubscribe: Undo | undefined
  #stopped = true

  constructor(deps: StormsDeps) {
    this.#deps = deps
  }

  async start(): Promise<void> {
    this.#stopped = false
    this.#unsubscribe = this.#deps.bus.subscribe('changes', (changes) => this.#changed(changes))
    for (const { id } of await this.#deps.store.tenants()) this.#soon(id)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#unsubscribe?.()
    this.#undoWait?.()
    await this.#running
  }

  /** Looks at all that has changed by now. Settles when it is written. */
  run(): Promise<void> {
    this.#running = this.#running.then(() => this.#round())
    return this.#running
  }

  #changed({ tenant, rows }: BusTopics['changes']): void {
    const watched = this.#tenants.get(tenant)
    let opened = false
    for (const { kind, body } of rows) {
      if (body === null || (kind !== 'room' && kind !== 'device' && kind !== 'incident')) continue
      if (kind === 'incident') opened = true
      if (watched) takeIn(watched, kind, body)
    }
    if (opened) this.#soon(tenant)
  }

  #soon(tenant: TenantId): void {
    this.#dirty.add(tenant)
    if (this.#stopped || this.#undoWait) return
    this.#undoWait = this.#deps.clock.after(togetherMs, () => {
      this.#undoWait = undefined
      void this.run()
    })
  }

  async #round(): Promise<void> {
    const tenants = [...this.#dirty]
    this.#dirty.clear()
    for (const tenant of tenants) {
      try {
        await this.#look(tenant)
      } catch (error) {
        this.#deps.onProblem(error)
        this.#soon(tenant)
      }
    }
  }

  async #look(tenant: TenantId): Promise<void> {
    const watched = this.#tenants.get(tenant) ?? (await this.#read(tenant))
    const since = this.#deps.clock.now() - limits.stormGrowsMs - limits.stormWindowMs
    for (const [id, { isOpen, openedAt }] of watched.incidents) if (!isOpen && openedAt < since) watched.incidents.delete(id)
    const all = [...watched.incidents.values()]
    const under = new Set(all.flatMap(({ isOpen, storm }) => (isOpen && storm ? [storm.id] : [])))
    // A storm closes when its rooms have: what was of it takes in nobody more.
    const isOver = ({ storm }: Known): boolean => storm !== undefined && !under.has(storm.id)
    const failed = all.filter((one) => !one.alone && one.openedAt >= since && !isOver(one))
    if (failed.length < limits.stormRooms) return
    const used = new Set<StormId>()
    const changes = groupStorms(failed, watched.fleet).flatMap((group) => changesOf(group, watched.incidents, used))
    if (changes.length > 0) await this.#write(tenant, changes)
  }

  /** All that there is, once. What changes while it is read comes again by the bus, or is in what is read. */
  async #read(tenant: TenantId): Promise<Watched> {
    const watched: Watched = { fleet: new Rooms(), incidents: new Map() }
    this.#tenants.set(tenant, watched)
    const read = this.#deps.store.read(tenant, 'wholeTenant')
    for (const kind of ['room', 'device', 'incident'] as const) {
      for (let after = ''; ;) {
        const rows = await read.page(kind, after, pageRows)
        for (const { body } of rows) if (body !== null) takeIn(watched, kind, body)
        const last = rows.at(-1)
        if (!last || rows.length < pageRows) break
        after = last.id
      }
    }
    return watched
  }

  async #write(tenant: TenantId, changes: readonly Change[]): Promise<void> {
    await this.#deps.store.write(tenant, system, async (tx) => {
      const fresh = changes.filter(({ known }) => known === undefined).length
      let number = fresh === 0 ? 0 : await tx.nextIncidentNumber(fresh)
      for (const { group, known, members } of changes) {
        const { cause, value } = group
        const {
          id,
          at,
          first,
          number: own,
        } = known ?? { id: StormId.parse(tx.ids()), at: group.at, first: firstOf(group), number: number++ }
        const storm: Storm = { id, number: own, cause, value, at, first }
        const incidents = await tx.getMany('incident', members)
        for (const incident of incidents.values()) {
          if (incident.status !== 'needAction' || incident.alone) continue
          tx.put('incident', { ...incident, storm, changedAt: tx.at }, incident)
        }
      }
    })
  }
}

/** Incidents that are to say that they are of this storm. */
interface Change {
  readonly group: Group
  /** Undefined: it is a new one. */
  readonly known: Storm | undefined
  readonly members: readonly IncidentId[]
}

/** A group goes on as the storm that most of its incidents are of already. */
function changesOf(group: Group, incidents: ReadonlyMap<IncidentId, Known>, used: Set<StormId>): Change[] {
  const all = group.incidents.flatMap(({ id }) => incidents.get(id) ?? [])
  const storms = Map.groupBy(
    all.flatMap(({ storm }) => storm ?? []),
    ({ id }) => id,
  )
  const [known] = [...storms.values()]
    .filter(([one]) => one !== undefined && !used.has(one.id))
    .sort(([one, ...more], [other, ...others]) => others.length - more.length || ((one?.id ?? '') < (other?.id ?? '') ? -1 : 1))
    .flatMap(([one]) => one ?? [])
  if (known) used.add(known.id)
  const open = all.filter(({ isOpen }) => isOpen)
  // What is over before anyone looked is no storm any more.
  if (!known && open.length < limits.stormRooms) return []
  const isSaid = ({ storm }: Known): boolean => storm?.id === known?.id && storm?.cause === group.cause && storm.value === group.value
  const members = open.filter((one) => !isSaid(one)).map(({ id }) => id)
  return members.length > 0 ? [{ group, known, members }] : []
}

/** The incident that stands for all of them where one has to. */
const firstOf = ({ incidents }: Group): IncidentId =>
  incidents.reduce((one, other) => (other.openedAt < one.openedAt || (other.openedAt === one.openedAt && other.id < one.id) ? other : one))
    .id

function takeIn({ fleet, incidents }: Watched, kind: 'room' | 'device' | 'incident', body: string): void {
  if (kind === 'room') fleet.room(parse<'room'>(body))
  else if (kind === 'device') fleet.device(parse<'device'>(body))
  else {
    const incident = parse<'incident'>(body)
    const known = knownOf(incident)
    if (known) incidents.set(incident.id, known)
    else incidents.delete(incident.id)
  }
}

/** Undefined: it has not opened, or does not say when; what people reported together is linked by their report. */
function knownOf({ id, room, signal, status, openedAt, alone, storm }: Doc<'incident'>): Known | undefined {
  if (openedAt === undefined || status === 'investigating' || isReportedByHand({ signal })) return undefined
  return { id, room, signal, openedAt, isOpen: isOpen(status), alone: alone === true, storm }
}

const isOpen = (status: Incident['status']): boolean => status === 'needAction'
