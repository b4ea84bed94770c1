import { z } from 'zod'
import { globalAdministratorRole } from '../access/tokens.ts'
import type { Store } from '../store/store.ts'
import type { DirectoryAccountTable } from '../store/tables.ts'
import { hashPassword, passwordMatches } from './passwords.ts'

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
  readonly groups?: readonly string[]
}

const Groups = z.array(z.string())

export class Directory {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
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

  /** The account where the password is right; one without a password needs none. */
  async signIn(email: string, password: string): Promise<Account | undefined> {
    const account = await this.byEmail(email)
    if (account && account.password === null) return account
    return (await passwordMatches(password, account?.password ?? null)) ? account : undefined
  }

  /** Makes the directory anew with these accounts: the first start of a service, which has none that matter. */
  async replaceAll(tenant: { id: string; name: string }, accounts: readonly NewAccount[]): Promise<void> {
    const rows: Account[] = []
    for (const { password, groups = [], globalAdministrator, email, ...account } of accounts) {
      rows.push({
        ...account,
        email: email.trim().toLowerCase(),
        password: password === undefined ? null : await hashPassword(password),
        globalAdministrator: Number(globalAdministrator),
        groups: JSON.stringify(groups),
      })
    }
    await this.#store.writeService(async (db) => {
      await db.deleteFrom('directoryAccount').execute()
      await db.deleteFrom('directoryTenant').execute()
      await db.insertInto('directoryTenant').values(tenant).execute()
      if (rows.length > 0) await db.insertInto('directoryAccount').values(rows).execute()
    })
  }
}

/** What a token says of an account, in the claims that Entra uses. */
export function claimsOf(account: Account) {
  return {
    tid: account.directory,
    oid: account.id,
    name: account.name,
    email: account.email,
    preferred_username: account.email,
    wids: account.globalAdministrator ? [globalAdministratorRole] : [],
    groups: Groups.parse(JSON.parse(account.groups)),
    account_kind: account.kind,
  }
}
