import { ExplainedError } from '../explained.ts'

/** Where a service is, for an agent. */
export interface ServiceAddress {
  /** As given, without a path. */
  origin: string
  enrolments: URL
  socket: URL
}

/** Why an address cannot be used, in words for the person at the device. */
export class ServiceAddressError extends ExplainedError {
  override readonly name = 'ServiceAddressError'
}

/**
 * The addresses of a service. Anything but loopback must be https: an agent sends its enrolment key there.
 * @throws ServiceAddressError
 */
export function serviceAddress(text: string): ServiceAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username || url.password) {
    throw new ServiceAddressError(`"${text}" is not the address of a service. It looks like https://rooms.example.com.`)
  }
  if (url.protocol === 'http:' && !['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)) {
    throw new ServiceAddressError(`${url.origin} is not on this machine, so it must be https://.`)
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new ServiceAddressError(
      `${text} has a path. The service is at the root of its address: ${url.origin}. Have the proxy give it a name of its own.`,
    )
  }
  const socket = new URL('/v1/agent', url)
  socket.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return { origin: url.origin, enrolments: new URL('/v1/enrolments', url), socket }
}
