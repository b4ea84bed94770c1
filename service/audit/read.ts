import { z } from 'zod'
import { fold } from '../../contract/fold.ts'
import type { PersonId, TenantId } from '../../contract/ids.ts'
import type { AuditQuery, AuditRecordView } from '../../contract/policyApi.ts'
import type { Turn } from '../../contract/system.ts'
import type { GroundDeps } from '../ground/deps.ts'
import type { Store } from '../ground/store/store.ts'
import type { AuditTable } from '../ground/store/tables.ts'
import type { TenantSelects } from '../ground/store/tenantTables.ts'

/** Reads of the audit log for who may see it all (AUD-1). */

/** Records read at once; in between others are served. */
const pageRecords = 1_000

const Detail = z.record(z.string(), z.unknown())

/** A page of the records that a filter leaves, newest first. `next`: where the page after it starts. */
export async function auditPage(
  { store, turn }: Pick<GroundDeps, 'store' | 'turn'>,
  tenant: TenantId,
  query: z.output<typeof AuditQuery>,
): Promise<{ items: AuditRecordView[]; next: number | null }> {
  const { tables } = store.read(tenant, 'wholeTenant')
  const names = await namesOf(store, tenant, tables)
  const wanted = query.text === undefined ? '' : plain(query.text)
  const found: AuditTable[] = []
  for (let before = query.before ?? Number.MAX_SAFE_INTEGER; found.length <= query.limit;) {
    const page = await filtered(tables, query)
      .where('number', '<', before)
      .orderBy('number', 'desc')
      .limit(wanted === '' ? query.limit + 1 : pageRecords)
      .execute()
    await names.learn(page)
    for (const record of page) {
      if (wanted === '' || plain(record.objectName).includes(wanted) || plain(names.userOf(record) ?? '').includes(wanted))
        found.push(record)
    }
    const last = page.at(-1)
    if (wanted === '' || page.length < pageRecords || !last) break
    before = last.number
    await turn()
  }
  const items = found.slice(0, query.limit).map((record): AuditRecordView => {
    const detail = Detail.parse(JSON.parse(record.detail))
    const { number, at, category, objectName, operation, resultStatus, userId, userTenantId } = record
    const action = typeof detail['action'] === 'string' ? detail['action'] : null
    return {
      number,
      at,
      category,
      action,
      objectName,
      operation,
      resultStatus,
      userId,
      userTenantId,
      user: names.userOf(record),
      organisation: names.organisationOf(record),
      detail,
    }
  })
  return { items, next: found.length > query.limit ? (items.at(-1)?.number ?? null) : null }
}

function filtered(tables: TenantSelects, { from, to, category, operation, resultStatus }: z.output<typeof AuditQuery>) {
  let query = tables.audit().selectAll()
  if (from !== undefined) query = query.where('at', '>=', from)
  if (to !== undefined) query = query.where('at', '<', to)
  if (category !== undefined) query = query.where('category', '=', category)
  if (operation !== undefined) query = query.where('operation', '=', operation)
  if (resultStatus !== undefined) query = query.where('resultStatus', '=', resultStatus)
  return query
}

/** The records of a range of time (ms; from inclusive, to exclusive) up to a number, oldest first, a page at a time. */
export async function* auditRange(
  tables: TenantSelects,
  turn: Turn,
  range: { from: number; to: number; upTo: number },
): AsyncGenerator<AuditTable> {
  for (let after = 0; ;) {
    const page = await tables
      .audit()
      .selectAll()
      .where('at', '>=', range.from)
      .where('at', '<', range.to)
      .where('number', '>', after)
      .where('number', '<=', range.upTo)
      .orderBy('number')
      .limit(pageRecords)
      .execute()
    yield* page
    const last = page.at(-1)
    if (!last || page.length < pageRecords) return
    after = last.number
    await turn()
  }
}

const plain = (text: string): string => fold(text).trim()

/** Names of who acted: of people here, and of partners' people with their organisation. */
interface Names {
  learn(records: readonly AuditTable[]): Promise<void>
  /** Null for the system. Who is known no more keeps their directory's id. */
  userOf(record: AuditTable): string | null
  organisationOf(record: AuditTable): string | null
}

async function namesOf(store: Store, tenant: TenantId, tables: TenantSelects): Promise<Names> {
  const tenants = await store.tenants()
  const own = tenants.find(({ id }) => id === tenant)
  const organisations = new Map(tenants.map(({ id, directory, name }) => [directory, { id, name }]))
  const names = new Map<PersonId, string>()
  const asked = new Set<PersonId>()
  const ask = async (from: TenantSelects, people: readonly PersonId[]): Promise<void> => {
    if (people.length === 0) return
    for (const { id, name } of await from.person().select(['id', 'name']).where('id', 'in', people).execute()) names.set(id, name)
  }
  return {
    async learn(records) {
      const unknown = new Map<PersonId, string>()
      for (const { actor, userTenantId } of records) if (actor !== null && !asked.has(actor)) unknown.set(actor, userTenantId)
      for (const person of unknown.keys()) asked.add(person)
      await ask(tables, [...unknown.keys()])
      // A partner whose link ended is known in their own tenant still, under the same id.
      const byDirectory = Map.groupBy(
        [...unknown].filter(([person]) => !names.has(person)),
        ([, directory]) => directory,
      )
      for (const [directory, people] of byDirectory) {
        const home = organisations.get(directory)
        if (home && home.id !== tenant)
          await ask(
            store.read(home.id, 'wholeTenant').tables,
            people.map(([person]) => person),
          )
      }
    },
    userOf: ({ actor, userId }) => (actor === null ? null : (names.get(actor) ?? userId)),
    organisationOf: ({ actor, userTenantId }) =>
      actor === null || userTenantId === '' || userTenantId === own?.directory
        ? null
        : (organisations.get(userTenantId)?.name ?? userTenantId),
  }
}
