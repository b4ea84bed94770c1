import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair, SignJWT } from 'jose'
import { pino } from 'pino'
import { defaultSettings, type Settings } from '../../../contract/entities.ts'
import type { TenantId } from '../../../contract/ids.ts'
import type { Clock } from '../../../contract/system.ts'
import { someBytes } from '../../../contract/testing/chance.ts'
import { realSystem } from '../../../contract/testing/system.ts'
import { AccessService } from '../../access/service.ts'
import { makeTenant } from '../../access/setup.ts'
import { DeviceLine } from '../../agents/line.ts'
import { agentSockets } from '../../agents/plugin.ts'
import { noDirectory } from '../../directory/none.ts'
import { digestOfKey } from '../../enrolment/keys.ts'
import { devicesComeAndLeave } from '../../enrolment/plugin.ts'
import { feed } from '../../feed/plugin.ts'
import { Refusals } from '../../ground/audit/refusals.ts'
import { Budgets } from '../../ground/budgets.ts'
import { inProcessBus } from '../../ground/bus.ts'
import { Commands } from '../../ground/commands/commands.ts'
import { type ConfigInput, readConfig } from '../../ground/config.ts'
import { buildApp } from '../../ground/http/app.ts'
import { makeMetrics } from '../../ground/ops/metrics.ts'
import { RefusalLog } from '../../ground/ops/refusalLog.ts'
import { Store } from '../../ground/store/store.ts'
import { system } from '../../ground/store/transaction.ts'
import { Rooms } from '../../incidents/rooms.ts'
import { approvals } from '../../partners/approvals.ts'
import { publicPartOf } from '../../remote/relay/keys.ts'
import { schema } from '../../schema.ts'
import type { ServiceDeps } from '../../server.ts'

/** For tests: the devices' and consoles' side of the service in this process, with an issuer of its own. */

const issuer = 'https://issuer.example'
const directory = 'directory-1'
export const proManager = 'object-pro-manager'
export const enrolmentKey = 'test-enrolment-key-0123456789'

export interface PartsOptions {
  readonly settings?: Partial<Omit<Settings, 'id'>>
  readonly timing?: ConfigInput['timing']
  /** The service's clock; by default the real one. */
  readonly clock?: Clock
  /** Where the data is, if it is to outlive the parts. */
  readonly folder?: string
}

export interface Parts {
  readonly url: string
  readonly deps: ServiceDeps
  readonly tenant: TenantId
  /** An access token of a person by their object id, for so many seconds. */
  token(objectId: string, seconds?: number): Promise<string>
  /** An access token of a room's account, by its object id. */
  accountToken(objectId: string): Promise<string>
  close(): Promise<void>
}

export async function startParts(options: PartsOptions = {}): Promise<Parts> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'roomkeeper-parts-'))
  const { clock = realSystem.clock } = options
  const config = readConfig({ data: folder, port: 0, logLevel: 'silent', timing: { graceMs: 0, ...options.timing } })
  const bus = inProcessBus((error) => {
    throw error
  })
  const store = await Store.open({ schema, path: join(folder, 'service.db'), bus, ...realSystem, clock })
  const [known] = await store.tenants()
  const tenant = known?.id ?? (await makeTestTenant(store, options.settings))
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const relayKey = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const log = pino({ level: 'silent' })
  const budgets = new Budgets(clock)
  const metrics = makeMetrics()
  const refusals = new Refusals({ store, clock, log })
  const access = new AccessService({
    store,
    bus,
    budgets,
    rules: { issuer, audience: 'roomkeeper', keys: async () => publicKey, clock },
    log,
  })
  const deps: ServiceDeps = {
    config,
    store,
    bus,
    access,
    budgets,
    refusals,
    commands: new Commands(),
    approvals,
    directory: noDirectory,
    rooms: new Rooms(),
    line: new DeviceLine(),
    log,
    metrics,
    turnedAway: new RefusalLog({ log, metrics, clock }),
    publicUrl: 'http://localhost',
    relayKey,
    serviceName: 'roomkeeper:test',
    sessionKey: publicPartOf(relayKey),
    cursorKey: someBytes(32),
    ...realSystem,
    clock,
  }
  const tokenOf = (objectId: string, seconds = 3_600, claims: Readonly<Record<string, string>> = {}): Promise<string> =>
    new SignJWT({ tid: directory, oid: objectId, name: objectId, email: `${objectId}@contoso.example`, ...claims })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(issuer)
      .setAudience('roomkeeper')
      .setIssuedAt(Math.floor(clock.now() / 1000))
      .setExpirationTime(Math.floor(clock.now() / 1000) + seconds)
      .sign(privateKey)
  const server = createServer({ keepAliveTimeout: 60_000 })
  const app = await buildApp(deps, {
    version: '0',
    server,
    adminSecret: 'secret',
    plugins: [devicesComeAndLeave, agentSockets, feed],
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4_096, resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The parts listen nowhere.')
  return {
    url: `http://127.0.0.1:${address.port}`,
    deps,
    tenant,
    token: (objectId, seconds) => tokenOf(objectId, seconds),
    accountToken: (objectId) => tokenOf(objectId, 3_600, { account_kind: 'room' }),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      await app.close()
      server.closeAllConnections()
      await closed
      access.close()
      await refusals.stop()
      await store.close()
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function makeTestTenant(store: Store, changes: Partial<Omit<Settings, 'id'>> = {}): Promise<TenantId> {
  const settings = { ...defaultSettings, openHoldMs: 0, resolveHoldMs: 0, allowSoftwareKeys: true, ...changes }
  const tenant = await makeTenant(store, { name: 'Contoso', issuer, directory, settings, proManager })
  await store.write(tenant, system, async (tx) => {
    await tx.insert.enrolmentKey({ digest: digestOfKey(enrolmentKey), key: enrolmentKey, madeAt: tx.at }).execute()
  })
  return tenant
}
