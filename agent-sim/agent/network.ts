import { readFileSync, statSync } from 'node:fs'
import { isPrivate } from '../../contract/proxies.ts'
import type { Clock } from '../../contract/system.ts'
import { certificatesIn, credentialsIn, OutgoingProblem } from '../../contract/wayOut.ts'
import { parseProxy, ProxyError } from './proxy.ts'
import { WayOut } from './way-out.ts'

/** The options of a process that say how it gets out of its network. */
export interface WayOptions {
  /** `host:port` or `http(s)://host:port` of a proxy, or the address of a PAC file that has a path. */
  proxy?: string | undefined
  /** The address of a PAC file, whatever it looks like. */
  pac?: string | undefined
  /** File whose first line is `user:password` for proxies (Basic). */
  proxyCredentials?: string | undefined
  /** File with PEM certificates to trust in the place of the well-known ones. */
  caFile?: string | undefined
}

/** The way out that the options name, and the certificates by which the service is known. @throws ProxyError that names the option */
export function wayTo(options: WayOptions, clock: Clock, note?: (text: string) => void): { way: WayOut; ca: string | undefined } {
  const { caFile, proxyCredentials: file } = options
  const proxy = parseProxy(options.proxy, options.pac)
  const ca = caFile === undefined ? undefined : certificates(caFile)
  // Looked at now, so that an option which cannot be used ends the start; and for each tunnel, since passwords change.
  if (file !== undefined) credentials(file)
  const shown = file === undefined ? {} : { credentials: () => credentials(file) }
  return { way: new WayOut({ proxy, ca, clock, ...shown, ...(note ? { note } : {}) }), ca }
}

function certificates(file: string): string {
  return orProxyError(() => certificatesIn(read('--ca', file), file).join('\n'))
}

function credentials(file: string): string {
  return orProxyError(() => {
    const text = read('--proxy-credentials', file)
    return credentialsIn(text, file, isPrivate(statSync(file), process.getuid?.()))
  })
}

function orProxyError(run: () => string): string {
  try {
    return run()
  } catch (error) {
    throw error instanceof OutgoingProblem ? new ProxyError(error.message, { lasting: true, cause: error }) : error
  }
}

function read(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new OutgoingProblem(`${option}: ${file} cannot be read.`)
  }
}
