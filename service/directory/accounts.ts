import { z } from 'zod'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { Member } from '../../contract/policy.ts'
import type { Random } from '../../contract/system.ts'
import type { Store } from '../ground/store/store.ts'
import type { DirectoryAccountTable } from '../ground/store/tables.ts'
import { globalAdministratorRole } from './directory.ts'
import { EmbeddedDirectory } from './embedded.ts'
import { passwords } from './passwords.ts'

/** The embedded directory: accounts of people and of rooms, for installations without an issuer of their own. */

/** The name under which people of the embedded issuer are stored: its address has the port in it, which may change. */
export const embeddedIssuerName = 'embedded'

export type Account = DirectoryAccountTable

export interface NewAccount {
  readonly id: string
  readonly directory: string
  readonly kind: Account['kind']
  readonly email: string
  readonly name: string
  /** Left out: signs in without one (the demo). */
  readonly password?: string
  readonly globalAdministrator: boolean
}

/** An organisation of the embedded directory, and the domains that are its own. */
export interface NewDirectoryTenant {
  readonly id: string
  readonly name: string
  readonly domains: readonly string[]
}

export interface NewSecurityGroup {
  readonly id: string
  readonly directory: string
  readonly name: string
  readonly description?: string
  /** People and groups of the same directory tenant. */
  readonly members: readonly Member[]
}

export interface DirectoryContents {
  readonly tenants: readonly NewDirectoryTenant[]
  readonly accounts: readonly NewAccount[]
  readonly groups?: readonly NewSecurityGroup[]
}

/** Groups that a token names, at most; whoever is in more is asked about in the directory, as with Entra. */
const groupsPerToken = 200

export class Directory {
  readonly #store: Store
  readonly #random: Random
  readonly #reader: EmbeddedDirectory

  constructor(store: Store, random: Random) {
    this.#store = store
    this.#random = random
    this.#reader = new EmbeddedDirectory(store)
  }

  async accounts(): Promise<Account[]> {
    return this.#store.service.selectFrom('directoryAccount').selectAll().orderBy('name').execute()
  }

  async byId(id: string): Promise<Account | undefined> {
    return this.#store.service.selectFrom('directoryAccount').selectAll().where('id', '=', id).executeTakeFirst()
  }

  async byEmail(email: string): Promise<Account | undefined> {
    return this.#store.service.selectFrom('directoryAccount').selectAll().where('email', '=', email.trim().toLowerCase()).executeTakeFirst()
  }

  /**
   * The account where the password is right; one without a password needs none. `from`: the address that asks.
   * @throws RoomkeeperError rate.limited where too many are being tried
   */
  async signIn(email: string, password: string, from: string): Promise<Account | undefined> {
    const account = await this.byEmail(email)
    if (account && account.password === null) return account
    return (await passwords.matches(password, account?.password ?? null, from)) ? account : undefined
  }

  /** Makes the directory anew with these organisations: the first start of a service, which has none that matter. */
  async replaceAll({ tenants, accounts, groups = [] }: DirectoryContents): Promise<void> {
    const rows: Account[] = []
    for (const { password, globalAdministrator, email, ...account } of accounts) {
      rows.push({
        ...account,
        email: email.trim().toLowerCase(),
        password: password === undefined ? null : await passwords.hash(password, this.#random),
        globalAdministrator: Number(globalAdministrator),
      })
    }
    await this.#store.writeService(async (db) => {
      await db.deleteFrom('directoryGroup').execute()
      await db.deleteFrom('directoryAccount').execute()
      await db.deleteFrom('directoryTenant').execute()
      await db
        .insertInto('directoryTenant')
        .values(
          tenants.map(({ id, name, domains }) => ({ id, name, domains: JSON.stringify(domains.map((domain) => domain.toLowerCase())) })),
        )
        .execute()
      if (rows.length > 0) await db.insertInto('directoryAccount').values(rows).execute()
      if (groups.length === 0) return
      await db
        .insertInto('directoryGroup')
        .values(groups.map(({ members, description = '', ...group }) => ({ ...group, description, members: JSON.stringify(members) })))
        .execute()
    })
  }

  /**
   * Adds an organisation to those that are there.
   * @throws RoomkeeperError request.conflict for a domain that another one has
   */
  async addTenant({ id, name, domain }: { id: string; name: string; domain: string }): Promise<void> {
    await this.#store.writeService(async (db) => {
      const there = await db.selectFrom('directoryTenant').selectAll().execute()
      const has = there.find(({ domains }) => z.array(z.string()).parse(JSON.parse(domains)).includes(domain))
      if (has) throw new RoomkeeperError('request.conflict', { field: 'domain', detail: `${domain} is a domain of ${has.name} already.` })
      await db
        .insertInto('directoryTenant')
        .values({ id, name, domains: JSON.stringify([domain]) })
        .execute()
    })
  }

  /** What a token says of an account, in the claims that Entra uses. */
  async claimsOf(account: Account): Promise<Record<string, unknown>> {
    const groups = account.kind === 'person' ? await this.#reader.groupsOf(account.directory, account.id) : []
    return {
      tid: account.directory,
      oid: account.id,
      name: account.name,
      email: account.email,
      preferred_username: account.email,
      wids: account.globalAdministrator ? [globalAdministratorRole] : [],
      ...(groups.length > groupsPerToken ? { hasgroups: true } : { groups }),
      account_kind: account.kind,
    }
  }
}
