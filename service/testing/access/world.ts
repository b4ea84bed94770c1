import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair, SignJWT } from 'jose'
import { pino } from 'pino'
import { v7 } from 'uuid'
import type { Command, CommandRequest, PolicyCommand } from '../../../contract/commands.ts'
import { defaultSettings, type Incident } from '../../../contract/entities.ts'
import { type ErrorCode, RoomkeeperError } from '../../../contract/errors.ts'
import { feedProtocolVersion } from '../../../contract/feed.ts'
import { CommandKey, DeviceId, type PersonId, type TenantId } from '../../../contract/ids.ts'
import type { Effect } from '../../../contract/policyApi.ts'
import { systemAt } from '../../../contract/testing/system.ts'
import { settle } from '../../../contract/testing/wait.ts'
import { saveAssignment } from '../../access/assignments.ts'
import { DirectorySync } from '../../access/membership/sync.ts'
import { preview } from '../../access/preview.ts'
import { AccessService } from '../../access/service.ts'
import { makeTenant } from '../../access/setup.ts'
import { DeviceLine } from '../../agents/line.ts'
import { globalAdministratorRole } from '../../directory/directory.ts'
import { Cursors } from '../../feed/cursors.ts'
import { FeedHub } from '../../feed/hub.ts'
import { snapshotPage } from '../../feed/snapshot.ts'
import { Refusals } from '../../ground/audit/refusals.ts'
import { Budgets } from '../../ground/budgets.ts'
import { type Bus, inProcessBus } from '../../ground/bus.ts'
import type { Caller } from '../../ground/caller.ts'
import { Commands } from '../../ground/commands/commands.ts'
import { submit } from '../../ground/commands/submit.ts'
import { readConfig } from '../../ground/config.ts'
import { makeMetrics } from '../../ground/ops/metrics.ts'
import { RefusalLog } from '../../ground/ops/refusalLog.ts'
import { Store } from '../../ground/store/store.ts'
import { system } from '../../ground/store/transaction.ts'
import { Rooms } from '../../incidents/rooms.ts'
import { approvals } from '../../partners/approvals.ts'
import { schema } from '../../schema.ts'
import { addCommands, type ServiceDeps } from '../../server.ts'
import {
  assignmentIds,
  builtIn,
  incidentOf,
  keyOf,
  nameOf,
  nth,
  type Organisation,
  organisations,
  people,
  type Person,
  type Room,
  rooms,
} from './cast.ts'
import { Consoles } from './consoles.ts'
import { ChangingDirectory } from './directory.ts'
import type { Facts } from './facts.ts'
import { storedFacts } from './stored.ts'
import { type Answer, type Question, Surface } from './surface.ts'

/**
 * The service's access as HTTP uses it, in this process: people are let in by tokens, send commands, and read; two tenants in
 * a store of its own, and directories that change under it.
 */

const issuer = 'https://issuer.example'
/** When plays begin (ms), and the world was furnished before. */
const start = 1_800_000_000_000
export const furnishedAt = start - 3_600_000
const log = pino({ level: 'silent' })
const metrics = makeMetrics()
const keys = await generateKeyPair('ES256')

/** What became of a command, as whoever sent it is told. */
export type Told =
  | { readonly outcome: 'applied'; readonly at: number }
  | { readonly outcome: 'requested'; readonly request: string }
  | { readonly outcome: 'refused'; readonly code: ErrorCode; readonly said: string }

const refusalOf = (error: unknown): Extract<Told, { outcome: 'refused' }> => {
  if (!(error instanceof RoomkeeperError)) throw error
  return { outcome: 'refused', code: error.code, said: JSON.stringify(error.details) }
}

export class World {
  readonly directory = new ChangingDirectory()
  readonly store: Store
  readonly access: AccessService
  readonly tenants: Readonly<Record<Organisation, TenantId>>
  readonly #folder: string
  readonly #deps: ServiceDeps
  #surface: Promise<Surface> | undefined
  readonly consoles: Consoles
  readonly #unlisten: () => void
  readonly #sync: DirectorySync
  readonly #clock: { now: number }
  readonly #tokens = new Map<string, { readonly token: string; readonly multiFactor: boolean }>()

