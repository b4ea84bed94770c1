import { fold } from '../../contract/fold.ts'
import type { TenantId } from '../../contract/ids.ts'
import type { SessionPage, SessionQuery } from '../../contract/remote.ts'
import type { Turn } from '../../contract/system.ts'
import type { GroundDeps } from '../ground/deps.ts'
import type { TenantSelects } from '../ground/store/tenantTables.ts'
import { recordOf } from './record.ts'
import type { RemoteSessionTable } from './tables.ts'

/** Reads of the log of remote sessions (REM-8). Its order is the time of the start, then the id. */

/** Rows read at once; in between others are served. */
const pageRows = 1_000

type Place = Pick<RemoteSessionTable, 'startedAt' | 'id'>

/** A page of the sessions that a filter leaves, newest first. `next`: what `before` of the page after it is. */
export async function sessionPage(
  { store, turn }: Pick<GroundDeps, 'store' | 'turn'>,
  tenant: TenantId,
  query: SessionQuery,
): Promise<SessionPage> {
  const { tables } = store.read(tenant, 'wholeTenant')
  let place: Place | undefined
  if (query.before !== undefined) {
    place = await tables.remoteSession().select(['startedAt', 'id']).where('id', '=', query.before).executeTakeFirst()
    // It was deleted for its age, and so were all that are older.
    if (!place) return { items: [], next: null }
  }
  const wanted = plain(query.text ?? '')
  const found: RemoteSessionTable[] = []
  while (found.length <= query.limit) {
    const page = await filtered(tables, query, place)
      .orderBy('startedAt', 'desc')
      .orderBy('id', 'desc')
      .limit(wanted === '' ? query.limit + 1 : pageRows)
      .execute()
    for (const row of page)
      if (wanted === '' || [row.operatorName, row.roomName, row.deviceName].some((name) => plain(name).includes(wanted))) found.push(row)
    place = page.at(-1)
    if (wanted === '' || page.length < pageRows || !place) break
    await turn()
  }
  const items = found.slice(0, query.limit).map(recordOf)
  return { items, next: found.length > query.limit ? (items.at(-1)?.id ?? null) : null }
}

function filtered(tables: TenantSelects, { from, to, room, operator, outcome, recorded }: SessionQuery, after: Place | undefined) {
  let query = tables.remoteSession().selectAll()
  if (from !== undefined) query = query.where('startedAt', '>=', from)
  if (to !== undefined) query = query.where('startedAt', '<', to)
  if (room !== undefined) query = query.where('room', '=', room)
  if (operator !== undefined) query = query.where('operator', '=', operator)
  if (outcome === 'running') query = query.where('endedAt', 'is', null)
  if (outcome === 'ended') query = query.where('endedAt', 'is not', null).where('refusal', 'is', null)
  if (outcome === 'refused') query = query.where('refusal', 'is not', null)
  if (recorded !== undefined) query = query.where('recordedBytes', '>', 0)
  if (after)
    query = query.where((eb) =>
      eb.or([eb('startedAt', '<', after.startedAt), eb.and([eb('startedAt', '=', after.startedAt), eb('id', '<', after.id)])]),
    )
  return query
}

/** The sessions that began in a range of time (ms; from inclusive, to exclusive), oldest first, a page at a time. */
export async function* sessionRange(
  tables: TenantSelects,
  turn: Turn,
  { from, to }: { from: number; to: number },
): AsyncGenerator<RemoteSessionTable> {
  let last: Place | undefined
  for (;;) {
    let query = tables.remoteSession().selectAll().where('startedAt', '>=', from).where('startedAt', '<', to)
    const after = last
    if (after)
      query = query.where((eb) =>
        eb.or([eb('startedAt', '>', after.startedAt), eb.and([eb('startedAt', '=', after.startedAt), eb('id', '>', after.id)])]),
      )
    const page = await query.orderBy('startedAt').orderBy('id').limit(pageRows).execute()
    yield* page
    last = page.at(-1)
    if (!last || page.length < pageRows) return
    await turn()
  }
}

const plain = (text: string): string => fold(text).trim()
