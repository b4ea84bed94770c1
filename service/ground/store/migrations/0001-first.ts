import type { Kysely } from 'kysely'
import type { Migration } from './migration.ts'

/** Everything the first version keeps. */
export const first: Migration = { version: 1, name: 'first', up }

async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db

  await schema
    .createTable('tenant')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('issuer', 'text', (c) => c.notNull())
    .addColumn('directory', 'text', (c) => c.notNull())
    .addColumn('lastSeq', 'bigint', (c) => c.notNull())
    .addColumn('nextIncidentNumber', 'bigint', (c) => c.notNull())
    .addColumn('createdAt', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('tenant_directory', ['issuer', 'directory'])
    .execute()

  await schema
    .createTable('document')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('room', 'text')
    .addColumn('owner', 'text')
    .addColumn('state', 'text')
    .addColumn('rev', 'bigint', (c) => c.notNull())
    .addColumn('seq', 'bigint', (c) => c.notNull())
    .addColumn('deleted', 'integer', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('document_key', ['tenant', 'kind', 'id'])
    .execute()
  await schema.createIndex('document_seq').on('document').columns(['tenant', 'seq']).execute()
  await schema.createIndex('document_room').on('document').columns(['tenant', 'kind', 'room', 'id']).execute()
  await schema.createIndex('document_state').on('document').columns(['tenant', 'kind', 'state', 'id']).execute()

  await schema
    .createTable('person')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.primaryKey())
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
    .addUniqueConstraint('person_triple', ['tenant', 'issuer', 'directory', 'objectId'])
    .execute()

  await schema
    .createTable('assignment')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('members', 'text', (c) => c.notNull())
    .addColumn('scope', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('assignment_key', ['tenant', 'id'])
    .execute()

  await schema
    .createTable('device')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('room', 'text', (c) => c.notNull())
    .addColumn('installation', 'text', (c) => c.notNull())
    .addColumn('thumbprint', 'text', (c) => c.notNull().unique())
    .addColumn('publicKey', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('enrolledAt', 'bigint', (c) => c.notNull())
    .addColumn('offboardingSince', 'bigint')
    .addUniqueConstraint('device_installation', ['tenant', 'installation'])
    .execute()
  await schema.createIndex('device_room').on('device').columns(['tenant', 'room']).execute()

  await schema
    .createTable('deviceProgress')
    .addColumn('device', 'text', (c) => c.primaryKey())
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('journal', 'text', (c) => c.notNull())
    .addColumn('acknowledged', 'bigint', (c) => c.notNull())
    .addColumn('clockOffsetMs', 'bigint', (c) => c.notNull())
    .addColumn('lastObservedAt', 'bigint', (c) => c.notNull())
    .addColumn('lastContactAt', 'bigint', (c) => c.notNull())
    .execute()

  await schema
    .createTable('rejectedReport')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('device', 'text', (c) => c.notNull())
    .addColumn('journal', 'text', (c) => c.notNull())
    .addColumn('number', 'bigint', (c) => c.notNull())
    .addColumn('code', 'text', (c) => c.notNull())
    .addColumn('receivedAt', 'bigint', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('rejectedReport_key', ['device', 'journal', 'number'])
    .execute()

  await schema
    .createTable('enrolmentKey')
    .addColumn('tenant', 'text', (c) => c.primaryKey())
    .addColumn('digest', 'text', (c) => c.notNull().unique())
    .addColumn('key', 'text', (c) => c.notNull())
    .addColumn('madeAt', 'bigint', (c) => c.notNull())
    .execute()

  await schema
    .createTable('commandOutcome')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('person', 'text', (c) => c.notNull())
    .addColumn('key', 'text', (c) => c.notNull())
    .addColumn('digest', 'text', (c) => c.notNull())
    .addColumn('outcome', 'text', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('commandOutcome_key', ['tenant', 'person', 'key'])
    .execute()
  await schema.createIndex('commandOutcome_at').on('commandOutcome').columns(['at']).execute()

  await schema
    .createTable('audit')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('category', 'text', (c) => c.notNull())
    .addColumn('objectName', 'text', (c) => c.notNull())
    .addColumn('operation', 'text', (c) => c.notNull())
    .addColumn('resultStatus', 'text', (c) => c.notNull())
    .addColumn('userId', 'text', (c) => c.notNull())
    .addColumn('userTenantId', 'text', (c) => c.notNull())
    .addColumn('actor', 'text')
    .addColumn('detail', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('audit_key', ['tenant', 'id'])
    .execute()
  await schema.createIndex('audit_at').on('audit').columns(['tenant', 'at']).execute()

  await schema
    .createTable('settingsHistory')
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('validFrom', 'bigint', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('settingsHistory_key', ['tenant', 'validFrom'])
    .execute()

  await schema
    .createTable('serviceValue')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('value', 'text', (c) => c.notNull())
    .execute()

  await schema
    .createTable('issuerState')
    .addColumn('model', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('payload', 'text', (c) => c.notNull())
    .addColumn('grant', 'text')
    .addColumn('userCode', 'text')
    .addColumn('uid', 'text')
    .addColumn('expiresAt', 'bigint')
    .addPrimaryKeyConstraint('issuerState_key', ['model', 'id'])
    .execute()
  await schema.createIndex('issuerState_grant').on('issuerState').columns(['grant']).execute()
  await schema.createIndex('issuerState_expiresAt').on('issuerState').columns(['expiresAt']).execute()

  await schema
    .createTable('directoryTenant')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull())
    .execute()

  await schema
    .createTable('directoryAccount')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('directory', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('email', 'text', (c) => c.notNull().unique())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('password', 'text')
    .addColumn('globalAdministrator', 'integer', (c) => c.notNull())
    .addColumn('groups', 'text', (c) => c.notNull())
    .execute()
}
