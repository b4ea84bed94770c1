import { isIPv4 } from 'node:net'
import { isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { defaultSettings, Settings } from '../../contract/entities.ts'
import { detailsOf } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { RelayId } from '../../contract/relay.ts'
import { unknownField, unknownFieldSays } from '../../contract/unknown.ts'
import { ConfigProblem } from './problems.ts'

/** The checkout this program runs from. */
export const checkout = fileURLToPath(new URL('../..', import.meta.url))

const ms = z.int().min(1).max(2_147_483_647)
const folder = z
  .string()
  .min(1)
  .transform((path) => (isAbsolute(path) ? path : resolve(path)))

/** Whether a secret may go there, or what comes from there be believed: TLS, or this machine. */
export function isSafeUrl(raw: string): boolean {
  if (!URL.canParse(raw)) return false
  const { protocol, hostname, username, password } = new URL(raw)
  return username === '' && password === '' && (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname)))
}

/** An address of a mail server. A password in it would be seen by whoever lists processes. */
function isSmtpUrl(raw: string): boolean {
  if (!URL.canParse(raw)) return false
  const { protocol, hostname, password, pathname, search, hash } = new URL(raw)
  return (
    ['smtp:', 'smtps:'].includes(protocol) && hostname !== '' && password === '' && ['', '/'].includes(pathname) && search + hash === ''
  )
}

const safeUrl = z.url().refine(isSafeUrl, 'must be https')
/** `{tenantid}` in it stands for a directory. */
const issuerUrl = z
  .string()
  .min(1)
  .refine((url) => isSafeUrl(url.replace('{tenantid}', 'tenantid')), 'must be https')

/** Every wait of the service, in ms. Tests shorten them; nothing else about a test run differs. */
const Timing = z.object({
  heartbeatMs: ms.default(limits.heartbeatMs),
  disconnectAfterMs: ms.default(limits.disconnectAfterMs),
  graceMs: z.int().min(0).default(limits.serviceGraceMs),
  agentHelloMs: ms.default(limits.agentHelloMs),
  offboardingMs: ms.default(limits.offboardingMs),
  onboardingMs: ms.default(limits.onboardingMs),
  feedBeatMs: ms.default(15_000),
  /** How long an access token of the embedded issuer lives. */
  accessTokenMs: ms.default(3_600_000),
  /** How often old audit records and outcomes are deleted. */
  pruneEveryMs: ms.default(3_600_000),
  /** How often security groups are read again from the directory. */
  directoryReadEveryMs: ms.default(limits.directoryReadEveryMs),
  /** How often partners' requests that nobody decided in time are ended. */
  requestsCheckedEveryMs: ms.default(30_000),
  /** How long a device may take to agree to a remote session; how long both sides may take to come to the relay. */
  sessionAnswerMs: ms.default(limits.sessionAnswerMs),
  sessionJoinMs: ms.default(limits.relayWaitMs),
  /** How long a remote session may last without payload, altogether, and while its device's agent is silent. */
  sessionIdleMs: ms.max(limits.relayIdleMsAtMost).default(limits.sessionIdleMs),
  sessionMaximumMs: ms.max(limits.relaySessionMsAtMost).default(limits.sessionMaximumMs),
  sessionUnattendedMs: ms.default(limits.sessionUnattendedMs),
  /** How long what happened waits before it is told (INC-6). */
  notifyWaitMs: z.int().min(0).default(limits.notifyWaitMs),
})

