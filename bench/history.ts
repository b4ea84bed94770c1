import Database from 'better-sqlite3'
import type { RoomId } from '../contract/ids.ts'
import { dayMs, kept } from '../contract/retention.ts'
import type { SignalId, SignalValue } from '../contract/signals.ts'
import { checkpointRooms } from '../service/incidents/nights.ts'
import { prunePast } from '../service/incidents/past.ts'
import { IncidentRig } from '../service/testing/incidents/rig.ts'
import type { Bench } from './bench.ts'

const rooms = 20
const days = 365
/** When what is synced is counted the first time: what happened up to then stays in it for a week, and does at the end. */
const settledDays = 30
const minuteMs = 60_000

/** Bytes that the pages of a database hold. */
function bytesIn(file: string): number {
  const db = new Database(file, { readonly: true })
  const of = (name: string): number => Number(db.pragma(name, { simple: true }))
  const bytes = (of('page_count') - of('freelist_count')) * of('page_size')
  db.close()
  return bytes
}

const liveRows = async (rig: IncidentRig): Promise<number> => (await rig.read().count('incident')) + (await rig.read().count('entry'))

/** Seven transitions of each room: a fault that opens and is resolved, another one that does so, and a restart. */
async function liveOneDay(rig: IncidentRig, ids: readonly RoomId[]): Promise<void> {
  const all = async (signal: SignalId, value: SignalValue, restarted = false): Promise<void> => {
    await rig.write(async (tx) => {
      const work = rig.rooms.within(tx)
      await work.load(ids)
      for (const id of ids) {
        if (restarted) work.note(id, { kind: 'restarted', at: tx.at })
        work.take(id, { type: 'report', observedAt: tx.at, signals: { [signal]: { value } } })
      }
      await work.flush()
    })
    await rig.pass(10 * minuteMs)
  }
  const began = rig.now
  await all('peripherals.camera', 'unhealthy')
  await all('peripherals.camera', 'healthy')
  await all('peripherals.proximity', 'unhealthy')
  await all('peripherals.proximity', 'healthy', true)
  await rig.pass(began + dayMs - rig.now)
}

async function prune({ store, rooms: shell, system: { clock }, now }: IncidentRig): Promise<void> {
  await prunePast({ store, clock })
  await checkpointRooms({ store, clock, rooms: shell })
  const transitions = now - kept.transitionDays * dayMs
  while ((await store.prune({ outcomes: 0, transitions, removals: now - kept.removalDays * dayMs })).transitions > 0);
  await store.emptyLog()
}

export const history: Bench = {
  name: 'history',
  what: `what a year of seven transitions a day leaves of a room: ${rooms} rooms, ${days} days, through the engine and the store`,
  peers: [],
  run: async ({ say }) => {
    const rig = await IncidentRig.open(1_790_000_000_000)
    try {
      const ids: RoomId[] = []
      for (let n = 0; n < rooms; n++) ids.push(await rig.room())
      await rig.store.emptyLog()
      const before = bytesIn(rig.file)
      let settled = 0
      for (let day = 1; day <= days; day++) {
        await liveOneDay(rig, ids)
        await prune(rig)
        if (day === settledDays) settled = await liveRows(rig)
        if (day % 73 === 0) say(`day ${day}: ${((bytesIn(rig.file) - before) / rooms / 1_000).toFixed(1)} kB a room`)
      }
      return [
        {
          name: 'history.bytesPerRoomYear',
          what: 'disk of a room after a year',
          value: (bytesIn(rig.file) - before) / rooms,
          unit: 'bytes',
        },
        {
          name: 'history.liveRowsTimesMonth',
          what: 'incidents and entries that are synced after a year, of those after a month',
          value: (await liveRows(rig)) / settled,
          unit: '×',
          aim: '1',
        },
      ]
    } finally {
      await rig.close()
    }
  },
}
