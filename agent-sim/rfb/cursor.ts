import { Packet } from './bytes.ts'
import { convert, type PixelFormat } from './pixels.ts'
import { encodings } from './protocol.ts'

/** The pointer of simulated screens. The viewer draws it, so that it moves without the network. `#` black, `.` white. */
const arrow = [
  '#           ',
  '##          ',
  '#.#         ',
  '#..#        ',
  '#...#       ',
  '#....#      ',
  '#.....#     ',
  '#......#    ',
  '#.......#   ',
  '#........#  ',
  '#.........# ',
  '#......#####',
  '#...#..#    ',
  '#..##..#    ',
  '#.#  #..#   ',
  '##   #..#   ',
  '#     #..#  ',
  '      #..#  ',
  '       ##   ',
]

/** The rectangle that gives it to the viewer. */
export function cursorRect(format: PixelFormat): Uint8Array {
  const height = arrow.length
  const width = arrow[0]?.length ?? 0
  const pixels = Uint8Array.from([...arrow.join('')].flatMap((dot) => (dot === '.' ? [255, 255, 255, 255] : [0, 0, 0, 255])))
  const mask = new Packet()
  for (const row of arrow) {
    const bits = [...row].map((dot) => (dot === ' ' ? '0' : '1')).join('')
    for (let at = 0; at < width; at += 8) mask.u8(Number.parseInt(bits.slice(at, at + 8).padEnd(8, '0'), 2))
  }
  const head = new Packet().u16(0, 0, width, height).u32(encodings.cursor)
  return head.bytes(convert(pixels, format)).bytes(mask.done()).done()
}
