import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Discovery } from '../contract/api.ts'
import { limits } from '../contract/limits.ts'
import { Budgets } from './ground/budgets.ts'
import { AccessService } from './access/service.ts'
import { makeTenant } from './access/setup.ts'
import { keysOfIssuer, type TokenRules } from './access/tokens.ts'
import { DeviceLine } from './agents/line.ts'
import { agentsPart } from './agents/plugin.ts'
import { Refusals } from './ground/audit/refusals.ts'
import { inProcessBus } from './ground/bus.ts'
import { type Config, filesOf, isEmbedded, newTenantSettings } from './ground/config.ts'
import { makeDemo } from './demo/demo.ts'
import { demoPeople } from './identity/people.ts'
import type { App, Plugin, ServiceDeps } from './ground/deps.ts'
import type { DirectoryReader } from './directory/directory.ts'
import { EmbeddedDirectory } from './directory/embedded.ts'
import { GraphDirectory } from './directory/graph.ts'
import { GraphRequests } from './directory/graphRequests.ts'
import { graphTokens } from './directory/graphToken.ts'
import { noDirectory } from './directory/none.ts'
import { directorySync } from './access/membership/sync.ts'
import { feed } from './feed/plugin.ts'
import { buildApp } from './ground/http/app.ts'
import { closeServer, listen, makeServer, urlOf } from './ground/http/listen.ts'
import type { DeclaredRoute } from './ground/http/routeAccess.ts'
import { auditRoutes } from './audit/routes.ts'
import { commandRoutes } from './ground/commands/routes.ts'
import { directoryEdits, directoryRoutes } from './access/directoryRoutes.ts'
import { enrolmentRoutes } from './enrolment/routes.ts'
import { explainRoutes } from './access/explainRoutes.ts'
import { localRoutes } from './identity/localRoutes.ts'
import { tenantRoutes } from './identity/tenantRoutes.ts'
import { partnerRoutes } from './partners/routes.ts'
import { peopleRoutes } from './access/peopleRoutes.ts'
import { roleRoutes } from './access/roleRoutes.ts'
import { policyFileRoutes } from './policyFile/routes.ts'
import { recordingRoutes } from './remote/recordings/routes.ts'
import { roomRoutes } from './rooms/routes.ts'
import { serviceRoutes } from './ground/http/service.ts'
import { sessionLogRoutes } from './remote/logRoutes.ts'
import { Directory, embeddedIssuerName } from './directory/accounts.ts'
import { embeddedClient, identityPath, makeIssuer } from './identity/issuer.ts'
import { identityRoutes } from './identity/plugin.ts'
import { readSecrets, type ServiceSecrets } from './identity/secrets.ts'
import { Rooms } from './incidents/rooms.ts'
import { type Logger, makeLogger } from './ground/ops/log.ts'
import { makeMetrics } from './ground/ops/metrics.ts'
import { serveMetrics } from './ground/ops/metricsServer.ts'
import { pruning } from './ground/ops/pruning.ts'
import { RefusalLog } from './ground/ops/refusalLog.ts'
import { removeRuntime, writeRuntime } from './ground/ops/runtime.ts'
import { requestExpiry } from './partners/expiry.ts'
import { CommandProblem } from './ground/problems.ts'
import { publicPartOf } from './remote/relay/keys.ts'
import { remotePart } from './remote/plugin.ts'
import { lockFolder } from './ground/store/sqlite.ts'
import { Store } from './ground/store/store.ts'

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
export async function startService(config: Config, now: () => number = Date.now): Promise<RunningService> {
  const files = filesOf(config.data)
  mkdirSync(files.folder, { recursive: true, mode: 0o700 })
  const log = makeLogger(config.logLevel, 'service')
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
      bus,
      now,
      onCommit: (rows, ms) => {
        metrics.committedRows.inc(rows)
        metrics.commitSeconds.observe(ms / 1000)
      },
      onLocked: (locked, file, of) => {
        if (locked) log.error({ code: 'store.locked', of }, `the database is locked by another program: ${file}`)
        else log.info({ of }, `the database is free again: ${file}`)
      },
    })
    opened.push(() => store.close())
    const secrets = await readSecrets(store)
    const adminSecret = randomBytes(32).toString('base64url')
    const identity = await identityOf(config, `${url}${identityPath}`, { store, secrets, now, log })
    const budgets = new Budgets(now)
    const refusals = new Refusals({ store, now, log })
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
      directory: identity.directory,
      rooms: new Rooms(),
      line: new DeviceLine(),
      log,
      metrics,
      turnedAway: new RefusalLog({ log, metrics, now }),
      serviceName: secrets.serviceName,
      sessionKey: publicPartOf(secrets.relayKey),
      cursorKey: secrets.cursorKey,
      now,
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
    const routes: DeclaredRoute[] = []
    const app = await buildApp(deps, {
      version,
      server,
      adminSecret,
      onRoute: (route) => routes.push(route),
      plugins: [
        serviceRoutes(discovery),
        peopleRoutes,
        roleRoutes,
        roomRoutes,
        commandRoutes,
        partnerRoutes,
        auditRoutes,
        explainRoutes,
        policyFileRoutes,
        directoryRoutes,
        directorySync,
        enrolmentRoutes(publicUrl),
        // Before the agents: what it says to them must be said before they are cut off.
        remotePart(secrets),
        sessionLogRoutes,
        recordingRoutes,
        agentsPart(secrets),
        feed,
        requestExpiry,
        pruning,
        ...identity.plugins,
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

interface Identity {
  readonly embedded: boolean
  readonly issuerUrl: string
  readonly clientId: string
  readonly scope: string
  /** What else consoles have to know of an issuer elsewhere. */
  readonly consoles?: Pick<Discovery, 'redirectPort' | 'resource'>
  readonly rules: TokenRules
  readonly directory: DirectoryReader
  readonly plugins: readonly Plugin[]
}

interface IdentityParts {
  readonly store: Store
  readonly secrets: ServiceSecrets
  readonly now: () => number
  readonly log: Logger
}

async function identityOf(config: Config, url: string, { store, secrets, now, log }: IdentityParts): Promise<Identity> {
  const { issuer: external, firstTenant } = config
  if (!isEmbedded(config) && external) {
    const issuerOf = (directory: string): string => external.url.replace('{tenantid}', directory)
    if (firstTenant && (await store.tenants()).length === 0) {
      await makeTenant(store, { ...firstTenant, issuer: issuerOf(firstTenant.directory), settings: newTenantSettings(config) })
    }
    return {
      embedded: false,
      issuerUrl: external.url,
      clientId: external.clientId,
      scope: external.scope,
      consoles: { redirectPort: external.redirectPort, resource: external.resource },
      rules: {
        issuer: external.url,
        audience: external.audience,
        keys: keysOfIssuer(external.url),
        now,
        clockToleranceMs: limits.tokenClockToleranceMs,
        scope: external.scope,
        ...(external.administrator ? { administrator: external.administrator } : {}),
        ...(external.listSeparator ? { listSeparator: external.listSeparator } : {}),
        ...(external.tokenClients ? { clients: external.tokenClients } : {}),
      },
      directory: graphOf(config, now, log),
      plugins: [tenantRoutes({ issuerOf })],
    }
  }
  const directory = new Directory(store)
  if (config.demo) await makeDemo(store, directory, config.settings)
  const issuer = await makeIssuer({ url, store, directory, secrets, timing: config.timing, now, log })
  const people = () => demoPeople(store, directory)
  return {
    embedded: true,
    issuerUrl: url,
    ...embeddedClient,
    rules: { issuer: url, audience: embeddedClient.audience, storedAs: embeddedIssuerName, keys: issuer.keys, now },
    directory: new EmbeddedDirectory(store),
    plugins: [
      (app: App) => identityRoutes(app, { issuer, directory, people, behindProxy: config.behindProxy, now }),
      localRoutes(issuer, directory),
      tenantRoutes({ embedded: embeddedIssuerName, addDirectory: (organisation) => directory.addTenant(organisation) }),
      directoryEdits,
    ],
  }
}

/** Microsoft Graph, where it is configured. @throws CommandProblem where its secret cannot be read */
function graphOf({ graph }: Config, now: () => number, log: Logger): DirectoryReader {
  if (!graph) return noDirectory
  let secret: string
  try {
    secret = readFileSync(graph.secretFile, 'utf8').trim()
  } catch {
    throw new CommandProblem(`The file ${graph.secretFile} cannot be read.`)
  }
  if (secret === '') throw new CommandProblem(`The file ${graph.secretFile} is empty.`)
  const { url, clientId, authority } = graph
  return new GraphDirectory(new GraphRequests({ url, token: graphTokens({ clientId, secret, authority, graphUrl: url }), log, now }))
}
