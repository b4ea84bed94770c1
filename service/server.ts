import { mkdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import type { System } from '../contract/system.ts'
import { accessPart } from './access/part.ts'
import { AccessService } from './access/service.ts'
import type { AgentDeps } from './agents/deps.ts'
import { DeviceLine } from './agents/line.ts'
import { agentsPart } from './agents/part.ts'
import { auditPart } from './audit/part.ts'
import { makeDemo } from './demo/demo.ts'
import { Directory } from './directory/accounts.ts'
import { enrolmentPart } from './enrolment/part.ts'
import { feedPart } from './feed/part.ts'
import { Refusals } from './ground/audit/refusals.ts'
import { Budgets } from './ground/budgets.ts'
import { inProcessBus } from './ground/bus.ts'
import { Commands } from './ground/commands/commands.ts'
import { commandRoutes } from './ground/commands/routes.ts'
import { type Config, filesOf, isEmbedded } from './ground/config.ts'
import { buildApp } from './ground/http/app.ts'
import { closeServer, listen, makeServer, urlOf } from './ground/http/listen.ts'
import type { DeclaredRoute } from './ground/http/routeAccess.ts'
import { serviceRoutes } from './ground/http/service.ts'
import { makeLogger } from './ground/ops/log.ts'
import { makeMetrics } from './ground/ops/metrics.ts'
import { serveMetrics } from './ground/ops/metricsServer.ts'
import { pruning } from './ground/ops/pruning.ts'
import { RefusalLog } from './ground/ops/refusalLog.ts'
import { removeRuntime, writeRuntime } from './ground/ops/runtime.ts'
import type { Part } from './ground/part.ts'
import { CommandProblem } from './ground/problems.ts'
import { readSecrets } from './ground/secrets.ts'
import { lockFolder } from './ground/store/sqlite.ts'
import { Store } from './ground/store/store.ts'
import { identityOf } from './identity/identity.ts'
import { identityPath } from './identity/issuer.ts'
import { identityPart } from './identity/part.ts'
import { incidentsPart } from './incidents/part.ts'
import { Rooms } from './incidents/rooms.ts'
import { notificationsPart } from './notifications/part.ts'
import { approvals } from './partners/approvals.ts'
import { partnersPart } from './partners/part.ts'
import { policyFilePart } from './policyFile/part.ts'
import { remotePart } from './remote/part.ts'
import { publicPartOf } from './remote/relay/keys.ts'
import { roomsPart } from './rooms/part.ts'
import { schema } from './schema.ts'
import { stormsPart } from './storms/part.ts'
import { suppressionPart } from './suppression/part.ts'

/** What the whole service is made with. */
export type ServiceDeps = AgentDeps

/** The capabilities of the service, in the order in which they start. */
export const parts: readonly Part<ServiceDeps>[] = [
  accessPart,
  incidentsPart,
  stormsPart,
  roomsPart,
  partnersPart,
  policyFilePart,
  notificationsPart,
  auditPart,
  enrolmentPart,
  // Before the agents: what it says to them must be said before they are cut off.
  remotePart,
  // Before the agents: what was due while the service was away happens first.
  suppressionPart,
  agentsPart,
  feedPart,
  identityPart,
]

/**
 * Fills `deps.commands` with what the parts have.
 * @throws where two parts have the same command, or none has one: mistakes of the program.
 */
export function addCommands(deps: ServiceDeps): void {
  for (const { commands } of parts) if (commands) deps.commands.add(commands(deps))
  if (deps.commands.missing.length > 0) throw new Error(`No part has the command ${deps.commands.missing.join(', ')}.`)
}

export interface RunningService {
  readonly url: string
  readonly data: string
  /** Where its figures are, if anywhere. */
  readonly metrics?: string
  /** Every HTTP route, with who may use it. */
  readonly routes: readonly DeclaredRoute[]
  /** Ends sockets, commits what was begun, closes the data. */
  stop(): Promise<void>
}

const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')))

/**
 * Starts the service: lock, port, data, parts, in that order, so that a second start on the same folder or port
 * changes nothing.
 * @throws CommandProblem where the folder or port is in use, or the data is of a newer version.
 */
export async function startService(config: Config, system: System): Promise<RunningService> {
  const { clock } = system
  const files = filesOf(config.data)
  mkdirSync(files.folder, { recursive: true, mode: 0o700 })
  const log = makeLogger(config.logLevel, 'service', clock)
  /** What has been opened, to be closed in the opposite order. */
  const opened: (() => void | Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const close of opened.splice(0).reverse()) await close()
  }
  try {
    const unlock = lockFolder(files.lock)
    if (!unlock) throw new CommandProblem(`Another service uses the data folder ${config.data}. Stop it, or give --data another folder.`)
    opened.push(unlock)

    const server = makeServer(config)
    // The port before anything else is opened. Until the app answers, requests wait in the system's queue.
    const port = await listen(server, config)
    opened.push(() => closeServer(server))
    const url = urlOf(config, port)
    const publicUrl = config.publicUrl?.replace(/\/$/, '') ?? url

    const metrics = makeMetrics()
    const figures = await serveMetrics(metrics.registry, config.metricsPort)
    if (figures) opened.push(() => figures.close())
    const bus = inProcessBus((error, topic) => log.error({ err: error, topic }, 'a subscriber failed'))
    const store = await Store.open({
      path: files.database,
      schema,
      bus,
      ...system,
      onWrite: () => {
        const took = metrics.commitSeconds.startTimer()
        return (rows) => {
          metrics.committedRows.inc(rows)
          took()
        }
      },
      onLocked: (locked, file, of) => {
        if (locked) log.error({ code: 'store.locked', of }, `the database is locked by another program: ${file}`)
        else log.info({ of }, `the database is free again: ${file}`)
      },
    })
    opened.push(() => store.close())
    const secrets = await readSecrets(store, system.random)
    const adminSecret = system.random.bytes(32).toString('base64url')
    if (isEmbedded(config) && config.demo) await makeDemo(store, new Directory(store, system.random), config.settings)
    const identity = await identityOf(config, `${url}${identityPath}`, { store, secrets, clock, random: system.random, log })
    const budgets = new Budgets(clock)
    const refusals = new Refusals({ store, clock, log })
    opened.push(() => refusals.stop())
    const access = new AccessService({ store, bus, log, budgets, rules: identity.rules, directory: identity.directory })
    opened.push(() => access.close())

    const deps: ServiceDeps = {
      config,
      store,
      bus,
      access,
      budgets,
      refusals,
      commands: new Commands(),
      approvals,
      directory: identity.directory,
      rooms: new Rooms(),
      line: new DeviceLine(),
      log,
      metrics,
      turnedAway: new RefusalLog({ log, metrics, clock }),
      publicUrl,
      relayKey: secrets.relayKey,
      serviceName: secrets.serviceName,
      sessionKey: publicPartOf(secrets.relayKey),
      cursorKey: secrets.cursorKey,
      ...system,
    }
    const discovery = async () => ({
      product: 'roomkeeper' as const,
      version,
      service: secrets.serviceName,
      issuer: identity.issuerUrl,
      clientId: identity.clientId,
      scope: identity.scope,
      ...identity.consoles,
      embeddedIssuer: identity.embedded,
      setupRequired: identity.embedded && (await store.tenants()).length === 0,
    })
    addCommands(deps)
    const routes: DeclaredRoute[] = []
    const app = await buildApp(deps, {
      version,
      server,
      adminSecret,
      onRoute: (route) => routes.push(route),
      plugins: [
        serviceRoutes(discovery),
        commandRoutes,
        ...parts.flatMap(({ plugins: ofPart = [] }) => ofPart),
        ...identity.plugins,
        pruning(parts),
      ],
    })
    opened.push(() => app.close())
    writeRuntime(files.runtime, { pid: process.pid, url, adminSecret })
    opened.push(() => removeRuntime(files.runtime))
    log.info({ url, data: config.data, version }, 'the service is ready')
    return { url, data: config.data, ...(figures === undefined ? {} : { metrics: figures.url }), routes, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
