import type { CallOutput, CallParsed } from '../../contract/bridge.ts'
import type { RoomTile } from '../../contract/pictures.ts'
import type { Picture } from './picture.ts'
import { runOf } from './rooms.ts'
import type { Shown } from './shown.ts'

/**
 * Rooms of a picture, by building and name (ROM-2): what a tile needs of each, read at once for all of an answer, so that the core is not
 * held up for longer than by a page of a list.
 */
export function roomTiles(picture: Picture, { filter, offset, limit }: CallParsed<'rooms.tiles'>): CallOutput<'rooms.tiles'> {
  const run = runOf(picture, { filter, sort: 'building', descending: false })
  const placed = picture.slice(run, offset, limit)
  const byPart = new Map<Shown, string[]>()
  for (const { id, shown } of placed) {
    const ids = byPart.get(shown)
    if (ids === undefined) byPart.set(shown, [id])
    else ids.push(id)
  }
  const tiles = new Map<string, RoomTile>(
    [...byPart].flatMap(([shown, ids]) => tilesOf(shown, ids).map((tile) => [tile.id, tile] as const)),
  )
  return { total: run.total, rows: placed.flatMap(({ id }) => tiles.get(id) ?? []) }
}

const tilesOf = ({ reader }: Shown, ids: readonly string[]): RoomTile[] =>
  reader.all<RoomTile>(
    `select r.id, d.body ->> '$.name' as name, r.building, d.body ->> '$.place.floor' as floor, r.state
     from json_each(?) wanted
     join document d on d.kind = 'room' and d.id = wanted.value
     join ${reader.rooms} r on r.docid = d.docid`,
    JSON.stringify(ids),
  )
