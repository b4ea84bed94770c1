import { domainToASCII } from 'node:url'
import { RoomkeeperError } from '../../contract/errors.ts'

/** Characters of addresses, ports, paths and patterns: whoever types one of them typed more than a domain. */
const notOfDomains = /[\s/\\:@?#%*[\]<>"']/u
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * A partner's domain as it is kept and compared: ASCII, lower case, without the root's dot (PAR-1).
 * @throws RoomkeeperError partner.domainInvalid for what is no domain name: one label, an address, a port, a web address.
 */
export function domainOf(typed: string): string {
  const text = typed.trim()
  const ascii = notOfDomains.test(text) ? '' : domainToASCII(text).toLowerCase().replace(/\.$/, '')
  const labels = ascii.split('.')
  const last = labels.at(-1) ?? ''
  // A number as the last label is an IPv4 address, however it was written.
  if (ascii.length > 253 || labels.length < 2 || !labels.every((one) => label.test(one)) || /^\d+$/.test(last)) {
    throw new RoomkeeperError('partner.domainInvalid', { field: 'domain' })
  }
  return ascii
}

/** The same domains, whether a directory writes them with capitals, in Unicode, or with the root's dot. */
export const domainsAsKept = (domains: readonly string[]): string[] =>
  domains.flatMap((domain) => {
    try {
      return [domainOf(domain)]
    } catch {
      return []
    }
  })
