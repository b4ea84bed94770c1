/** The address of the screens in this host: a protocol of its own, so that nothing of the disk can be named. */
export const scheme = 'app'
export const host = 'roomkeeper'
export const consoleAddress = `${scheme}://${host}/`

/** The one channel between a window and the core; the preload knows it too. */
export const channel = 'roomkeeper'

/** Is this an address of the console's own screens? */
export function isOurs(raw: string): boolean {
  if (!URL.canParse(raw)) return false
  const url = new URL(raw)
  return url.protocol === `${scheme}:` && url.host === host
}

/** Where a link of the screens may lead: pages of the makers, with TLS, without a port or a password in the address. */
const linkHosts = new Set(['learn.microsoft.com', 'support.microsoft.com', 'portal.rooms.microsoft.com'])

export function mayOpen(raw: string): boolean {
  if (!URL.canParse(raw)) return false
  const url = new URL(raw)
  return url.protocol === 'https:' && linkHosts.has(url.hostname) && url.port === '' && url.username === '' && url.password === ''
}