  private constructor(folder: string, store: Store, bus: Bus, clock: { now: number }, tenants: Readonly<Record<Organisation, TenantId>>) {
    this.#folder = folder
    this.#clock = clock
    this.store = store
    this.tenants = tenants
    const system = systemAt(() => clock.now)
    const refusals = new Refusals({ store, ...system, log })
    const rules = { issuer, audience: 'roomkeeper', keys: async () => keys.publicKey, ...system }
    const budgets = unlimited()
    this.access = new AccessService({ store, bus, log, budgets, rules, directory: this.directory })
    this.#deps = {
      config: readConfig({ data: folder, logLevel: 'silent' }),
      ...{ store, bus, access: this.access, budgets, refusals, directory: this.directory, log, metrics, ...system },
      commands: new Commands(),
      approvals,
      rooms: new Rooms(),
      line: new DeviceLine(),
      turnedAway: new RefusalLog({ log, metrics, ...system }),
      publicUrl: 'http://localhost',
      relayKey: {},
      serviceName: 'service',
      sessionKey: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) },
      cursorKey: Buffer.alloc(32, 7),
    }
    addCommands(this.#deps)
    const cursors = new Cursors(this.#deps.cursorKey)
    const hub = new FeedHub(this.#deps, cursors)
    this.#unlisten = hub.listen()
    this.consoles = new Consoles({
      hub,
      caller: (person, at) => this.caller(person, at),
      snapshot: (caller, after) => snapshotPage(store, cursors, caller, feedProtocolVersion, after),
    })
    this.#sync = new DirectorySync({ store, directory: this.directory, ...system, log })
  }

  /** A copy of the world that `prepare` made once. */
  static async start(prepared: string, at = start): Promise<World> {
    const folder = mkdtempSync(join(tmpdir(), 'roomkeeper-access-'))
    cpSync(prepared, folder, { recursive: true })
    const clock = { now: at }
    const { store, bus } = await open(folder, clock)
    const stored = await store.tenants()
    const idOf = (name: Organisation): TenantId => {
      const tenant = stored.find((one) => one.name === name)
      if (!tenant) throw new Error(`There is no ${name}.`)
      return tenant.id
    }
    const world = new World(folder, store, bus, clock, { contoso: idOf('contoso'), fabrikam: idOf('fabrikam') })
    for (const person of people) await world.signIn(person, false)
    return world
  }

  /** Makes the organisations and their rooms; returns the folder, which is the caller's to remove. */
  static async prepare(): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), 'roomkeeper-access-'))
    const clock = { now: furnishedAt - 60_000 }
    const { store } = await open(folder, clock)
    for (const name of organisations) {
      const members = [{ kind: 'person' as const, id: name === 'contoso' ? 'ada' : 'pia' }]
      const tenant = await makeTenant(store, { name, issuer, directory: name, settings: defaultSettings }, (tx) =>
        saveAssignment(tx, { id: nth(assignmentIds, 3), name: 'Assignment 3', role: builtIn('proManager'), members, scope: 'all' }),
      )
      const work = new Rooms()
      await store.write(tenant, system, async (tx) => {
        const within = work.within(tx)
        for (const room of rooms[name]) {
          const id = DeviceId.parse(v7())
          await tx.insert.device({ ...row, id, room: room.id, installation: id, thumbprint: id, enrolledAt: tx.at }).execute()
          await within.create({
            id: room.id,
            name: room.name,
            place: { country: 'FR', city: 'Lyon', building: room.building, floor: '1', timeZone: 'UTC' },
            onboardedAt: 0,
            inCall: false,
            device: { ...device, id },
          })
          tx.put('incident', incident(room))
        }
        await within.flush()
      })
    }
    await store.close()
    return folder
  }

  get now(): number {
    return this.#clock.now
  }

  /** The next second. */
  tick(): void {
    this.#clock.now += 1_000
  }

  /** A new token, which says what the directory says now. */
  async signIn(person: Person, multiFactor: boolean): Promise<void> {
    const { home, id } = person
    const groups = Object.entries(this.directory.facts(home).groups).flatMap(([group, ids]) => (ids.includes(id) ? [group] : []))
    const token = await new SignJWT({
      tid: home,
      oid: id,
      name: nameOf(person),
      email: `${id}@${home}.example`,
      groups,
      wids: person.globalAdministrator ? [globalAdministratorRole] : [],
      amr: multiFactor ? ['pwd', 'mfa'] : ['pwd'],
    })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(issuer)
      .setAudience('roomkeeper')
      .setIssuedAt(this.now / 1000)
      .setExpirationTime(start / 1000 + 24 * 3_600)
      .sign(keys.privateKey)
    this.#tokens.set(keyOf(person), { token, multiFactor })
    await this.caller(person, home)
  }

  multiFactorOf(person: Person): boolean {
    return this.#tokens.get(keyOf(person))?.multiFactor ?? false
  }

  /** Whoever is let in, or why not. `formerToo`: to send commands, as their route lets them in. */
  async caller(person: Person, at: Organisation, formerToo = false): Promise<Caller | ErrorCode> {
    const token = this.#tokens.get(keyOf(person))?.token ?? ''
    try {
      return await this.access.authenticate(token, at === person.home ? undefined : this.tenants[at], formerToo)
    } catch (error) {
      return refusalOf(error).code
    }
  }

  request(command: Command): CommandRequest {
    return { key: CommandKey.parse(v7()), issuedAt: this.now, command }
  }

  async send(caller: Caller, request: CommandRequest): Promise<Told> {
    try {
      const done = await submit(this.#deps, caller, request)
      if (done.outcome === 'refused') return { outcome: done.outcome, code: done.code, said: done.detail ?? '' }
      return done.outcome === 'applied' ? { outcome: done.outcome, at: done.at } : { outcome: done.outcome, request: done.request }
    } catch (error) {
      return error instanceof RoomkeeperError ? refusalOf(error) : { outcome: 'refused', code: 'service.failed', said: String(error) }
    }
  }

  async preview(caller: Caller, command: PolicyCommand): Promise<Effect | Extract<Told, { outcome: 'refused' }>> {
    try {
      return await preview(this.#deps, caller, command)
    } catch (error) {
      return refusalOf(error)
    }
  }

  /** The directories are read, as they are every now and then, and after every change of policy. */
  async readDirectories(): Promise<void> {
    await this.#sync.wantAll()
    while (this.#sync.busy) await settle()
  }

  /** What the tables say. */
  async tenantFacts(): Promise<Facts['tenants']> {
    return {
      contoso: await storedFacts(this.store.read(this.tenants.contoso, 'wholeTenant')),
      fabrikam: await storedFacts(this.store.read(this.tenants.fabrikam, 'wholeTenant')),
    }
  }

  /** The person's id in a tenant, where they are known there. */
  async idOf({ home, id }: Person, at: Organisation): Promise<PersonId | undefined> {
    const { tables } = this.store.read(this.tenants[at], 'wholeTenant')
    return (await tables.person().select('id').where('directory', '=', home).where('objectId', '=', id).executeTakeFirst())?.id
  }

  /** What is there to be read; made where it is asked for. */
  surface(): Promise<Surface> {
    return (this.#surface ??= Surface.start(this.#deps))
  }

  async ask(person: Person, at: Organisation, method: Question['method'], path: string, body?: object): Promise<Answer> {
    const token = this.#tokens.get(keyOf(person))?.token ?? ''
    const tenant = at === person.home ? undefined : this.tenants[at]
    return (await this.surface()).ask({ token, tenant, method, path, ...(body === undefined ? {} : { body }) })
  }

  /** Returns the folder, which is the caller's to remove. */
  async close(): Promise<string> {
    await (await this.#surface)?.close()
    this.#unlisten()
    this.#sync.close()
    await this.#deps.refusals.stop()
    this.access.close()
    await this.store.close()
    return this.#folder
  }
}

/** Everybody asks a minute after everybody else. */
function unlimited(): Budgets {
  let at = 0
  return new Budgets({ now: () => (at += 60_000) })
}

async function open(folder: string, clock: { readonly now: number }): Promise<{ store: Store; bus: Bus }> {
  const bus = inProcessBus((error) => {
    throw error
  })
  return { store: await Store.open({ schema, path: join(folder, 'service.db'), bus, ...systemAt(() => clock.now) }), bus }
}

const row = { publicKey: '{}', state: 'active' as const, account: null, offboardingSince: null }

const device = {
  profile: 'generic' as const,
  keyProtection: 'software' as const,
  platform: '',
  os: '',
  manufacturer: '',
  model: '',
  serial: '',
  agentVersion: '',
  appVersion: '',
  address: '',
}

const incident = (room: Room): Incident => ({
  id: incidentOf(room),
  number: Number(room.name.replace('Room ', '')),
  room: room.id,
  signal: 'peripherals.camera',
  severity: 'important',
  status: 'needAction',
  value: 'unhealthy',
  since: 1,
  openings: 1,
  flapping: false,
  changedAt: 1,
})
