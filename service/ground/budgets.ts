import { limits } from '../../contract/limits.ts'
import type { Clock } from '../../contract/system.ts'
import { RateLimit } from './rateLimit.ts'

/**
 * What each may ask of the service in a minute (rule 13): an address before anything of a request is believed, then the person of
 * the token and their organisation, whichever of their tokens it is. One that uses its budget up waits alone. A partner's
 * people use their own organisation's, not the customer's.
 */
export class Budgets {
  readonly #address: RateLimit
  readonly #person: RateLimit
  readonly #tenant: RateLimit
  readonly #commandsOfPerson: RateLimit
  readonly #commandsOfTenant: RateLimit
  readonly #hellos: RateLimit

  constructor(clock: Pick<Clock, 'now'>) {
    this.#address = new RateLimit(limits.requestsPerAddressPerMinute, clock)
    this.#person = new RateLimit(limits.requestsPerMinute, clock)
    this.#tenant = new RateLimit(limits.requestsPerTenantPerMinute, clock)
    this.#commandsOfPerson = new RateLimit(limits.commandsPerMinute, clock)
    this.#commandsOfTenant = new RateLimit(limits.commandsPerTenantPerMinute, clock)
    this.#hellos = new RateLimit(limits.requestsPerMinute, clock)
  }

  /** One request or WebSocket. Undefined: where it comes from is not known. @throws RoomkeeperError rate.limited */
  request(address: string | undefined): void {
    if (address !== undefined) this.#address.take(address)
  }

  /** Somebody whose token was verified. @throws RoomkeeperError rate.limited */
  person({ issuer, directory, objectId }: { readonly issuer: string; readonly directory: string; readonly objectId: string }): void {
    this.#person.take(JSON.stringify([issuer, directory, objectId]))
    this.#tenant.take(JSON.stringify([issuer, directory]))
  }

  /** A command, or the preview of one, of somebody who is let in. @throws RoomkeeperError rate.limited */
  command({ person, home }: { readonly person: string; readonly home: string }): void {
    this.#commandsOfPerson.take(person)
    this.#commandsOfTenant.take(home)
  }

  /** A hello on a feed: each has all that changed since its cursor read again. @throws RoomkeeperError rate.limited */
  hello({ person }: { readonly person: string }): void {
    this.#hellos.take(person)
  }
}
