import type { Access } from '../../contract/access.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { ResolvedPolicy } from '../../contract/evaluate.ts'
import type { PersonId, TenantId } from '../../contract/ids.ts'
import type { DirectoryReader } from '../directory/directory.ts'
import { noDirectory } from '../directory/none.ts'
import type { Budgets } from '../ground/budgets.ts'
import type { Bus } from '../ground/bus.ts'
import { type Authenticator, type Caller, NotLetIn } from '../ground/caller.ts'
import type { Logger } from '../ground/ops/log.ts'
import type { Store } from '../ground/store/store.ts'
import type { LinkTable, PersonTable } from '../ground/store/tables.ts'
import { system, type TenantTransaction } from '../ground/store/transaction.ts'
import { groupsOfPerson, isCurrent, personOf, savePerson, saveRemoved } from './people.ts'
import { resolvedOf } from './resolved.ts'
import { type Claims, readToken, type TokenRules } from './tokens.ts'

/** What a person may do now, and the version of the scope that their rows are cut to. */
export interface CurrentAccess {
  readonly access: Access
  readonly scopeVersion: number
  /** Their directory has no such account any more. */
  readonly removed: boolean
  /** Their link asks for more than a password (PAR-7). */
  readonly multiFactor: boolean
}

export interface RoomAccount {
  readonly tenant: TenantId
  /** Its object id in the tenant's directory, which stays though its address changes. */
  readonly id: string
  readonly name: string
  readonly email: string
}

interface Known {
  readonly row: PersonTable
  readonly access: Access
}

/** Someone in the tenant of a customer. */
interface KnownThere extends Known {
  readonly link: LinkTable
}

/** People kept in memory; the one least recently seen is read from the store again. */
const peopleKept = 10_000
/** Tenants whose policy is kept looked up. */
const policiesKept = 100

export interface AccessOptions {
  readonly store: Store
  readonly bus: Bus
  readonly rules: TokenRules
  readonly budgets: Pick<Budgets, 'person'>
  readonly log: Logger
  /** Asked for a person's groups, where their token could not hold them all, and whether there is such an account at all. */
  readonly directory?: Pick<DirectoryReader, 'groupsOf' | 'principals'>
}

