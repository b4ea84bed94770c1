/** Values of the service itself: its name, signing keys, the key of cursors. */
export interface ServiceValueTable {
  name: string
  value: string
}

/** State of the embedded issuer: sessions, grants, refresh tokens, codes. */
export interface IssuerStateTable {
  model: string
  id: string
  payload: string
  grant: string | null
  userCode: string | null
  uid: string | null
  /** Null: never. */
  expiresAt: number | null
}

/** The embedded directory: stands in for Entra where there is none. */
export interface DirectoryTenantTable {
  id: string
  name: string
  /** JSON array of verified domain names, lower case. */
  domains: string
}

export interface DirectoryAccountTable {
  id: string
  directory: string
  kind: 'person' | 'room'
  email: string
  name: string
  /** scrypt, or null where the account has no password (the demo). */
  password: string | null
  globalAdministrator: number
}

/** A security group of the embedded directory. Members may be people and groups; circles are harmless. */
export interface DirectoryGroupTable {
  id: string
  directory: string
  name: string
  description: string
  /** JSON array of Member (contract/policy.ts). */
  members: string
}

/** Tables that belong to no tenant. */
export interface ServiceTables {
  serviceValue: ServiceValueTable
  issuerState: IssuerStateTable
  directoryTenant: DirectoryTenantTable
  directoryAccount: DirectoryAccountTable
  directoryGroup: DirectoryGroupTable
}
