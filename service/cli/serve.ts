import { parseArgs } from 'node:util'
import { z } from 'zod'
import { detailsOf } from '../../contract/errors.ts'
import { machine } from '../../contract/machine.ts'
import { Config, type ConfigInput, readConfig } from '../ground/config.ts'
import { takeWayOut } from '../ground/ops/outgoing.ts'
import { ConfigProblem } from '../ground/problems.ts'

export const serveHelp = `service serve: the Roomkeeper service

  --data DIR           data folder (default: .data of this checkout)
  --host ADDRESS       address to listen on (default 127.0.0.1)
  --port N             port (default 4721; 0 takes a free one)
  --metrics-port N     figures for Prometheus at /metrics, on 127.0.0.1 and this port alone (default: nowhere)
  --demo               an empty service gets the demo: two customers, the partner of both, one more organisation
  --json               print one line of JSON when ready
  --parent-pipe        end when standard input closes
  --log-level LEVEL    trace, debug, info (default), warn, error, fatal, silent
  --settings JSON      what new tenants' settings start with, and any of the times below

For other machines to reach it:
  --tls-cert FILE --tls-key FILE   speak TLS with this certificate
  --behind-proxy                   a proxy in front speaks TLS
  --public-url URL                 the address that others use
  --issuer URL --audience ID --client-id ID --scope SCOPES   OpenID Connect issuer of your organisation; {tenantid}
                                                             in the URL stands for the token's directory
  --resource URI                   consoles ask for a token for this (RFC 8707); --audience is the same, unless given
  --redirect-port N                consoles are sent back to http://localhost:N (default: to any free port of localhost)
  --administrator CLAIM=VALUE      who has this value in this claim is Global Administrator, such as groups=room-admins
                                   (default: who has Entra's directory role of that name)
  --list-separator TEXT            parts lists, such as groups, that the issuer writes as one text, such as "a,b"
  --token-clients ID,ID            count tokens of these programs of the issuer only (default: of any)
  --tenant-directory ID --tenant-name NAME                   the first tenant: its directory's id, and its name
  --ca FILE                        PEM certificates to trust beside the well-known ones, for issuer and directory
  --proxy HOST:PORT                proxy on the way to them; not for this machine itself
  --proxy-credentials FILE         its first line is user:password for the proxy

For remote sessions, where not this service but another relay carries them (relay --help):
  --relay URL --relay-id ID   where operators and devices reach it, and its name

With --issuer, to search people and security groups and know who is in them:
  --graph-client-id ID --graph-secret-file FILE   Microsoft Graph, as an app registration with the application permission
                                                  Directory.Read.All; its client secret is the content of FILE
  --graph-url URL         default https://graph.microsoft.com/v1.0; for clouds of their own
  --graph-authority URL   where its tokens are had, without the directory: default https://login.microsoftonline.com

For notifications:
  --smtp URL --mail-from ADDRESS   e-mail by this server, smtps://USER@HOST:PORT (TLS) or smtp://… (STARTTLS), from this address
  --smtp-password-file FILE        its first line is the password of USER
  --endpoints-private   webhooks may lead to addresses of this machine's own network, and to itself
  --endpoints-http      webhooks may lead to addresses without TLS

Times in ms:
  --open-hold-ms --resolve-hold-ms (of new tenants) --heartbeat-ms --disconnect-after-ms --grace-ms
  --agent-hello-ms --offboarding-ms --feed-beat-ms --access-token-ms --prune-every-ms
  --directory-read-every-ms (how often security groups are read again; default 300000)
  --notify-wait-ms (how long what happened waits before it is told; default 20000)
  of remote sessions: --session-answer-ms --session-join-ms --session-idle-ms --session-maximum-ms --session-unattended-ms
`

const timings = {
  'heartbeat-ms': 'heartbeatMs',
  'disconnect-after-ms': 'disconnectAfterMs',
  'grace-ms': 'graceMs',
  'agent-hello-ms': 'agentHelloMs',
  'offboarding-ms': 'offboardingMs',
  'feed-beat-ms': 'feedBeatMs',
  'access-token-ms': 'accessTokenMs',
  'prune-every-ms': 'pruneEveryMs',
  'directory-read-every-ms': 'directoryReadEveryMs',
  'notify-wait-ms': 'notifyWaitMs',
  'session-answer-ms': 'sessionAnswerMs',
  'session-join-ms': 'sessionJoinMs',
  'session-idle-ms': 'sessionIdleMs',
  'session-maximum-ms': 'sessionMaximumMs',
  'session-unattended-ms': 'sessionUnattendedMs',
} as const
const holds = { 'open-hold-ms': 'openHoldMs', 'resolve-hold-ms': 'resolveHoldMs' } as const
const timingNames: readonly string[] = Object.values(timings)

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const