/** Who asks, and what they may do (ACC-1, ACC-6). */
export class AccessService implements Authenticator {
  readonly #options: AccessOptions
  readonly #known = new Map<string, Known>()
  readonly #keyOfPerson = new Map<PersonId, string>()
  /** People of partners, by customer and person. */
  readonly #atCustomers = new Map<TenantId, Map<PersonId, KnownThere>>()
  readonly #policies = new Map<TenantId, ResolvedPolicy>()
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
      options.bus.subscribe('policy', ({ tenant }) => {
        this.#generation += 1
        this.#policies.delete(tenant)
        this.#atCustomers.delete(tenant)
      }),
    ]
    this.#undo = () => undo.forEach((end) => end())
  }

  close(): void {
    this.#undo()
  }

  /**
   * The person of an access token, at home or in the tenant of a customer that they name. Made at first sight where the
   * token's directory is a tenant here. Each token is charged to its person and their organisation. Who is known here and not
   * let in is told apart by `NotLetIn`: in the tenant of the customer who asks for more than a password, else in their own.
   * `formerToo`: who was let in by that customer once comes as a caller who may do nothing, with `notLetIn`.
   * @throws RoomkeeperError auth.invalid, auth.expired, auth.clock, issuer.unavailable, auth.unknownTenant; rate.limited; auth.removed
   * for whom their directory
   * does not know any more, however long their token lasts; access.denied for a room's own account, and alike for a tenant that
   * does not exist, is no customer, or where they have nothing; partner.multiFactor.
   */
  async authenticate(token: string, tenant?: TenantId, formerToo = false): Promise<Caller> {
    const claims = await readToken(token, this.#options.rules)
    this.#options.budgets.person(claims)
    if (claims.roomAccount) throw new RoomkeeperError('access.denied', { detail: "A room's account cannot use the console." })
    const own = await this.#person(claims)
    if (own.row.removedAt !== null) throw new NotLetIn('auth.removed', callerFrom(own, own.row.tenant, claims))
    if (tenant === undefined || tenant === own.row.tenant) return callerFrom(own, own.row.tenant, claims)
    const known = await this.#atCustomer(own.row, tenant)
    if (!known) {
      const home = callerFrom(own, own.row.tenant, claims)
      const notLetIn = new NotLetIn('access.denied', home, { tenant })
      if (!formerToo || !(await this.#wasAtCustomer(home, tenant))) throw notLetIn
      return { ...home, tenant, access: noAccess, reach: { tenant, person: home.person, access: noAccess }, notLetIn }
    }
    const caller = callerFrom(known, own.row.tenant, claims)
    if (asksForMore(known.link, claims)) throw new NotLetIn('partner.multiFactor', caller)
    return caller
  }

  /** A tenant's policy, looked up; kept until it changes. */
  async resolved(tenant: TenantId): Promise<ResolvedPolicy> {
    const kept = this.#policies.get(tenant)
    if (kept) return kept
    const generation = this.#generation
    const resolved = await resolvedOf(this.#options.store.read(tenant, 'wholeTenant'))
    if (generation === this.#generation) {
      const oldest = this.#policies.size >= policiesKept ? this.#policies.keys().next().value : undefined
      if (oldest !== undefined) this.#policies.delete(oldest)
      this.#policies.set(tenant, resolved)
    }
    return resolved
  }

  /**
   * The room account of a token, by which a device may enrol without a key (ENR-1).
   * @throws RoomkeeperError enrol.accountInvalid, rate.limited
   */
  async authenticateRoomAccount(token: string): Promise<RoomAccount> {
    let claims: Claims
    try {
      claims = await readToken(token, this.#options.rules)
    } catch (error) {
      if (error instanceof RoomkeeperError && error.code === 'issuer.unavailable') throw error
      throw new RoomkeeperError('enrol.accountInvalid', {}, error)
    }
    this.#options.budgets.person(claims)
    const tenant = await this.#options.store.tenantOfDirectory(claims.issuer, claims.directory)
    if (!claims.roomAccount || !tenant) throw new RoomkeeperError('enrol.accountInvalid')
    return { tenant: tenant.id, id: claims.objectId, name: claims.name, email: claims.email }
  }

  /** See `callerWithin`. */
  async within(tx: TenantTransaction, person: PersonId, multiFactor = false): Promise<Caller | undefined> {
    return callerWithin(tx, person, multiFactor)
  }

  /** For the feed: what a person who is connected may do now. */
  async current(tenant: TenantId, person: PersonId): Promise<CurrentAccess> {
    const read = this.#options.store.read(tenant, 'wholeTenant')
    const row = await read.tables.person().select(['scopeVersion', 'removedAt', 'link']).where('id', '=', person).executeTakeFirst()
    const me = await read.get('me', person)
    if (!row || !me) throw new RoomkeeperError('auth.invalid')
    const link =
      row.link === null ? undefined : await read.tables.link().select('multiFactor').where('id', '=', row.link).executeTakeFirst()
    return { access: me.access, scopeVersion: row.scopeVersion, removed: row.removedAt !== null, multiFactor: link?.multiFactor === 1 }
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
    if (!stored || (stored.removedAt === null && !isKnown(stored, claims))) {
      const whole = await this.#withGroups(claims, stored)
      const isThere = whole !== undefined && (stored !== undefined || (await this.#hasAccount(claims)))
      return store.write(tenant.id, system, async (tx) => {
        const saved = isThere ? await savePerson(tx, whole) : await saveRemoved(tx, claims)
        // An answer that says nothing new counts for this token all the same: it is not asked for again.
        const row = saved.claimsAt < claims.issuedAt ? { ...saved, claimsAt: claims.issuedAt } : saved
        if (row !== saved) await tx.savePeople([row])
        const me = await tx.get('me', row.id)
        return { row, access: me?.access ?? noAccess }
      })
    }
    const me = await read.get('me', stored.id)
    return { row: stored, access: me?.access ?? noAccess }
  }

  /**
   * A token that could not hold all groups: the directory's answer, or the last known one while it cannot be reached.
   * Undefined: it has no such account.
   */
  async #withGroups(claims: Claims, stored: PersonTable | undefined): Promise<Claims | undefined> {
    if (!claims.groupsOverage) return claims
    const { directory, log } = this.#options
    try {
      return { ...claims, groups: (await directory?.groupsOf(claims.directory, claims.objectId)) ?? claims.groups }
    } catch (error) {
      if (isNotFound(error)) return undefined
      log.warn({ err: error, directory: claims.directory }, 'the groups of a person could not be read; the last known ones stay')
      return { ...claims, groups: stored ? groupsOfPerson(stored) : [] }
    }
  }

  /**
   * A token may outlive its account: whoever comes for the first time is asked about. Who cannot be asked about is taken by their token.
   */
  async #hasAccount({ directory: tenant, objectId }: Claims): Promise<boolean> {
    const { directory, log } = this.#options
    if (!directory || directory === noDirectory) return true
    try {
      return (await directory.principals(tenant, [objectId])).length > 0
    } catch (error) {
      log.warn({ err: error, directory: tenant }, 'whether somebody new has an account could not be read')
      return true
    }
  }

  /** Undefined: the same for all that is not a customer with something for them. */
  async #atCustomer({ id, tenant: home }: PersonTable, tenant: TenantId): Promise<KnownThere | undefined> {
    const kept = this.#atCustomers.get(tenant)?.get(id)
    if (kept) return kept
    const generation = this.#generation
    const read = this.#options.store.read(tenant, 'wholeTenant')
    const row = await read.tables.person().selectAll().where('id', '=', id).where('link', 'is not', null).executeTakeFirst()
    const link =
      row?.link &&
      (await read.tables
        .link()
        .selectAll()
        .where('id', '=', row.link)
        .where('partner', '=', home)
        .where('status', '=', 'active')
        .executeTakeFirst())
    const me = link ? await read.get('me', id) : undefined
    if (!row || !link || !me || me.access.link !== link.id || me.access.grants.length === 0) return undefined
    const known = { row, link, access: me.access }
    if (generation === this.#generation) {
      const there = this.#atCustomers.get(tenant) ?? new Map<PersonId, KnownThere>()
      if (there.size < peopleKept) this.#atCustomers.set(tenant, there.set(id, known))
    }
    return known
  }

  /** Whether they were let in there once, and have what the customer asks of a sign-in while the link lasts (PAR-7). */
  async #wasAtCustomer({ person, multiFactor }: Pick<Caller, 'person' | 'multiFactor'>, tenant: TenantId): Promise<boolean> {
    const { tables } = this.#options.store.read(tenant, 'wholeTenant')
    const row = await tables.person().select('link').where('id', '=', person).where('link', 'is not', null).executeTakeFirst()
    if (!row?.link) return false
    const link = await tables.link().select('multiFactor').where('id', '=', row.link).executeTakeFirst()
    return multiFactor || link?.multiFactor !== 1
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
    for (const there of this.#atCustomers.values()) there.delete(person)
  }

  #drop(person: PersonId): void {
    const key = this.#keyOfPerson.get(person)
    if (key !== undefined) this.#known.delete(key)
    this.#keyOfPerson.delete(person)
  }
}

function callerFrom(
  { row, access, link }: Known & Partial<KnownThere>,
  home: TenantId,
  { expiresAt, multiFactor }: Pick<Claims, 'expiresAt' | 'multiFactor'>,
): Caller {
  const { tenant, id, name, email, scopeVersion, objectId, directory } = row
  const partner = link ? { organisation: link.partnerName } : {}
  return {
    tenant,
    home,
    ...(link ? { link: link.id, ...partner } : {}),
    person: id,
    name,
    email,
    access,
    scopeVersion,
    doer: { kind: 'person', id, name, userId: objectId, userTenantId: directory, ...partner },
    reach: { tenant, person: id, access },
    expiresAt,
    multiFactor,
  }
}

/**
 * Someone of this tenant, or of one of its partners, as a caller: for what is done in their name later (PAR-5).
 * `multiFactor`: whether they had signed in with more than a password. Undefined where they have nothing here any more.
 * @throws RoomkeeperError partner.multiFactor where their link asks for more by now
 */
export async function callerWithin(tx: TenantTransaction, person: PersonId, multiFactor = false): Promise<Caller | undefined> {
  const row = await personOf(tx, person)
  const me = await tx.get('me', person)
  if (!row || row.removedAt !== null || !me) return undefined
  const later = { expiresAt: tx.at, multiFactor }
  if (row.link === null) return callerFrom({ row, access: me.access }, tx.tenant, later)
  const link = await tx.tables.link().selectAll().where('id', '=', row.link).where('status', '=', 'active').executeTakeFirst()
  if (!link?.partner || me.access.link !== link.id || me.access.grants.length === 0) return undefined
  if (asksForMore(link, later)) throw new RoomkeeperError('partner.multiFactor')
  return callerFrom({ row, access: me.access, link }, link.partner, later)
}

/** A token without its groups says nothing of them; it was asked about when it was new. */
const isKnown = (row: PersonTable, claims: Claims): boolean =>
  claims.groupsOverage ? row.seenAt !== null && claims.issuedAt <= row.claimsAt : isCurrent(row, claims)

/** The customer asks its partner's people for more than a password (PAR-7). */
const asksForMore = (link: Pick<LinkTable, 'multiFactor'>, { multiFactor }: Pick<Claims, 'multiFactor'>): boolean =>
  link.multiFactor === 1 && !multiFactor

const isNotFound = (error: unknown): boolean => error instanceof RoomkeeperError && error.code === 'directory.notFound'

const noAccess: Access = { globalAdministrator: false, grants: [] }
