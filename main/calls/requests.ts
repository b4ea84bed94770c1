import type { CallOutput } from '../../contract/bridge.ts'
import { limits } from '../../contract/limits.ts'
import type { Picture } from '../views/picture.ts'

type RequestRow = CallOutput<'requests.list'>['rows'][number]

/** Requests of partners in what is entered (PAR-5), as the cache has them: the waiting first, then the newest; a page of them. */
export function listRequests({ parts }: Picture): RequestRow[] {
  const rows = parts.flatMap(({ reader, tenant }) =>
    tenant === null ? [] : reader.requests().map((request): RequestRow => ({ ...request, tenant })),
  )
  const order = (a: RequestRow, b: RequestRow): number =>
    Number(b.status === 'waiting') - Number(a.status === 'waiting') || b.at - a.at || (a.id < b.id ? 1 : -1)
  return rows.sort(order).slice(0, limits.bridgePageRows)
}