/** Reads the command line of `serve`. @throws ConfigProblem, or an error of parseArgs, that name what is wrong. */
export function readServeArguments(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      data: text,
      host: text,
      port: text,
      'metrics-port': text,
      demo: flag,
      json: flag,
      'parent-pipe': flag,
      'log-level': text,
      settings: text,
      'tls-cert': text,
      'tls-key': text,
      'behind-proxy': flag,
      'public-url': text,
      issuer: text,
      audience: text,
      'client-id': text,
      scope: text,
      'token-clients': text,
      resource: text,
      ca: text,
      proxy: text,
      'proxy-credentials': text,
      'redirect-port': text,
      administrator: text,
      'list-separator': text,
      'graph-url': text,
      'graph-client-id': text,
      'graph-secret-file': text,
      'graph-authority': text,
      'tenant-directory': text,
      'tenant-name': text,
      'open-hold-ms': text,
      'resolve-hold-ms': text,
      'heartbeat-ms': text,
      'disconnect-after-ms': text,
      'grace-ms': text,
      'agent-hello-ms': text,
      'offboarding-ms': text,
      'feed-beat-ms': text,
      'access-token-ms': text,
      'prune-every-ms': text,
      'directory-read-every-ms': text,
      'notify-wait-ms': text,
      'session-answer-ms': text,
      'session-join-ms': text,
      'session-idle-ms': text,
      'session-maximum-ms': text,
      'session-unattended-ms': text,
      smtp: text,
      'smtp-password-file': text,
      'mail-from': text,
      'endpoints-private': flag,
      'endpoints-http': flag,
      relay: text,
      'relay-id': text,
      help: flag,
    },
  })
  const given = values.settings === undefined ? {} : readSettings(values.settings)
  const numbers = <N extends keyof typeof values>(names: Readonly<Record<N, string>>) =>
    Object.fromEntries(
      Object.entries<string>(names).flatMap(([option, name]) => {
        const value = Object.entries(values).find(([key]) => key === option)?.[1]
        return typeof value === 'string' ? [[name, numberOf(option, value)]] : []
      }),
    )
  const both = (a: string, one: string | undefined, b: string, other: string | undefined): boolean => {
    if ((one === undefined) !== (other === undefined)) throw new ConfigProblem(`--${a} and --${b} go together.`)
    return one !== undefined
  }
  const ofIssuer = (
    ['audience', 'client-id', 'scope', 'token-clients', 'resource', 'redirect-port', 'administrator', 'list-separator'] as const
  ).find((name) => values[name] !== undefined)
  if (values.issuer === undefined && ofIssuer !== undefined) throw new ConfigProblem(`--${ofIssuer} goes with --issuer.`)
  const input: ConfigInput = {
    ...(values.data === undefined ? {} : { data: values.data }),
    ...(values.host === undefined ? {} : { host: values.host }),
    ...(values.port === undefined ? {} : { port: numberOf('port', values.port) }),
    ...(values['metrics-port'] === undefined ? {} : { metricsPort: numberOf('metrics-port', values['metrics-port']) }),
    demo: values.demo ?? false,
    ...(values['log-level'] === undefined ? {} : { logLevel: logLevelOf(values['log-level']) }),
    ...(both('tls-cert', values['tls-cert'], 'tls-key', values['tls-key'])
      ? { tls: { cert: values['tls-cert'] ?? '', key: values['tls-key'] ?? '' } }
      : {}),
    behindProxy: values['behind-proxy'] ?? false,
    ...(values['public-url'] === undefined ? {} : { publicUrl: values['public-url'] }),
    ...(values.issuer === undefined
      ? {}
      : {
          issuer: {
            url: values.issuer,
            audience: values.audience ?? values.resource ?? '',
            clientId: values['client-id'] ?? '',
            scope: values.scope ?? 'openid profile email offline_access',
            ...(values.resource === undefined ? {} : { resource: values.resource }),
            ...(values['redirect-port'] === undefined ? {} : { redirectPort: numberOf('redirect-port', values['redirect-port']) }),
            ...(values.administrator === undefined ? {} : { administrator: administratorOf(values.administrator) }),
            ...(values['list-separator'] === undefined ? {} : { listSeparator: values['list-separator'] }),
            ...(values['token-clients'] === undefined ? {} : { tokenClients: values['token-clients'].split(',').map((id) => id.trim()) }),
          },
        }),
    ...(both('graph-client-id', values['graph-client-id'], 'graph-secret-file', values['graph-secret-file'])
      ? {
          graph: {
            clientId: values['graph-client-id'] ?? '',
            secretFile: values['graph-secret-file'] ?? '',
            ...(values['graph-url'] === undefined ? {} : { url: values['graph-url'] }),
            ...(values['graph-authority'] === undefined ? {} : { authority: values['graph-authority'] }),
          },
        }
      : {}),
    outgoing: { ca: values.ca, proxy: values.proxy, proxyCredentials: values['proxy-credentials'] },
    ...(both('tenant-directory', values['tenant-directory'], 'tenant-name', values['tenant-name'])
      ? { firstTenant: { directory: values['tenant-directory'] ?? '', name: values['tenant-name'] ?? '' } }
      : {}),
    ...(both('relay', values.relay, 'relay-id', values['relay-id'])
      ? { relay: { url: values.relay ?? '', id: values['relay-id'] ?? '' } }
      : {}),
    ...(both('smtp', values.smtp, 'mail-from', values['mail-from'])
      ? {
          smtp: {
            url: values.smtp ?? '',
            from: values['mail-from'] ?? '',
            ...(values['smtp-password-file'] === undefined ? {} : { passwordFile: values['smtp-password-file'] }),
          },
        }
      : {}),
    endpoints: { allowPrivate: values['endpoints-private'] ?? false, allowHttp: values['endpoints-http'] ?? false },
    timing: { ...pick(given, (name) => timingNames.includes(name)), ...numbers(timings) },
    settings: { ...pick(given, (name) => !timingNames.includes(name)), ...numbers(holds) },
  }
  return { help: values.help ?? false, json: values.json ?? false, parentPipe: values['parent-pipe'] ?? false, input }
}

