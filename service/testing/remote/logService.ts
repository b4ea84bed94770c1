import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import { pino } from 'pino'
import { v7 } from 'uuid'
import { defaultSettings } from '../../../contract/entities.ts'
import { DeviceId, PersonId, RoomId, SessionId, type TenantId } from '../../../contract/ids.ts'
import { chunkPath, recordingTicketType } from '../../../contract/recording.ts'
import { someBytes } from '../../../contract/testing/chance.ts'
import { systemAt } from '../../../contract/testing/system.ts'
import { AccessService } from '../../access/service.ts'
import { makeTenant } from '../../access/setup.ts'
import { DeviceLine } from '../../agents/line.ts'
import { noDirectory } from '../../directory/none.ts'
import { Refusals } from '../../ground/audit/refusals.ts'
import { Budgets } from '../../ground/budgets.ts'
import { inProcessBus } from '../../ground/bus.ts'
import { Commands } from '../../ground/commands/commands.ts'
import { type ConfigInput, filesOf, readConfig } from '../../ground/config.ts'
import { buildApp } from '../../ground/http/app.ts'
import { makeMetrics } from '../../ground/ops/metrics.ts'
import { pruning } from '../../ground/ops/pruning.ts'
import { RefusalLog } from '../../ground/ops/refusalLog.ts'
import { Store } from '../../ground/store/store.ts'
import { system } from '../../ground/store/transaction.ts'
import { Rooms } from '../../incidents/rooms.ts'
import { approvals } from '../../partners/approvals.ts'
import { sessionLogRoutes } from '../../remote/logRoutes.ts'
import { remotePart } from '../../remote/part.ts'
import { recordingRoutes } from '../../remote/recordings/routes.ts'
import { signRecordingTicket } from '../../remote/recordings/ticket.ts'
import { publicPartOf } from '../../remote/relay/keys.ts'
import type { RemoteSessionTable } from '../../remote/tables.ts'
import { schema } from '../../schema.ts'
import type { ServiceDeps } from '../../server.ts'

/** For tests: the session log and recordings over HTTP, with a clock that is set by hand and two customers. */

const issuer = 'https://issuer.example'
export const manager = 'object-manager'
export const serviceName = 'roomkeeper:test'

export interface Answered {
  readonly status: number
  readonly bytes: Buffer
  readonly text: string
  readonly json: unknown
  readonly code: unknown
  readonly detail: string
  readonly headers: Headers
}

export type Row = Omit<RemoteSessionTable, 'tenant'>

export class LogService {
  readonly url: string
  readonly deps: ServiceDeps
  readonly tenants: readonly [TenantId, TenantId]
  /** The service's time, UTC ms. */
  readonly clock: { at: number }
  readonly close: () => Promise<void>
  readonly #key: JWK
  readonly #tokenKey: CryptoKey

  private constructor(parts: Pick<LogService, 'url' | 'deps' | 'tenants' | 'clock' | 'close'>, key: JWK, tokenKey: CryptoKey) {
    this.url = parts.url
    this.deps = parts.deps
    this.tenants = parts.tenants
    this.clock = parts.clock
    this.close = parts.close
    this.#key = key
    this.#tokenKey = tokenKey
  }

