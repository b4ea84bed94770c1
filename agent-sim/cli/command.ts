import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs, type ParseArgsConfig } from 'node:util'
import type { z } from 'zod'
import { detailsOf } from '../../contract/errors.ts'
import type { System } from '../../contract/system.ts'
import { plainLines } from '../../contract/text.ts'
import { Allowlist, microsoftAllowlist } from '../agent/allowlist.ts'
import type { Credential } from '../agent/enrol.ts'
import type { WayOptions } from '../agent/network.ts'

/** One command of the command line. */
export interface Command {
  readonly help: string
  /** Does it; gives the exit code. @throws UsageError for arguments that do not fit. */
  run(args: readonly string[], system: System): Promise<number>
}

/** Arguments that do not fit: shown without a stack, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export type Options = NonNullable<ParseArgsConfig['options']>

/** How a process gets out of its network. */
export const wayOptions = {
  proxy: { type: 'string' },
  pac: { type: 'string' },
  'proxy-credentials': { type: 'string' },
  ca: { type: 'string' },
} as const satisfies Options

export const wayHelp = `  --proxy HOST:PORT | URL    a proxy, also as http://HOST:PORT or https://HOST:PORT; a URL with a path is a PAC file
  --pac URL                  a PAC file, whatever its address looks like (of DIRECT, PROXY and HTTPS the first that works)
  --proxy-credentials FILE   its first line is user:password for proxies (Basic); of this account (chmod 600), or of root (chmod 640)
  --ca FILE                  PEM certificates to trust in the place of the well-known ones`

/** The options of the way out that were given. */
export const wayFrom = (values: Partial<Record<keyof typeof wayOptions, string | undefined>>): WayOptions => ({
  proxy: values.proxy,
  pac: values.pac,
  proxyCredentials: values['proxy-credentials'],
  caFile: values.ca,
})

/** Options that every command which reaches a service takes. */
export const networkOptions = {
  service: { type: 'string' },
  'key-file': { type: 'string' },
  'account-token-file': { type: 'string' },
  ...wayOptions,
  allowlist: { type: 'string' },
} as const satisfies Options

export const networkHelp = `  --service URL              address of the service: https://…, or http:// on this machine
  --key-file FILE            self-enrolment key, as downloaded from the console
  --account-token-file FILE  access token of the room's own account, instead of a key
${wayHelp}
  --allowlist FILE           hosts to check before enrolling: {"port":443,"hosts":[{"host":"…","for":["enrolment"]}]};
                             "microsoft" names the list of the Microsoft-hosted service`

/** Options for a process that runs until it is ended. */
export const processOptions = {
  json: { type: 'boolean' },
  'parent-pipe': { type: 'boolean' },
  'log-level': { type: 'string' },
} as const satisfies Options

export const processHelp = `  --json                     print one line of JSON on standard output when ready
  --parent-pipe              end when standard input closes
  --log-level LEVEL          of the log on standard error: debug, info, warn (default), error, silent`

export const dataHelp = `  --data DIR                 data folder (default: .data of this checkout)`

/** Parses options; positional arguments only where wanted. @throws UsageError */
export function parse<O extends Options>(args: readonly string[], options: O, positionals = 0) {
  try {
    const parsed = parseArgs({ args: [...args], options, strict: true, allowPositionals: positionals > 0 })
    if (parsed.positionals.length > positionals)
      throw new UsageError(`Too many arguments: ${parsed.positionals.slice(positionals).join(' ')}`)
    return parsed
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** The value of an option that must be there. @throws UsageError */
export function required(value: string | undefined, option: string): string {
  if (value === undefined || value === '') throw new UsageError(`${option} is missing.`)
  return value
}

/** A whole number within bounds. @throws UsageError */
export function wholeNumber(value: string, option: string, least: number, most: number): number {
  const number = Number(value)
  if (!/^\d+$/u.test(value) || number < least || number > most) {
    throw new UsageError(`${option} must be a whole number from ${least} to ${most}, and is "${value}".`)
  }
  return number
}

/** The folder of the agents within the data folder. */
export function agentsFolder(data: string | undefined): string {
  return join(data === undefined ? resolve(import.meta.dirname, '../../.data') : resolve(data), 'agents')
}

/** The key or token that the options name, or undefined where they name none. @throws UsageError */
export function credentialFrom(values: { 'key-file'?: string; 'account-token-file'?: string }): Credential | undefined {
  const key = values['key-file']
  const account = values['account-token-file']
  if (key !== undefined && account !== undefined) throw new UsageError('Give --key-file or --account-token-file, not both.')
  if (key !== undefined) return { kind: 'key', secret: secretIn(key, '--key-file') }
  return account === undefined ? undefined : { kind: 'account', secret: secretIn(account, '--account-token-file') }
}

/** The list that --allowlist names, or undefined where it is left out. @throws UsageError */
export function allowlistFrom(value: string | undefined): Allowlist | undefined {
  if (value === undefined) return undefined
  return value === 'microsoft' ? microsoftAllowlist : jsonFile(value, '--allowlist', Allowlist)
}

/** A JSON file that fits a schema. @throws UsageError naming the field that does not */
export function jsonFile<T extends z.ZodType>(file: string, option: string, schema: T): z.output<T> {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new UsageError(`${option}: ${file} cannot be read as JSON (${error instanceof Error ? error.message : String(error)}).`)
  }
  const parsed = schema.safeParse(content)
  if (parsed.success) return parsed.data
  const { field, detail } = detailsOf(parsed.error)
  throw new UsageError(`${option}: ${file}${field === undefined ? '' : `, ${field}`}: ${detail ?? 'does not fit'}`)
}

/** What is printed as the answer of a command: it may quote a device, a proxy or a service. */
export function print(text: string): void {
  process.stdout.write(`${plainLines(text)}\n`)
}

/** What a command that a person waits for says meanwhile, on standard error. */
export function sayMeanwhile(text: string): void {
  process.stderr.write(`${plainLines(text)}\n`)
}

function secretIn(file: string, option: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new UsageError(`${option}: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (text === '' || /\s/u.test(text)) throw new UsageError(`${option}: ${file} does not hold one key.`)
  return text
}