/** The first "=" parts them: a value may be a name of LDAP. */
function administratorOf(given: string): { claim: string; value: string } {
  const at = given.indexOf('=')
  if (at < 1 || at === given.length - 1) throw new ConfigProblem(`--administrator takes CLAIM=VALUE, not "${given}".`)
  return { claim: given.slice(0, at), value: given.slice(at + 1) }
}

function logLevelOf(value: string): Config['logLevel'] {
  const parsed = Config.shape.logLevel.safeParse(value)
  if (!parsed.success) throw new ConfigProblem('--log-level: trace, debug, info, warn, error, fatal or silent.')
  return parsed.data
}

const SettingsJson = z.record(z.string(), z.union([z.number(), z.boolean()]))

function readSettings(json: string): z.infer<typeof SettingsJson> {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw new ConfigProblem('--settings is not JSON.')
  }
  const parsed = SettingsJson.safeParse(value)
  if (!parsed.success) throw new ConfigProblem(`--settings: ${detailsOf(parsed.error).detail}`)
  return parsed.data
}

function numberOf(option: string, value: string): number {
  if (!/^\d+$/.test(value)) throw new ConfigProblem(`--${option} takes a whole number, not "${value}".`)
  return Number(value)
}

const pick = <T>(values: Record<string, T>, wanted: (name: string) => boolean): Record<string, T> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => wanted(name)))

/** Runs the service until a signal, or its parent's end, stops it. */
export async function serve(args: readonly string[]): Promise<void> {
  const { help, json, parentPipe, input } = readServeArguments(args)
  if (help) {
    process.stdout.write(serveHelp)
    return
  }
  const config = readConfig(input)
  if (config.outgoing) takeWayOut(config.outgoing)
  const { startService } = await import('../server.ts')
  const service = await startService(config, machine({ keepsAlive: true }))
  let stopping = false
  const stop = (): void => {
    if (stopping) return
    stopping = true
    service.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`The service did not stop cleanly: ${String(error)}\n`)
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  if (parentPipe) process.stdin.on('end', stop).on('error', stop).resume()
  if (json) process.stdout.write(`${JSON.stringify({ ready: true, service: service.url, data: service.data, metrics: service.metrics })}\n`)
}
