/** Where each room's tile stands: buildings beside each other as far as the width goes, in each of them a floor after the other. */

export interface Placed {
  readonly building: string
  readonly floor: string
}

/** One row of tiles: `first` to `first + count` of the rooms in the layout's order. */
export interface TileRow {
  readonly x: number
  readonly y: number
  readonly first: number
  readonly count: number
}
export interface TileLabel {
  readonly what: 'building' | 'floor'
  readonly text: string
  /** Rooms of it. */
  readonly rooms: number
  readonly x: number
  readonly y: number
  readonly width: number
}

export interface TileLayout {
  /** Side of a tile with the space after it, in CSS pixels. */
  readonly step: number
  readonly height: number
  /** Of the rooms as they were given, in the order in which they stand. */
  readonly order: readonly number[]
  /** From the top to the bottom of each building; buildings in their order. */
  readonly rows: readonly TileRow[]
  readonly labels: readonly TileLabel[]
}

export const headingHeight = 24
export const floorWidth = 44
const gap = 24
const floorGap = 4
/** The least that a building is given, so that its name can be read. */
const columnWidth = 300

/** Sides of tiles that are tried, from the largest on. */
export const steps = [28, 24, 20, 16, 13, 11] as const

interface Floor {
  readonly name: string
  readonly rooms: number[]
}
interface Building {
  readonly name: string
  readonly floors: Floor[]
  rooms: number
}

/** Floors as people count them: "10" after "9", the highest on top, as in a house; what has none comes last. */
function byFloor(a: Floor, b: Floor): number {
  if (a.name === '' || b.name === '') return a.name === b.name ? 0 : a.name === '' ? 1 : -1
  return b.name.localeCompare(a.name, 'en', { numeric: true })
}

/** Rooms of one building stand together, however they came. */
function gathered(rooms: readonly Placed[]): Building[] {
  const buildings = new Map<string, { building: Building; floors: Map<string, Floor> }>()
  for (const [index, { building: name, floor }] of rooms.entries()) {
    let one = buildings.get(name)
    if (one === undefined) {
      one = { building: { name, floors: [], rooms: 0 }, floors: new Map() }
      buildings.set(name, one)
    }
    let at = one.floors.get(floor)
    if (at === undefined) {
      at = { name: floor, rooms: [] }
      one.floors.set(floor, at)
      one.building.floors.push(at)
    }
    at.rooms.push(index)
    one.building.rooms++
  }
  return [...buildings.values()].map(({ building }) => {
    building.floors.sort(byFloor)
    return building
  })
}

/** The largest tiles with which all is in sight at once; where that cannot be, the smallest ones. */
export function layOut(rooms: readonly Placed[], width: number, height: number): TileLayout {
  const buildings = gathered(rooms)
  let layout: TileLayout | undefined
  for (const step of steps) {
    layout = layOutAt(buildings, width, step)
    if (layout.height <= height) break
  }
  return layout ?? layOutAt(buildings, width, steps[0])
}

function layOutAt(buildings: readonly Building[], width: number, step: number): TileLayout {
  const columns = Math.max(1, Math.min(buildings.length, Math.floor((width + gap) / (columnWidth + gap))))
  const column = (width - gap * (columns - 1)) / columns
  const across = Math.max(1, Math.floor((column - floorWidth) / step))
  const order: number[] = []
  const rows: TileRow[] = []
  const labels: TileLabel[] = []
  let top = 0
  for (let first = 0; first < buildings.length; first += columns) {
    let bottom = top
    for (const [at, { name, floors, rooms }] of buildings.slice(first, first + columns).entries()) {
      const x = at * (column + gap)
      let y = top
      labels.push({ what: 'building', text: name, rooms, x, y, width: column })
      y += headingHeight
      for (const floor of floors) {
        labels.push({ what: 'floor', text: floor.name, rooms: floor.rooms.length, x, y, width: floorWidth })
        for (let n = 0; n < floor.rooms.length; n += across) {
          const some = floor.rooms.slice(n, n + across)
          rows.push({ x: x + floorWidth, y, first: order.length, count: some.length })
          order.push(...some)
          y += step
        }
        y += floorGap
      }
      bottom = Math.max(bottom, y)
    }
    top = bottom + gap / 2
  }
  return { step, height: Math.max(0, top - gap / 2), order, rows, labels }
}

/** The place in the order of the tile at a point; undefined between tiles. */
export function tileAt({ rows, step }: TileLayout, x: number, y: number): number | undefined {
  const row = rows.find((one) => y >= one.y && y < one.y + step && x >= one.x && x < one.x + one.count * step)
  return row === undefined ? undefined : row.first + Math.floor((x - row.x) / step)
}

/** The left upper corner of a tile. */
export function placeOf(layout: TileLayout, place: number): { x: number; y: number } | undefined {
  const row = rowOf(layout, place)
  return row === undefined ? undefined : { x: row.x + (place - row.first) * layout.step, y: row.y }
}

/** Rows stand in the order of their tiles: halved until the one is found. */
function rowOf({ rows }: TileLayout, place: number): TileRow | undefined {
  let [low, high] = [0, rows.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((rows[middle]?.first ?? 0) <= place) low = middle
    else high = middle - 1
  }
  const row = rows[low]
  return row !== undefined && place >= row.first && place < row.first + row.count ? row : undefined
}

export type Way = 'left' | 'right' | 'up' | 'down' | 'first' | 'last'

/** Where a step of the keyboard leads: along the order, or to the nearest tile above or below. It stays where there is none. */
export function stepTo(layout: TileLayout, from: number, way: Way): number {
  const last = layout.order.length - 1
  switch (way) {
    case 'left':
      return Math.max(0, from - 1)
    case 'right':
      return Math.min(last, from + 1)
    case 'first':
      return 0
    case 'last':
      return last
    case 'up':
    case 'down': {
      const here = placeOf(layout, from)
      return here === undefined ? from : (nearest(layout, here, way === 'up' ? -1 : 1) ?? from)
    }
  }
}

function nearest({ rows, step }: TileLayout, here: { x: number; y: number }, by: 1 | -1): number | undefined {
  let best: { place: number; far: number } | undefined
  for (const row of rows) {
    const down = (row.y - here.y) * by
    if (down <= 0) continue
    const along = Math.min(row.count - 1, Math.max(0, Math.round((here.x - row.x) / step)))
    const aside = Math.abs(row.x + along * step - here.x)
    // What stands straight above or below comes first, then what is near.
    const far = down + aside * 4
    if (best === undefined || far < best.far) best = { place: row.first + along, far }
  }
  return best?.place
}
