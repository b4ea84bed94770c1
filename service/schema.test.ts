import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Kysely } from 'kysely'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RoomId, TenantId } from '../contract/ids.ts'
import { systemAt, realSystem } from '../contract/testing/system.ts'
import { settle } from '../contract/testing/wait.ts'
import { chainSource, checkChain } from './audit/check.ts'
import { chainHash } from './ground/audit/chain.ts'
import { migrate, NewerDatabase } from './ground/store/migrations/index.ts'
import { openWriter } from './ground/store/sqlite.ts'
import type { Tables } from './ground/store/tables.ts'
import { tenantSelects } from './ground/store/tenantTables.ts'
import { readTransitions } from './ground/store/transitions.ts'
import { schema } from './schema.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roomkeeper-migrations-'))
  path = join(folder, 'service.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

async function migrated(steps = schema): Promise<void> {
  const writer = openWriter(path, realSystem.clock)
  await migrate(
    new Kysely<unknown>({ dialect: writer.dialect }),
    systemAt(() => 7),
    steps,
  )
  writer.close()
}

/** How SQLite would run it. */
function planOf(query: string): string {
  const db = new Database(path)
  const steps: unknown[] = db.prepare(`explain query plan ${query}`).all()
  db.close()
  return JSON.stringify(steps)
}

describe('migrations', () => {
  it('are numbered, each once, in the order in which they run', () => {
    const versions = schema.map(({ version }) => version)
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b))
  })

  it('run once each, and keep what is there', async () => {
    await migrated(schema.slice(0, 1))
    const db = new Database(path)
    db.exec(`insert into tenant values ('t', 'T', 'i', 'd', 3, 1, 0)`)
    db.close()
    await migrated()
    await migrated()
    const after = new Database(path)
    expect(after.prepare('select "version", "appliedAt" from "schemaVersion"').all()).toEqual(
      schema.map(({ version }) => ({ version, appliedAt: 7 })),
    )
    expect(after.prepare('select "name", "lastSeq" from tenant').all()).toEqual([{ name: 'T', lastSeq: 3 }])
    after.close()
  })

  it('take people, groups and requests from before to be what nothing speaks against', async () => {
    await migrated(schema.filter(({ version }) => version < 7))
    const db = new Database(path)
    db.exec(`insert into person ("tenant", "id", "issuer", "directory", "objectId", "name", "email",
        "globalAdministrator", "groups", "claimsAt", "scopeVersion", "scopeDigest", "groupsAt")
      values ('t', 'p', 'i', 'd', 'o', 'N', 'e', 0, '[]', 0, 0, '', 0)`)
    db.exec(`insert into "securityGroup" ("tenant", "directory", "id", "name") values ('t', 'd', 'g', 'G')`)
    db.exec(
      `insert into request ("tenant", "id", "link", "person", "request", "doer", "status", "expiresAt")
        values ('t', 'r', 'l', 'p', '{}', '{}', 'waiting', 5)`,
    )
    db.close()
    await migrated()
    const after = new Database(path)
    expect(after.prepare('select "removedAt" from person').all()).toEqual([{ removedAt: null }])
    expect(after.prepare('select "whole" from "securityGroup"').all()).toEqual([{ whole: 1 }])
    expect(after.prepare('select "multiFactor" from request').all()).toEqual([{ multiFactor: 0 }])
    after.close()
  })

  it('[ENR-1] leave devices from before to no account', async () => {
    await migrated(schema.filter(({ version }) => version < 11))
    const db = new Database(path)
    db.exec(
      `insert into device ("tenant", "id", "room", "installation", "thumbprint", "publicKey", "state", "enrolledAt")
       values ('t', 'd', 'r', 'i', 'p', '{}', 'active', 5)`,
    )
    db.close()
    await migrated()
    const after = new Database(path)
    expect(after.prepare('select "account", "enrolledAt" from device').all()).toEqual([{ account: null, enrolledAt: 5 }])
    after.close()
  })

  it('[CON-2] take what was written before generations were counted for one without a name', async () => {
    await migrated(schema.filter(({ version }) => version < 12))
    const db = new Database(path)
    db.exec(`insert into tenant values ('t', 'T', 'i', 'd', 3, 1, 0)`)
    db.close()
    await migrated()
    const after = new Database(path)
    expect(after.prepare('select * from generation').all()).toEqual([{ tenant: 't', fromSeq: 0, id: '' }])
    after.close()
  })

  it('[ROM-2] keep what happened to rooms, which was documents, in their order; and no console is told that it went', async () => {
    await migrated(schema.filter(({ version }) => version < 13))
    const [tenant, room] = [v7(), v7()]
    const db = new Database(path)
    const add = db.prepare(
      `insert into document ("tenant", "kind", "id", "room", "rev", "seq", "deleted", "body") values (?, ?, ?, ?, 1, ?, 0, ?)`,
    )
    const event = { room, kind: 'signal', actor: { kind: 'system' }, at: 5, receivedAt: 7, signal: 'audio.speaker', value: 'unhealthy' }
    for (let n = 0; n < 5_100; n++) {
      const id = v7()
      add.run(tenant, 'roomEvent', id, room, n, JSON.stringify({ id, ...event, detail: String(n) }))
    }
    const renamed = { ...event, id: v7(), kind: 'renamed', actor: { kind: 'person', id: v7(), name: 'Amélie' }, at: Date.UTC(2026, 4, 1) }
    add.run(tenant, 'roomEvent', renamed.id, room, 6_000, JSON.stringify(renamed))
    add.run(tenant, 'room', room, room, 6_001, '{}')
    db.close()
    await migrated()
    const writer = openWriter(path, realSystem.clock)
    const after = new Kysely<Tables>({ dialect: writer.dialect })
    const { items } = await readTransitions(after, TenantId.parse(tenant), RoomId.parse(room), { limit: 6_000 })
    const { id: _, ...said } = renamed
    expect(items[0]).toEqual({ ...said, number: 0 })
    expect(items.slice(1).map(({ detail }) => detail)).toEqual(Array.from({ length: 5_100 }, (__, n) => String(n)).toReversed())
    expect(items.at(-1)).toEqual({ ...event, number: 0, detail: '0' })
    expect(await after.selectFrom('document').select(['kind', 'deleted']).execute()).toEqual([{ kind: 'room', deleted: 0 }])
    writer.close()
  })

  it('[INC-1] say of open incidents that they are critical, and their rooms count them so', async () => {
    await migrated(schema.filter(({ version }) => version < 18))
    const db = new Database(path)
    db.exec(
      `insert into tenant ("id", "name", "issuer", "directory", "lastSeq", "nextIncidentNumber", "createdAt")
       values ('t', 'T', 'i', 'd', 9, 1, 0)`,
    )
    const add = db.prepare(
      `insert into document ("tenant", "kind", "id", "room", "state", "rev", "seq", "deleted", "body")
       values ('t', ?, ?, 'r', ?, 1, ?, 0, ?)`,
    )
    add.run('room', 'r', 'enrolled', 1, JSON.stringify({ id: 'r', incidents: { important: 3, warning: 1, investigating: 1 } }))
    const incident = (id: string, signal: string, status: string, n: number) =>
      add.run('incident', id, status, n, JSON.stringify({ id, signal, status, severity: 'important', room: 'r' }))
    incident('a', 'connectivity.signInTeams', 'needAction', 2)
    incident('b', 'connectivity.signInExchange', 'investigating', 3)
    incident('c', 'peripherals.camera', 'needAction', 4)
    incident('d', 'connectivity.signInTeams', 'resolved', 5)
    db.close()
    await migrated()
    const after = new Database(path)
    const rows = after
      .prepare<[], { id: string; rev: number; body: string }>('select "id", "rev", "body" from document order by "id"')
      .all()
    expect(rows.map(({ id, rev, body }) => [id, rev, (JSON.parse(body) as { severity?: string }).severity])).toEqual([
      ['a', 2, 'critical'],
      ['b', 2, 'critical'],
      ['c', 1, 'important'],
      ['d', 1, 'important'],
      ['r', 2, undefined],
    ])
    expect(JSON.parse(rows.at(-1)?.body ?? '')).toMatchObject({ incidents: { critical: 1, important: 2, warning: 1 } })
    expect(after.prepare('select "lastSeq" from tenant').pluck().get()).toBe(12)
    after.close()
  })

  it('[rule 12] date what was removed before that was said, and leave all that there is in the change log', async () => {
    await migrated(schema.filter(({ version }) => version < 14))
    const db = new Database(path)
    const add = db.prepare(
      `insert into document ("tenant", "kind", "id", "room", "rev", "seq", "deleted", "body") values ('t', 'incident', ?, 'r', 1, ?, ?, ?)`,
    )
    add.run('a', 1, 1, '')
    add.run('b', 2, 0, '{"number":3}')
    db.exec(`insert into tenant values ('t', 'T', 'i', 'd', 2, 4, 0)`)
    db.close()
    await migrated()
    const after = new Database(path)
    expect(after.prepare('select "id", "deleted", "body" from document order by "id"').all()).toEqual([
      { id: 'a', deleted: 7, body: '' },
      { id: 'b', deleted: 0, body: '{"number":3}' },
    ])
    expect(after.prepare('select "changesFrom" from tenant').all()).toEqual([{ changesFrom: 0 }])
    after.close()
  })

  it('[CON-2] part rooms from their devices, in another generation of the data, so that consoles take both', async () => {
    await migrated(schema.filter(({ version }) => version < 16))
    const db = new Database(path)
    const camera = { value: 'healthy', since: 5, observedAt: 6, detail: 'Rally Bar' }
    const former = { name: 'Boardroom', signals: { 'peripherals.camera': camera }, device: { serial: 'S1' } }
    const add = db.prepare(
      `insert into document ("tenant", "kind", "id", "room", "state", "rev", "seq", "deleted", "body")
        values (?, 'room', ?, ?, 'enrolled', 4, ?, 0, ?)`,
    )
    const ids = Array.from({ length: 600 }, (_, n) => `r${String(n).padStart(3, '0')}`)
    ids.forEach((id, n) => add.run('t', id, id, n + 1, JSON.stringify({ id, ...former })))
    db.exec(`insert into tenant ("id", "name", "issuer", "directory", "lastSeq", "nextIncidentNumber", "createdAt") values
      ('t', 'T', 'i', 'd', 600, 1, 0), ('u', 'U', 'i', 'e', 3, 1, 0)`)
    db.exec(`insert into generation values ('t', 0, ''), ('t', 9, 'one'), ('u', 0, 'two')`)
    db.close()
    await migrated()
    const after = new Database(path)
    const rows = after.prepare<[string], { id: string; body: string }>('select * from document where kind = ? order by seq')
    expect(rows.all('room').map(({ id, body }) => [id, JSON.parse(body)])).toEqual(
      ids.map((id) => [id, { id, name: 'Boardroom', signals: {}, good: { observedAt: 6, healthy: { 6: 5 } } }]),
    )
    expect(rows.all('device').map(({ id, body }) => [id, JSON.parse(body)])).toEqual(
      ids.map((id) => [id, { id, device: { serial: 'S1' }, parts: { 'peripherals.camera': 'Rally Bar' } }]),
    )
    expect(rows.all('device').at(-1)).toMatchObject({ tenant: 't', room: 'r599', state: null, rev: 1, seq: 1_200, deleted: 0 })
    expect(rows.all('room').at(-1)).toMatchObject({ state: 'enrolled', rev: 4, seq: 600 })
    expect(after.prepare('select "id", "lastSeq" from tenant order by "id"').all()).toEqual([
      { id: 't', lastSeq: 1_200 },
      { id: 'u', lastSeq: 3 },
    ])
    const generations = after.prepare('select * from generation order by "tenant"').all()
    expect(generations).toEqual([
      { tenant: 't', fromSeq: 1_200, id: expect.stringMatching(/^[^-]{12}$/) },
      { tenant: 'u', fromSeq: 0, id: 'two' },
    ])
    after.close()
  })

  it('[rule 12] let every room that there is have its first checkpoint the next night', async () => {
    await migrated(schema.filter(({ version }) => version < 15))
    const db = new Database(path)
    db.exec(`insert into "roomState" ("tenant", "room", "state", "incidents", "contact", "lastContactAt")
      values ('t', 'r', '{}', '{}', 'never', 1)`)
    db.close()
    await migrated()
    const after = new Database(path)
    expect(after.prepare('select "changedAt", "flaps" from "roomState"').all()).toEqual([{ changedAt: 7, flaps: null }])
    after.close()
  })

  it('leave nothing behind where one fails', async () => {
    const failing = {
      version: (schema.at(-1)?.version ?? 0) + 1,
      name: 'bad',
      up: async (db: Kysely<unknown>) => {
        await db.schema.createTable('half').addColumn('a', 'text').execute()
        throw new Error('no')
      },
    }
    await expect(migrated([...schema, failing])).rejects.toThrow('no')
    const db = new Database(path)
    expect(db.prepare(`select count(*) as n from sqlite_schema where name = 'half'`).get()).toEqual({ n: 0 })
    db.close()
  })

  it('refuse a database of a newer version, in plain words, and change nothing', async () => {
    await migrated()
    const db = new Database(path)
    db.exec(`insert into "schemaVersion" values (99, 'future', 0)`)
    db.close()
    await expect(migrated()).rejects.toThrow(NewerDatabase)
    await expect(migrated()).rejects.toThrow(/database version 99; this one knows \d+\)\. Nothing was changed/)
  })
})

