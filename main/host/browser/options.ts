import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Outgoing } from '../../../contract/wayOut.ts'
import type { LogLevel } from '../../log.ts'
import { defaultDownloads, serviceAddress } from '../program.ts'

export const help = `The Roomkeeper console in a browser, on this machine only.

  node main/host/browser/main.ts --service URL [options]

  --service URL           root address of the service (required)
  --data DIR              data folder; the console uses DIR/console (default: .data of the checkout)
  --port N                port on 127.0.0.1 (default: 4720; 0: any free one)
  --downloads DIR         where saved files go (default: your download folder)
  --passphrase-file FILE  protects the cached data with the passphrase in FILE (its first line)
  --ca FILE               PEM certificates to trust beside the well-known ones, for service, issuer and relay
  --proxy HOST:PORT       proxy on the way to them; not for this machine itself
  --proxy-credentials FILE  its first line is user:password for the proxy
  --log-level LEVEL       debug, info, warn, error or silent (default: warn)
  --wall                  the link opens the screen for a wall: nothing to press, site by site; its options stand in
                          its address (docs/operators.md)
  --json                  print one line of JSON on standard output when ready
  --parent-pipe           end when standard input closes
  --help                  this text

A second start with the same data folder prints another link to the console that is running. Each link works once.
`

export interface BrowserOptions {
  service: string
  data: string
  port: number
  downloads: string
  passphraseFile: string | undefined
  outgoing: Outgoing
  logLevel: LogLevel
  wall: boolean
  json: boolean
  parentPipe: boolean
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']
const checkout = fileURLToPath(new URL('../../../', import.meta.url))

/** What the arguments ask for; `wrong` says what is wrong with them. */
export function readOptions(args: readonly string[]): BrowserOptions | 'help' | { wrong: string } {
  let values
  try {
    values = parseArgs({
      args: [...args],
      options: {
        service: { type: 'string' },
        data: { type: 'string', default: resolve(checkout, '.data') },
        port: { type: 'string', default: '4720' },
        downloads: { type: 'string' },
        'passphrase-file': { type: 'string' },
        ca: { type: 'string' },
        proxy: { type: 'string' },
        'proxy-credentials': { type: 'string' },
        'log-level': { type: 'string', default: 'warn' },
        wall: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        'parent-pipe': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) }
  }
  if (values.help) return 'help'
  if (values.service === undefined) return { wrong: 'Name the service with --service URL.' }
  const service = serviceAddress(values.service)
  if (service === undefined)
    return { wrong: `--service must be an address without a path, such as http://127.0.0.1:4721, not "${values.service}".` }
  const port = /^\d{1,5}$/u.test(values.port) ? Number(values.port) : NaN
  if (!(port <= 65_535)) return { wrong: `--port must be a number from 0 to 65535, not "${values.port}".` }
  const logLevel = levels.find((level) => level === values['log-level'])
  if (!logLevel) return { wrong: `--log-level must be one of ${levels.join(', ')}.` }
  const data = resolve(values.data)
  return {
    service,
    data,
    port,
    downloads: values.downloads === undefined ? defaultDownloads(data) : resolve(values.downloads),
    passphraseFile: values['passphrase-file'],
    outgoing: { ca: values.ca, proxy: values.proxy, proxyCredentials: values['proxy-credentials'] },
    logLevel,
    wall: values.wall,
    json: values.json,
    parentPipe: values['parent-pipe'],
  }
}
