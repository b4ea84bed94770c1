import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import type { Outgoing } from '../../../contract/wayOut.ts'
import type { LogLevel } from '../../log.ts'
import { serviceAddress } from '../program.ts'

export const help = `The Roomkeeper console in its own window.

  roomkeeper [--service URL] [options]

  --service URL           root address of the service (default: "service" in DIR/console.json)
  --data DIR              data folder; the console uses DIR/console
  --downloads DIR         where saved files go (default: your download folder)
  --passphrase-file FILE  protects the cached data where the system has no store for keys
  --ca FILE               PEM certificates to trust beside the system's, for service, issuer and relay
  --proxy HOST:PORT       proxy on the way to them (default: the system's proxy settings, PAC files included)
  --proxy-credentials FILE  its first line is user:password for that proxy
  --log-level LEVEL       debug, info, warn, error or silent (default: warn)
  --json                  print one line of JSON on standard output when ready
  --parent-pipe           end when standard input closes
  --help                  this text

Chromium's own switches are taken too. A second start brings the window of the first to the front.
`

export interface ElectronOptions {
  service: string
  data: string
  downloads: string | undefined
  passphraseFile: string | undefined
  outgoing: Outgoing
  logLevel: LogLevel
  json: boolean
  parentPipe: boolean
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']
const ConsoleFile = z.object({ service: z.string(), ca: z.string(), proxy: z.string(), 'proxy-credentials': z.string() }).partial()

/** What an administrator or an installer wrote for this data folder. */
function namedIn(data: string): z.infer<typeof ConsoleFile> {
  try {
    return ConsoleFile.parse(JSON.parse(readFileSync(join(data, 'console.json'), 'utf8')))
  } catch {
    return {}
  }
}

/** What the arguments ask for. Unknown ones are left to Chromium. */
export function readOptions(args: readonly string[], defaultData: string): ElectronOptions | 'help' | { wrong: string } {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const { values } = parseArgs({
    args: [...args],
    strict: false,
    options: {
      service: text,
      data: text,
      downloads: text,
      'passphrase-file': text,
      'log-level': text,
      ca: text,
      proxy: text,
      'proxy-credentials': text,
      json: flag,
      'parent-pipe': flag,
      help: flag,
    },
  })
  if (values['help']) return 'help'
  const wanting = ['service', 'data', 'downloads', 'passphrase-file', 'log-level', 'ca', 'proxy', 'proxy-credentials'].find(
    (name) => values[name] === true,
  )
  if (wanting) return { wrong: `--${wanting} needs a value.` }
  const given = (name: string): string | undefined => (typeof values[name] === 'string' ? values[name] : undefined)
  const data = resolve(given('data') ?? defaultData)
  const file = namedIn(data)
  const named = given('service') ?? file.service
  if (named === undefined) return { wrong: `Name the service with --service URL, or as "service" in ${join(data, 'console.json')}.` }
  const service = serviceAddress(named)
  if (service === undefined)
    return { wrong: `The service must be an address without a path, such as https://rooms.example.com, not "${named}".` }
  const logLevel = levels.find((level) => level === (given('log-level') ?? 'warn'))
  if (!logLevel) return { wrong: `--log-level must be one of ${levels.join(', ')}.` }
  const downloads = given('downloads')
  return {
    service,
    data,
    downloads: downloads === undefined ? undefined : resolve(downloads),
    passphraseFile: given('passphrase-file'),
    outgoing: {
      ca: given('ca') ?? file.ca,
      proxy: given('proxy') ?? file.proxy,
      proxyCredentials: given('proxy-credentials') ?? file['proxy-credentials'],
    },
    logLevel,
    json: values['json'] === true,
    parentPipe: values['parent-pipe'] === true,
  }
}