it('[AUD-1] an audit log that was shortened before its chain said so gets the record that tells of it, which proves nothing', async () => {
  await migrated(schema.filter(({ version }) => version < 9))
  const db = new Database(path)
  const tenant = TenantId.parse(v7())
  const record = {
    tenant,
    id: v7(),
    at: 5,
    category: 'Room',
    objectName: 'x',
    operation: 'Create' as const,
    resultStatus: 'Successful' as const,
    userId: '',
    userTenantId: '',
    actor: null,
    detail: '{}',
    number: 8,
  }
  const start = 'a'.repeat(43)
  const hash = chainHash(start, record)
  const columns = Object.keys({ ...record, hash })
  db.prepare(`insert into audit (${columns.map((name) => `"${name}"`).join()}) values (${columns.map((name) => `@${name}`).join()})`).run({
    ...record,
    hash,
  })
  db.prepare(
    `insert into "auditChain" (tenant, "prunedNumber", "prunedHash", "headNumber", "headHash")
      values (?, 7, ?, 8, ?), ('whole', 0, '', 0, '')`,
  ).run(tenant, start, hash)
  db.close()
  await migrated()
  const writer = openWriter(path, realSystem.clock)
  const after = new Kysely<Tables>({ dialect: writer.dialect })
  expect(await checkChain(chainSource(tenantSelects(after, tenant), settle), 7)).toMatchObject({ records: 2, broken: 8 })
  expect(await after.selectFrom('audit').select(['tenant', 'number', 'objectName']).where('number', '!=', 8).execute()).toEqual([
    { tenant, number: 9, objectName: 'Audit log' },
  ])
  writer.close()
})