export const Config = z
  .object({
    /** The root data folder; the service keeps its own in `service/` below it. */
    data: folder.default(join(checkout, '.data')),
    host: z.string().min(1).default('127.0.0.1'),
    /** 0 takes a free port. */
    port: z.int().min(0).max(65_535).default(4721),
    /** Where `/metrics` is, on loopback and on a port of its own; without one nowhere. 0 takes a free port. */
    metricsPort: z.int().min(0).max(65_535).optional(),
    demo: z.boolean().default(false),
    logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
    /** Own certificate and key (PEM files). */
    tls: z.object({ cert: folder, key: folder }).optional(),
    /** A proxy in front terminates TLS. */
    behindProxy: z.boolean().default(false),
    /** The address that others use, where it is not the one listened on. */
    publicUrl: z.url().optional(),
    /** An OpenID Connect issuer; without one the embedded issuer is used, on loopback only. */
    issuer: z
      .object({
        url: issuerUrl,
        audience: z.string().min(1),
        clientId: z.string().min(1),
        scope: z.string().min(1),
        /** The programs whose tokens count; any program of the issuer where none is named. */
        tokenClients: z.array(z.string().min(1)).min(1).optional(),
        /** The claim that makes a Global Administrator; left out: Entra's directory role. */
        administrator: z.object({ claim: z.string().min(1).max(200), value: z.string().min(1).max(500) }).optional(),
        /** What stands between the values of a list that the issuer writes as one text; left out: it writes lists as lists. */
        listSeparator: z.string().min(1).max(10).optional(),
        /** What consoles ask a token for (RFC 8707); left out: they ask by scope alone. */
        resource: z
          .url()
          .max(500)
          .refine((url) => !url.includes('#'), 'must have no fragment')
          .optional(),
        /** Where the issuer sends people back to on their machine; left out: any free port. */
        redirectPort: z.int().min(1).max(65_535).optional(),
      })
      .optional(),
    /** The way to issuer and directory. */
    outgoing: z.object({ ca: folder.optional(), proxy: z.string().optional(), proxyCredentials: folder.optional() }).optional(),
    /** Microsoft Graph, where the issuer is Entra: an application that may read users and groups, its secret in a file. */
    graph: z
      .object({
        url: safeUrl.default('https://graph.microsoft.com/v1.0'),
        clientId: z.string().min(1),
        secretFile: folder,
        /** Where its tokens are had; the directory tenant follows. */
        authority: safeUrl.default('https://login.microsoftonline.com'),
      })
      .optional(),
    /** The first tenant of an empty service with an issuer of its own: directory tenant (`tid`) and name. */
    firstTenant: z.object({ directory: z.string().min(1).max(64), name: z.string().min(1).max(limits.nameChars) }).optional(),
    /** A relay elsewhere, for remote sessions: where operators and devices reach it, and the id that tickets are made out to. */
    relay: z.object({ url: safeUrl, id: RelayId }).optional(),
    /** The mail server, and who mail is from; without one no e-mail is sent. Its password is the first line of a file. */
    smtp: z
      .object({
        url: z.string().refine(isSmtpUrl, 'must be smtps://[USER@]HOST[:PORT] or smtp://[USER@]HOST[:PORT], without a password'),
        passwordFile: folder.optional(),
        from: z.email().max(254),
      })
      .optional(),
    /** Where the tenants' webhooks may lead: to addresses without TLS, and of this machine's own network. */
    endpoints: z.object({ allowHttp: z.boolean().default(false), allowPrivate: z.boolean().default(false) }).prefault({}),
    timing: Timing.prefault({}),
    /** What a new tenant's settings start with. */
    settings: Settings.omit({ id: true }).partial().default({}),
  })
  .superRefine((config, check) => {
    if (!isLoopback(config.host) && !config.tls && !config.behindProxy) {
      check.addIssue({
        code: 'custom',
        path: ['host'],
        message:
          `${config.host} is not a loopback address. Give --tls-cert and --tls-key, ` +
          'or --behind-proxy when a proxy in front speaks TLS.',
      })
    }
    if (!isEmbedded(config) && !config.issuer) {
      check.addIssue({
        code: 'custom',
        path: ['issuer'],
        message: 'the embedded issuer stays on loopback. Give --issuer, --audience, --client-id and --scope of your own.',
      })
    }
    if (config.graph && !config.issuer) {
      check.addIssue({
        code: 'custom',
        path: ['graph'],
        message: 'Microsoft Graph goes with an issuer of your own. Give --issuer, --audience, --client-id and --scope.',
      })
    }
  })
export type Config = z.infer<typeof Config>
export type ConfigInput = z.input<typeof Config>

/** @throws ConfigProblem that names the first wrong value. */
export function readConfig(input: ConfigInput): Config {
  const parsed = Config.safeParse(input)
  if (parsed.success) {
    const unread = unknownField(input, parsed.data)
    if (unread) throw new ConfigProblem(`${unread.join('.')}: ${unknownFieldSays}`)
    return parsed.data
  }
  const { field, detail } = detailsOf(parsed.error)
  throw new ConfigProblem(field ? `${field}: ${detail}` : (detail ?? 'The configuration is not valid.'))
}

/** Whether a host is this machine: "localhost", ::1, or any address of 127/8 in its usual form. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'))
}

/** Whether this service is its own issuer: only where nothing but loopback can reach it. */
export function isEmbedded(config: Pick<Config, 'issuer' | 'host' | 'tls' | 'behindProxy'>): boolean {
  return !config.issuer && isLoopback(config.host) && !config.tls && !config.behindProxy
}

export const newTenantSettings = ({ settings }: Config): Omit<Settings, 'id'> => ({
  ...defaultSettings,
  // Who gives one time for all signals means it.
  ...(settings.openHoldMs === undefined ? { holdPreset: 'fast' as const } : {}),
  ...settings,
})

/** Where the service keeps its files, below the root data folder. */
export function filesOf(data: string) {
  const own = join(data, 'service')
  return { folder: own, database: join(own, 'service.db'), runtime: join(own, 'runtime.json'), lock: join(own, 'service.lock') }
}
