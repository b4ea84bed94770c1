import type { CallParsed } from '../../contract/bridge.ts'
import { type Wall, wallIncidents, wallSites } from '../../contract/pictures.ts'
import { RoomState } from '../../contract/views.ts'
import { sortKey, stateOrder } from '../cache/derive.ts'
import { incidentCounts, viewOf } from './incidents.ts'
import type { Picture } from './picture.ts'
import { roomTotals } from './rooms.ts'
import type { Shown } from './shown.ts'

type Rooms = Wall['rooms']
interface Line {
  id: string
  site: string
  at: number
  shown: Shown
}

/** Incidents, the newest, among which the sites find theirs: more are on no wall. */
const newestOf = 1_000

const stateAt = new Map(RoomState.options.map((state) => [stateOrder[state], state]))
const noRooms = (): Rooms => Object.fromEntries(RoomState.options.map((state) => [state, 0])) as Rooms
const shareOf = ({ rooms }: { rooms: Rooms }): number =>
  (rooms.unhealthy + rooms.disconnected) /
  Math.max(1, rooms.unhealthy + rooms.disconnected + rooms.healthy + rooms.unknown + rooms.suppressed)

/** What a screen on the wall goes through: all, and site by site, the worst first, or those that are named, as they are named. */
export function readWall(picture: Picture, { by, places }: CallParsed<'wall.read'>, until: number): Wall {
  const found = new Map<string, Rooms>()
  for (const { reader } of picture.parts) {
    for (const { site, stateOrder: order, n } of reader.all<{ site: string; stateOrder: number; n: number }>(
      `select ${by} as site, stateOrder, sum(n) as n from ${reader.roomTotals} group by 1, 2`,
    )) {
      const rooms = found.get(site) ?? noRooms()
      found.set(site, rooms)
      const state = stateAt.get(order)
      if (state !== undefined) rooms[state] += n
    }
  }
  const all = [...found].map(([name, rooms]) => ({ name, rooms, key: sortKey(name) }))
  const wanted =
    places.length > 0
      ? places.flatMap((place) => all.find(({ name }) => name === place) ?? [])
      : all.sort((a, b) => shareOf(b) - shareOf(a) || (a.key < b.key ? -1 : 1))
  const newest = picture.parts.flatMap((shown) => newestIn(shown, by)).sort((a, b) => b.at - a.at)
  const views = (lines: readonly Line[]): Wall['newest'] =>
    lines.slice(0, wallIncidents).flatMap(({ id, shown }) => viewOf(picture, shown, id) ?? [])
  return {
    until,
    rooms: roomTotals(picture, {}),
    newest: views(newest),
    needAction: incidentCounts(picture, undefined).needAction,
    sites: wanted
      .slice(0, wallSites)
      .map(({ name, rooms }) => ({ name, rooms, newest: views(newest.filter(({ site }) => site === name)) })),
  }
}

const newestIn = (shown: Shown, by: 'building' | 'city'): Line[] =>
  shown.reader
    .all<Omit<Line, 'shown'>>(
      `select i.id, i.at, r.${by} as site from ${shown.reader.incidents} i
       join document d on d.kind = 'room' and d.id = i.room join room_list r on r.docid = d.docid
       where i.status = 'needAction' order by i.at desc limit ?`,
      newestOf,
    )
    .map((line) => ({ ...line, shown }))