describe('the queries that matter', () => {
  it.each([
    ['changes since a sequence', `select * from document where tenant = 't' and seq > 5 order by seq limit 10`, 'document_seq'],
    [
      'a page of a kind',
      `select * from document where tenant = 't' and kind = 'room' and id > 'a' order by id limit 10`,
      'autoindex_document_1',
    ],
    [
      'what belongs to rooms',
      `select * from document where tenant = 't' and kind = 'incident' and room in ('a', 'b') and deleted = 0`,
      'document_room',
    ],
    ['a device at its hello', `select * from device where id = 'd'`, 'autoindex_device_1'],
    ['a key at enrolment', `select * from "enrolmentKey" where digest = 'x'`, 'autoindex_enrolmentKey_2'],
    [
      'an outcome by its key',
      `select * from "commandOutcome" where tenant = 't' and person = 'p' and "key" = 'k'`,
      'autoindex_commandOutcome_1',
    ],
    [
      'the generations of a tenant',
      `select "id", "fromSeq" from generation where tenant = 't' order by "fromSeq"`,
      'autoindex_generation_1',
    ],
    [
      "a room's history",
      `select * from "transition" where "month" = 202605 and "tenant" = x'00' and "room" = x'00' and "at" >= 3 and "at" <= 5
        and ("at" < 5 or "number" < 1) order by "at" desc, "number" desc limit 10`,
      'SEARCH transition USING PRIMARY KEY',
    ],
    [
      'what is known of rooms, live or not',
      `select "id", "body" from "knownDocument" where "tenant" = 't' and "kind" = 'incident' and "deleted" = 0 and "room" in ('a', 'b')`,
      'pastDocument_room',
    ],
    [
      'a page of what is known, live or not',
      `select "id", "body" from "knownDocument" where "tenant" = 't' and "kind" = 'incident' and "deleted" = 0 and "id" > 'a' order by "id"
        limit 10`,
      'autoindex_pastDocument_1',
    ],
    [
      'the history of an incident, live or not',
      `select "id", "body" from "knownDocument" where "tenant" = 't' and "kind" = 'entry' and "deleted" = 0 and "room" = 'r'
        and "state" in ('i') order by "id" desc limit 10`,
      'pastDocument_room',
    ],
    [
      'what was removed',
      `select "tenant", "seq" from document where "deleted" > 0 and "deleted" < 5 order by "deleted" limit 10`,
      'document_deleted',
    ],
    [
      'the last checkpoint of a room',
      `select "at", "state" from checkpoint where "tenant" = 't' and "room" = 'r' and "at" <= 5 order by "at" desc limit 1`,
      'autoindex_checkpoint_1',
    ],
    [
      'rooms that have changed since their last checkpoint',
      `select "room" from "roomState" where "tenant" = 't' and "changedAt" < 5 order by "changedAt" limit 10`,
      'roomState_changedAt',
    ],
    ['the oldest month', `select "month" from "transition" where "month" <= 202605 order by "month" desc limit 1`, 'USING PRIMARY KEY'],
    ['old audit records', `select * from audit where tenant = 't' and at < 5`, 'audit_at'],
  ])('find %s by an index, without a sort', async (_, query, index) => {
    await migrated()
    const plan = planOf(query)
    expect(plan).toContain(index)
    expect(plan).not.toContain('TEMP B-TREE')
    expect(plan).not.toMatch(/"SCAN /)
  })
})
