import { type Kysely, sql } from 'kysely'
import { chainHash } from '../../audit/chain.ts'
import type { AuditChainTable, AuditTable } from '../tables.ts'
import type { Migration } from './migration.ts'

/** Custom roles, room groups, partner links, requests and security groups; people who are in several tenants; the audit chain. */
export const policy: Migration = { version: 3, name: 'policy', up }

async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db

  // One person has one id, in their own tenant and in those of customers: the key takes the tenant in.
  await schema.alterTable('person').renameTo('personBefore').execute()
  await schema
    .createTable('person')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('issuer', 'text', (c) => c.notNull())
    .addColumn('directory', 'text', (c) => c.notNull())
    .addColumn('objectId', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('email', 'text', (c) => c.notNull())
    .addColumn('globalAdministrator', 'integer', (c) => c.notNull())
    .addColumn('groups', 'text', (c) => c.notNull())
    .addColumn('claimsAt', 'bigint', (c) => c.notNull())
    .addColumn('scopeVersion', 'bigint', (c) => c.notNull())
    .addColumn('scopeDigest', 'text', (c) => c.notNull())
    .addColumn('link', 'text')
    .addColumn('groupsAt', 'bigint', (c) => c.notNull())
    .addColumn('seenAt', 'bigint')
    .addPrimaryKeyConstraint('person_key', ['tenant', 'id'])
    .execute()
  const columns = [
    'tenant',
    'id',
    'issuer',
    'directory',
    'objectId',
    'name',
    'email',
    'globalAdministrator',
    'groups',
    'claimsAt',
    'scopeVersion',
    'scopeDigest',
  ]
  const list = sql.join(columns.map((name) => sql.ref(name)))
  const copied = sql`insert into ${sql.table('person')} (${list}, ${sql.ref('link')}, ${sql.ref('groupsAt')}, ${sql.ref('seenAt')})
    select ${list}, null, ${sql.ref('claimsAt')}, ${sql.ref('claimsAt')} from ${sql.table('personBefore')}`
  await copied.execute(db)
  await schema.dropTable('personBefore').execute()
  await schema.createIndex('person_object').unique().on('person').columns(['tenant', 'issuer', 'directory', 'objectId']).execute()
  await schema.createIndex('person_triple_anywhere').on('person').columns(['issuer', 'directory', 'objectId']).execute()

  await schema.alterTable('assignment').addColumn('link', 'text').execute()
  await schema
    .alterTable('assignment')
    .addColumn('description', 'text', (c) => c.notNull().defaultTo(''))
    .execute()
  await schema
    .alterTable('assignment')
    .addColumn('notify', 'integer', (c) => c.notNull().defaultTo(0))
    .execute()
  await schema
    .alterTable('assignment')
    .addColumn('builtIn', 'integer', (c) => c.notNull().defaultTo(0))
    .execute()
  // A scope was a list of rooms; now it may name groups, too.
  const scoped = db.withTables<{ assignment: { tenant: string; id: string; scope: string } }>()
  for (const { tenant, id, scope } of await scoped.selectFrom('assignment').select(['tenant', 'id', 'scope']).execute()) {
    if (!scope.startsWith('[')) continue
    await scoped
      .updateTable('assignment')
      .set({ scope: `{"rooms":${scope},"groups":[]}` })
      .where('tenant', '=', tenant)
      .where('id', '=', id)
      .execute()
  }

  await schema
    .createTable('role')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('link', 'text')
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('description', 'text', (c) => c.notNull())
    .addColumn('permissions', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('role_key', ['tenant', 'id'])
    .execute()
  await schema
    .createTable('roomGroup')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('description', 'text', (c) => c.notNull())
    .addColumn('rooms', 'text', (c) => c.notNull())
    .addColumn('rule', 'text')
    .addPrimaryKeyConstraint('roomGroup_key', ['tenant', 'id'])
    .execute()
  await schema
    .createTable('link')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('domain', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('partner', 'text')
    .addColumn('partnerName', 'text', (c) => c.notNull())
    .addColumn('invitedAt', 'bigint', (c) => c.notNull())
    .addColumn('expiresAt', 'bigint', (c) => c.notNull())
    .addColumn('acceptedAt', 'bigint')
    .addColumn('changeControl', 'text', (c) => c.notNull())
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('remoteAccess', 'integer', (c) => c.notNull())
    .addColumn('multiFactor', 'integer', (c) => c.notNull())
    .execute()
  await schema.createIndex('link_tenant').on('link').columns(['tenant', 'id']).execute()
  await schema.createIndex('link_partner').on('link').columns(['partner', 'id']).execute()
  await schema.createIndex('link_domain').on('link').columns(['domain', 'id']).execute()
  await schema
    .createTable('request')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('link', 'text', (c) => c.notNull())
    .addColumn('person', 'text', (c) => c.notNull())
    .addColumn('request', 'text', (c) => c.notNull())
    .addColumn('doer', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('expiresAt', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('request_key', ['tenant', 'id'])
    .execute()
  await schema.createIndex('request_expiry').on('request').columns(['status', 'expiresAt']).execute()
  await schema
    .createTable('securityGroup')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('directory', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('readAt', 'bigint')
    .addColumn('failedAt', 'bigint')
    .addPrimaryKeyConstraint('securityGroup_key', ['tenant', 'directory', 'id'])
    .execute()
  await schema
    .createTable('directoryGroup')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('directory', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('description', 'text', (c) => c.notNull())
    .addColumn('members', 'text', (c) => c.notNull())
    .execute()
  await schema.createIndex('directoryGroup_directory').on('directoryGroup').columns(['directory', 'name']).execute()
  // Who is in a group is said by the group.
  await schema.alterTable('directoryAccount').dropColumn('groups').execute()
  await schema
    .alterTable('directoryTenant')
    .addColumn('domains', 'text', (c) => c.notNull().defaultTo('[]'))
    .execute()

  await schema
    .createTable('auditChain')
    .addColumn('tenant', 'text', (c) => c.primaryKey())
    .addColumn('prunedNumber', 'bigint', (c) => c.notNull())
    .addColumn('prunedHash', 'text', (c) => c.notNull())
    .addColumn('headNumber', 'bigint', (c) => c.notNull())
    .addColumn('headHash', 'text', (c) => c.notNull())
    .execute()
  await schema
    .alterTable('audit')
    .addColumn('number', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute()
  await schema
    .alterTable('audit')
    .addColumn('hash', 'text', (c) => c.notNull().defaultTo(''))
    .execute()
  await chainAudit(db)
  await schema.createIndex('audit_number').unique().on('audit').columns(['tenant', 'number']).execute()
}

/** Records from before the chain are numbered in the order in which they were made. */
async function chainAudit(db: Kysely<unknown>): Promise<void> {
  const tables = db.withTables<{ audit: AuditTable; auditChain: AuditChainTable }>()
  const heads = new Map<AuditTable['tenant'], { number: number; hash: string }>()
  for (const record of await tables.selectFrom('audit').selectAll().orderBy('tenant').orderBy('at').orderBy('id').execute()) {
    const before = heads.get(record.tenant) ?? { number: 0, hash: '' }
    const number = before.number + 1
    const hash = chainHash(before.hash, { ...record, number })
    heads.set(record.tenant, { number, hash })
    await tables.updateTable('audit').set({ number, hash }).where('tenant', '=', record.tenant).where('id', '=', record.id).execute()
  }
  for (const [tenant, { number, hash }] of heads) {
    await tables.insertInto('auditChain').values({ tenant, prunedNumber: 0, prunedHash: '', headNumber: number, headHash: hash }).execute()
  }
}
