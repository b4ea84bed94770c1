import type { Access } from '../../contract/access.ts'
import { type ErrorCode, RoomkeeperError } from '../../contract/errors.ts'
import type { LinkId, PersonId, TenantId } from '../../contract/ids.ts'
import type { Reach } from './store/reader.ts'
import type { Doer, TenantTransaction } from './store/transaction.ts'

/** A signed-in person, with what they may do at this moment. */
export interface Caller {
  /** The tenant whose data this is about: their own, or a customer's that they named. */
  readonly tenant: TenantId
  /** The tenant that they belong to. */
  readonly home: TenantId
  /** The link under which they are in a customer's tenant, and their organisation's name; absent at home. */
  readonly link?: LinkId
  readonly organisation?: string
  readonly person: PersonId
  readonly name: string
  readonly email: string
  readonly access: Access
  readonly scopeVersion: number
  /** For writes and for reads on this person's behalf. */
  readonly doer: Doer
  readonly reach: Reach
  /** When their access token ends (ms). */
  readonly expiresAt: number
  /** It says that they signed in with more than a password. */
  readonly multiFactor: boolean
  /** Somebody who has nothing in this customer's tenant any more: what they are refused with, for all but their own outcomes. */
  readonly notLetIn?: NotLetIn
}

/** Somebody who is known here, in the tenant whose audit log keeps what they were refused. */
export type Who = Pick<Caller, 'tenant' | 'person' | 'doer'>

/** Who is known here and not let in at all. Whoever knows what they asked keeps it in the audit (AUD-1). */
export class NotLetIn extends RoomkeeperError {
  readonly who: Who
  /** What the audit says beside the code. */
  readonly about: Readonly<Record<string, string>>

  constructor(code: ErrorCode, who: Who, about: Readonly<Record<string, string>> = {}) {
    super(code)
    this.who = who
    this.about = about
  }
}

/** Tells who somebody is (service/access/service.ts). */
export interface Authenticator {
  /**
   * The person of an access token, at home or in the tenant of a customer that they name. `formerToo`: who was let in by that customer
   * once comes as a caller who may do nothing, with `notLetIn`. @throws RoomkeeperError why they are not let in
   */
  authenticate(token: string, tenant?: TenantId, formerToo?: boolean): Promise<Caller>
  /**
   * Somebody as a caller, as they are within this write; undefined where they have nothing here any more.
   * @throws RoomkeeperError partner.multiFactor where their link asks for more than what they signed in with
   */
  within(tx: TenantTransaction, person: PersonId, multiFactor?: boolean): Promise<Caller | undefined>
}
