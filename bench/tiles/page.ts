import { RoomState } from '../../contract/views.ts'
import { layOut } from '../../renderer/screens/rooms/tiles/layout.ts'
import { makeSprites, paint, type TileColours } from '../../renderer/screens/rooms/tiles/paint.ts'

const colours: TileColours = {
  text: '#15181d',
  faint: '#626a77',
  border: '#c6cbd4',
  cursor: '#3f4bb8',
  ground: '#ffffff',
  tone: () => '#16763f',
  alarm: '#d8383d',
  onAlarm: '#ffffff',
  font: 'sans-serif',
}

/** In the page: milliseconds of each of so many pictures of so many rooms, until its pixels are there. All of them are in sight. */
export function measure(rooms: number, rounds: number): { times: number[]; seen: boolean } {
  const [width, height, ratio] = [1_900, 2_000, 1]
  const all = Array.from({ length: rooms }, (_, n) => ({ building: `Building ${n % 40}`, floor: String(n % 7) }))
  const states = Array.from({ length: rooms }, (_, n) => RoomState.options[n % 11] ?? 'healthy')
  const layout = layOut(all, width, height)
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  document.body.append(canvas)
  const context = canvas.getContext('2d')
  if (context === null) throw new Error('there is no canvas')
  const spriteOf = makeSprites(layout.step, ratio, colours)
  const times = Array.from({ length: rounds }, () => {
    const from = performance.now()
    paint(
      context,
      layout,
      (place) => states[place],
      spriteOf,
      { top: 0, width, height, ratio },
      colours,
      ({ text }) => text,
    )
    // What was asked for is drawn when its pixels are read.
    context.getImageData(width - 1, height - 1, 1, 1)
    return performance.now() - from
  })
  return { times, seen: layout.height <= height }
}
