import type { Access } from '../../contract/access.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { PersonId, TenantId } from '../../contract/ids.ts'
import type { Bus } from '../bus/bus.ts'
import type { Logger } from '../ops/log.ts'
import type { Reach } from '../store/reader.ts'
import type { Store } from '../store/store.ts'
import type { PersonTable } from '../store/tables.ts'
import { type Doer, system } from '../store/transaction.ts'
import { groupsOfPerson, isCurrent, savePerson } from './people.ts'
import { type Claims, readToken, type TokenRules } from './tokens.ts'

/** A signed-in person, with what they may do at this moment. */
export interface Caller {
  readonly tenant: TenantId
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
}

/** What a person may do now, and the version of the scope that their rows are cut to. */
export interface CurrentAccess {
  readonly access: Access
  readonly scopeVersion: number
}

export interface RoomAccount {
  readonly tenant: TenantId
  readonly name: string
  readonly email: string
}

interface Known {
  readonly row: PersonTable
  readonly access: Access
}

/** People kept in memory; the one least recently seen is read from the store again. */
const peopleKept = 10_000

export interface AccessOptions {
  readonly store: Store
  readonly bus: Bus
  readonly rules: TokenRules
  readonly log: Logger
  /** Asks the directory for a person's groups, where their token could not hold them all. */
  readonly groupsOf?: (directory: string, objectId: string) => Promise<readonly string[]>
}

/** Who asks, and what they may do (ACC-1, ACC-6). */
export class AccessService {
  readonly #options: AccessOptions
  readonly #known = new Map<string, Known>()
  readonly #keyOfPerson = new Map<PersonId, string>()
  /** Counts invalidations, so that what was read before one is not kept after it. */
  #generation = 0
  readonly #undo: () => void

  constructor(options: AccessOptions) {
    this.#options = options
    const undo = [
      options.bus.subscribe('changes', ({ rows }) => {
        for (const row of rows) if (row.kind === 'me' && row.owner) this.#forget(row.owner)
      }),
      options.bus.subscribe('scope', ({ person }) => this.#forget(person)),
    ]
    this.#undo = () => undo.forEach((end) => end())
  }

  close(): void {
    this.#undo()
  }

  /**
   * The person of an access token. Made at first sight where the token's directory is a tenant here.
   * @throws RoomkeeperError auth.invalid, auth.expired, auth.unknownTenant; access.denied for a room's own account.
   */
  async authenticate(token: string): Promise<Caller> {
    const claims = await readToken(token, this.#options.rules)
    if (claims.roomAccount) throw new RoomkeeperError('access.denied', { detail: "A room's account cannot use the console." })
    const { row, access } = await this.#person(claims)
    return {
      tenant: row.tenant,
      person: row.id,
      name: row.name,
      email: row.email,
      access,
      scopeVersion: row.scopeVersion,
      doer: { kind: 'person', id: row.id, name: row.name, userId: row.objectId, userTenantId: row.directory },
      reach: { person: row.id, access },
      expiresAt: claims.expiresAt,
    }
  }

  /**
   * The room account of a token, by which a device may enrol without a key (ENR-1).
   * @throws RoomkeeperError enrol.accountInvalid
   */
  async authenticateRoomAccount(token: string): Promise<RoomAccount> {
    let claims: Claims
    try {
      claims = await readToken(token, this.#options.rules)
    } catch (error) {
      if (error instanceof RoomkeeperError && error.code === 'service.unavailable') throw error
      throw new RoomkeeperError('enrol.accountInvalid', {}, error)
    }
    const tenant = await this.#options.store.tenantOfDirectory(claims.issuer, claims.directory)
    if (!claims.roomAccount || !tenant) throw new RoomkeeperError('enrol.accountInvalid')
    return { tenant: tenant.id, name: claims.name, email: claims.email }
  }

  /** For the feed: what a person who is connected may do now. */
  async current(tenant: TenantId, person: PersonId): Promise<CurrentAccess> {
    const read = this.#options.store.read(tenant, 'wholeTenant')
    const row = await read.tables.person().select('scopeVersion').where('id', '=', person).executeTakeFirst()
    const me = await read.get('me', person)
    if (!row || !me) throw new RoomkeeperError('auth.invalid')
    return { access: me.access, scopeVersion: row.scopeVersion }
  }

  async #person(claims: Claims): Promise<Known> {
    const key = `${claims.issuer}\n${claims.directory}\n${claims.objectId}`
    const cached = this.#known.get(key)
    if (cached && isKnown(cached.row, claims)) return cached
    const generation = this.#generation
    const found = await this.#load(claims)
    if (generation === this.#generation) this.#keep(key, found)
    return found
  }

  async #load(claims: Claims): Promise<Known> {
    const { store, log } = this.#options
    const tenant = await store.tenantOfDirectory(claims.issuer, claims.directory)
    if (!tenant) {
      log.warn({ directory: claims.directory }, 'refused an account of a directory that is no tenant here')
      throw new RoomkeeperError('auth.unknownTenant')
    }
    const read = store.read(tenant.id, 'wholeTenant')
    const stored = await read.tables
      .person()
      .selectAll()
      .where('issuer', '=', claims.issuer)
      .where('directory', '=', claims.directory)
      .where('objectId', '=', claims.objectId)
      .executeTakeFirst()
    if (!stored || !isKnown(stored, claims)) {
      const whole = await this.#withGroups(claims, stored)
      return store.write(tenant.id, system, async (tx) => {
        const row = await savePerson(tx, whole)
        const me = await tx.get('me', row.id)
        return { row, access: me?.access ?? noAccess }
      })
    }
    const me = await read.get('me', stored.id)
    return { row: stored, access: me?.access ?? noAccess }
  }

  /** A token that could not hold all groups: the directory's answer, or the last known one while it cannot be reached. */
  async #withGroups(claims: Claims, stored: PersonTable | undefined): Promise<Claims> {
    if (!claims.groupsOverage) return claims
    const { groupsOf, log } = this.#options
    try {
      return { ...claims, groups: (await groupsOf?.(claims.directory, claims.objectId)) ?? claims.groups }
    } catch (error) {
      log.warn({ err: error, directory: claims.directory }, 'the groups of a person could not be read; the last known ones stay')
      return { ...claims, groups: stored ? groupsOfPerson(stored) : [] }
    }
  }

  #keep(key: string, found: Known): void {
    this.#known.delete(key)
    this.#known.set(key, found)
    this.#keyOfPerson.set(found.row.id, key)
    if (this.#known.size <= peopleKept) return
    const [oldest] = this.#known.values()
    if (oldest) this.#drop(oldest.row.id)
  }

  #forget(person: PersonId): void {
    this.#generation += 1
    this.#drop(person)
  }

  #drop(person: PersonId): void {
    const key = this.#keyOfPerson.get(person)
    if (key !== undefined) this.#known.delete(key)
    this.#keyOfPerson.delete(person)
  }
}

/** A token without its groups says nothing of them; it was asked about when it was new. */
const isKnown = (row: PersonTable, claims: Claims): boolean => (claims.groupsOverage && claims.issuedAt <= row.claimsAt) || isCurrent(row, claims)

const noAccess: Access = { globalAdministrator: false, grants: [] }