  static async start(timing: ConfigInput['timing'] = {}, data = mkdtempSync(join(tmpdir(), 'roomkeeper-log-'))): Promise<LogService> {
    const clock = { at: Date.UTC(2026, 2, 1, 12) }
    const system = systemAt(() => clock.at)
    const key = await exportJWK((await generateKeyPair('EdDSA', { extractable: true })).privateKey)
    const tokens = await generateKeyPair('ES256')
    const config = readConfig({ data, port: 0, logLevel: 'silent', timing })
    const bus = inProcessBus((error) => {
      throw error
    })
    const log = pino({ level: 'silent' })
    const store = await Store.open({ schema, path: filesOf(data).database, bus, ...system })
    const make = (directory: string): Promise<TenantId> =>
      makeTenant(store, { name: directory, issuer, directory, settings: defaultSettings, proManager: manager })
    const tenants: [TenantId, TenantId] = [await make('contoso'), await make('adatum')]
    const budgets = new Budgets(system.clock)
    const refusals = new Refusals({ store, ...system, log })
    const access = new AccessService({
      store,
      bus,
      budgets,
      rules: { issuer, audience: 'roomkeeper', keys: async () => tokens.publicKey, ...system },
      log,
    })
    const metrics = makeMetrics()
    const deps: ServiceDeps = {
      config,
      store,
      bus,
      access,
      budgets,
      refusals,
      commands: new Commands(),
      approvals,
      log,
      metrics,
      turnedAway: new RefusalLog({ log, metrics, ...system }),
      publicUrl: 'http://localhost',
      relayKey: key,
      serviceName,
      ...system,
      directory: noDirectory,
      rooms: new Rooms(),
      line: new DeviceLine(),
      sessionKey: publicPartOf(key),
      cursorKey: someBytes(32),
    }
    const server = createServer({ keepAliveTimeout: 60_000 })
    const app = await buildApp(deps, {
      version: '0',
      server,
      adminSecret: 'secret',
      plugins: [sessionLogRoutes, recordingRoutes, pruning([remotePart])],
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('It listens nowhere.')
    const close = async (): Promise<void> => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      await app.close()
      server.closeAllConnections()
      await closed
      access.close()
      await refusals.stop()
      await store.close()
      rmSync(data, { recursive: true, force: true })
    }
    return new LogService({ url: `http://127.0.0.1:${address.port}`, deps, tenants, clock, close }, key, tokens.privateKey)
  }

  async token(person = manager, directory = 'contoso'): Promise<string> {
    const seconds = Math.floor(this.clock.at / 1000)
    return new SignJWT({ tid: directory, oid: person, name: person, email: `${person}@${directory}.example` })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(issuer)
      .setAudience('roomkeeper')
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + 3_600)
      .sign(this.#tokenKey)
  }

  async get(path: string, who: { person?: string; directory?: string } = {}): Promise<Answered> {
    return answered(
      await fetch(`${this.url}${path}`, { headers: { authorization: `Bearer ${await this.token(who.person, who.directory)}` } }),
    )
  }

  /** A device of the tenant. */
  async device(state: 'active' | 'offboarding' | 'revoked' = 'active', tenant = this.tenants[0]): Promise<DeviceId> {
    const id = DeviceId.parse(v7())
    await this.deps.store.write(tenant, system, async (tx) => {
      await tx.insert
        .device({
          id,
          room: RoomId.parse(v7()),
          installation: v7(),
          thumbprint: v7(),
          publicKey: '{}',
          state,
          enrolledAt: 1,
          offboardingSince: null,
        })
        .execute()
    })
    return id
  }

  /** A session in the log. */
  async session(changes: Partial<Row> = {}, tenant = this.tenants[0]): Promise<Row> {
    const row: Row = {
      id: SessionId.parse(v7()),
      room: RoomId.parse(v7()),
      roomName: 'Boardroom',
      device: null,
      deviceName: 'Console',
      operator: PersonId.parse(v7()),
      operatorName: 'Ada Lovelace',
      operatorEmail: 'ada@contoso.example',
      organisation: null,
      mode: 'modify',
      startedAt: this.clock.at,
      endedAt: null,
      end: null,
      refusal: null,
      recordedBytes: 0,
      recordedMs: 0,
      recordingDeletedAt: null,
      ...changes,
    }
    await this.deps.store.write(tenant, system, async (tx) => tx.insert.remoteSession(row).execute())
    return row
  }

  async end(session: SessionId, end: Row['end'] = 'operatorEnded'): Promise<void> {
    await this.deps.store.write(this.tenants[0], system, async (tx) =>
      tx.update.remoteSession().where('id', '=', session).set({ endedAt: this.clock.at, end }).execute(),
    )
  }

  /** A ticket as the service gives it to the device; `changes` of its claims. */
  async ticket(
    { id, device }: Pick<Row, 'id' | 'device'>,
    changes: { tenant?: TenantId; device?: DeviceId; iss?: string; exp?: number } = {},
  ): Promise<string> {
    const seconds = Math.floor(this.clock.at / 1000)
    return signRecordingTicket(this.#key, {
      iss: serviceName,
      sid: id,
      tenant: this.tenants[0],
      device: device ?? DeviceId.parse(v7()),
      iat: seconds,
      exp: seconds + 3_600,
      ...changes,
    })
  }

  /** Anything signed with the service's key, or with another one. */
  async signed(
    claims: Record<string, unknown>,
    { typ = recordingTicketType, key = this.#key }: { typ?: string; key?: JWK } = {},
  ): Promise<string> {
    return new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', typ }).sign(await importJWK(key, 'EdDSA'))
  }

  async put(
    session: string,
    number: number | string,
    body: Uint8Array<ArrayBuffer>,
    ticket: string | undefined,
    headers: Record<string, string> = {},
  ): Promise<Answered> {
    const path = typeof number === 'number' ? chunkPath(session, number) : `/v1/recordings/${session}/chunks/${number}`
    const authorization = ticket === undefined ? undefined : { authorization: `Recording ${ticket}` }
    return answered(
      await fetch(`${this.url}${path}`, {
        method: 'PUT',
        body,
        headers: { 'content-type': 'application/gzip', ...authorization, ...headers },
      }),
    )
  }
}

async function answered(response: Response): Promise<Answered> {
  const bytes = Buffer.from(await response.arrayBuffer())
  const text = bytes.toString()
  const json: unknown = /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : undefined
  const field = (name: string): unknown =>
    typeof json === 'object' && json !== null ? Object.entries(json).find(([key]) => key === name)?.[1] : undefined
  return {
    status: response.status,
    bytes,
    text,
    json,
    code: field('code'),
    detail: String(field('detail') ?? ''),
    headers: response.headers,
  }
}

/** A chunk of five seconds, as a device makes it. */
export function chunkOf(session: string, number: number, events: readonly object[] = [], head: object = {}): Uint8Array<ArrayBuffer> {
  const [fromMs, toMs] = [(number - 1) * 5_000, number * 5_000]
  return packed(
    [JSON.stringify({ session, number, fromMs, toMs, ...head }), ...events.map((event) => JSON.stringify({ at: fromMs, ...event }))].join(
      '\n',
    ) + '\n',
  )
}

export const packed = (text: string | Buffer): Uint8Array<ArrayBuffer> => new Uint8Array(gzipSync(text))

const key = {
  type: 'picture',
  display: 'console',
  width: 8,
  height: 8,
  key: true,
  parts: [{ x: 0, y: 0, width: 8, height: 8, jpeg: '/9j/' }],
}
export const picture = (changes: object = {}) => ({ ...key, ...changes })
export const terminal = (text: string, changes: object = {}) => ({ type: 'terminal', terminal: 1, columns: 80, rows: 24, text, ...changes })
