import { readFileSync } from 'node:fs'
import type { Discovery } from '../../contract/api.ts'
import { limits } from '../../contract/limits.ts'
import type { Clock, Random } from '../../contract/system.ts'
import { directoryEdits } from '../access/directoryRoutes.ts'
import { makeTenant } from '../access/setup.ts'
import { keysOfIssuer, type TokenRules } from '../access/tokens.ts'
import { Directory, embeddedIssuerName } from '../directory/accounts.ts'
import type { DirectoryReader } from '../directory/directory.ts'
import { EmbeddedDirectory } from '../directory/embedded.ts'
import { GraphDirectory } from '../directory/graph.ts'
import { GraphRequests } from '../directory/graphRequests.ts'
import { graphTokens } from '../directory/graphToken.ts'
import { noDirectory } from '../directory/none.ts'
import { type Config, isEmbedded, newTenantSettings } from '../ground/config.ts'
import type { App, Plugin } from '../ground/deps.ts'
import type { Logger } from '../ground/ops/log.ts'
import { CommandProblem } from '../ground/problems.ts'
import type { ServiceSecrets } from '../ground/secrets.ts'
import type { Store } from '../ground/store/store.ts'
import { embeddedClient, makeIssuer } from './issuer.ts'
import { localRoutes } from './localRoutes.ts'
import { demoPeople } from './people.ts'
import { identityRoutes } from './plugin.ts'
import { tenantRoutes } from './tenantRoutes.ts'

/** How people sign in, as it is configured. */
export interface Identity {
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
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

export async function identityOf(config: Config, url: string, { store, secrets, clock, random, log }: IdentityParts): Promise<Identity> {
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
        keys: keysOfIssuer(external.url, clock),
        clock,
        clockToleranceMs: limits.tokenClockToleranceMs,
        scope: external.scope,
        ...(external.administrator ? { administrator: external.administrator } : {}),
        ...(external.listSeparator ? { listSeparator: external.listSeparator } : {}),
        ...(external.tokenClients ? { clients: external.tokenClients } : {}),
      },
      directory: graphOf(config, clock, log),
      plugins: [tenantRoutes({ issuerOf })],
    }
  }
  const directory = new Directory(store, random)
  const issuer = await makeIssuer({ url, store, directory, secrets, timing: config.timing, clock, log })
  const people = () => demoPeople(store, directory)
  return {
    embedded: true,
    issuerUrl: url,
    ...embeddedClient,
    rules: { issuer: url, audience: embeddedClient.audience, storedAs: embeddedIssuerName, keys: issuer.keys, clock },
    directory: new EmbeddedDirectory(store),
    plugins: [
      (app: App) => identityRoutes(app, { issuer, directory, people, behindProxy: config.behindProxy, clock }),
      localRoutes(issuer, directory),
      tenantRoutes({ embedded: embeddedIssuerName, addDirectory: (organisation) => directory.addTenant(organisation) }),
      directoryEdits,
    ],
  }
}

/** Microsoft Graph, where it is configured. @throws CommandProblem where its secret cannot be read */
function graphOf({ graph }: Config, clock: Clock, log: Logger): DirectoryReader {
  if (!graph) return noDirectory
  let secret: string
  try {
    secret = readFileSync(graph.secretFile, 'utf8').trim()
  } catch {
    throw new CommandProblem(`The file ${graph.secretFile} cannot be read.`)
  }
  if (secret === '') throw new CommandProblem(`The file ${graph.secretFile} is empty.`)
  const { url, clientId, authority } = graph
  return new GraphDirectory(
    new GraphRequests({ url, token: graphTokens({ clientId, secret, authority, graphUrl: url }, clock), log, clock }),
  )
}
