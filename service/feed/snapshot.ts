import type { Kind } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Caller } from '../ground/caller.ts'
import type { Store } from '../ground/store/store.ts'
import type { Cursors, SnapshotPlace } from './cursors.ts'
import { withDevices } from './roomRows.ts'
import { rowText } from './rows.ts'
import { asVersion2 } from './version2.ts'

/** What a screen needs first comes first. Devices come with their rooms. */
const order: readonly Kind[] = ['tenant', 'me', 'settings', 'policy', 'request', 'room', 'incident', 'receipt', 'entry', 'notice']

/**
 * One page of all that the caller may see (CON-2), as JSON text: so many rows, or so many bytes. Pages go by key, so each costs the same,
 * and a snapshot can stop, resume and run beside the live feed: what changed since its first page comes by the cursor. Each page is
 * cut to the scope of its own moment, and says which. `version`: of the feed's protocol.
 * @throws request.invalid where `after` is not a place that this person was given.
 */
export async function snapshotPage(store: Store, cursors: Cursors, caller: Caller, version: number, after?: string): Promise<string> {
  const read = store.read(caller.tenant, caller.reach)
  const given = after === undefined ? undefined : cursors.placeOf(caller, after)
  const lineage = await store.lineage(caller.tenant)
  const lastSeq = await read.lastSeq()
  // A place in data that is not there any more is as good as none.
  if (after !== undefined && !(given && lineage.holds(given.position, lastSeq)))
    throw new RoomkeeperError('request.invalid', { field: 'after' })
  let place: SnapshotPlace
  if (given) place = { ...given, scope: caller.scopeVersion }
  else {
    let total = 0
    for (const kind of order) total += await read.count(kind)
    total += await read.count('device')
    place = { position: lineage.at(lastSeq), scope: caller.scopeVersion, kind: 0, after: '', total }
  }
  const rows: string[] = []
  let bytes = 0
  let next: SnapshotPlace | undefined = place
  while (next && rows.length < limits.snapshotPageRows && bytes < limits.snapshotPageFullBytes) {
    const kind: Kind | undefined = order[next.kind]
    if (!kind) {
      next = undefined
      break
    }
    const left = limits.snapshotPageRows - rows.length
    const wanted = Math.min(limits.snapshotReadRows, kind === 'room' ? Math.ceil(left / 2) : left)
    const found = await read.page(kind, next.after, wanted)
    let last: string | undefined
    for (const row of kind === 'room' ? await withDevices(read, found) : found) {
      // The first row of a page is on it whatever its size; a device has its room behind it.
      if (bytes >= limits.snapshotPageFullBytes && row.id !== last) break
      last = row.id
      for (const known of version === 2 ? asVersion2(row) : [row]) {
        const text = rowText(known)
        bytes += Buffer.byteLength(text)
        rows.push(text)
      }
    }
    const whole = last === found.at(-1)?.id && found.length < wanted
    next = whole ? { ...next, kind: next.kind + 1, after: '' } : { ...next, after: last ?? next.after }
    if (next.kind >= order.length) next = undefined
  }
  const cursor = cursors.cursor(caller, place.position)
  const where = next ? `,"next":"${cursors.place(caller, next)}"` : ''
  return `{"cursor":"${cursor}","scope":${place.scope},"rows":[${rows.join(',')}]${where},"total":${place.total}}`
}
