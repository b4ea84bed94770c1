/** The icon files of Windows and macOS: both are lists of PNG pictures with a head. */

const icoMax = 256

/** Windows: pictures of at most 256 pixels. */
export function ico(pictures: ReadonlyMap<number, Buffer>): Buffer {
  const taken = [...pictures].filter(([size]) => size <= icoMax)
  const head = Buffer.alloc(6 + taken.length * 16)
  head.writeUInt16LE(1, 2)
  head.writeUInt16LE(taken.length, 4)
  let at = head.length
  for (const [index, [size, picture]] of taken.entries()) {
    const entry = 6 + index * 16
    // 256 is written as 0: a byte has no room for it.
    head.writeUInt8(size % icoMax, entry)
    head.writeUInt8(size % icoMax, entry + 1)
    head.writeUInt16LE(1, entry + 4)
    head.writeUInt16LE(32, entry + 6)
    head.writeUInt32LE(picture.length, entry + 8)
    head.writeUInt32LE(at, entry + 12)
    at += picture.length
  }
  return Buffer.concat([head, ...taken.map(([, picture]) => picture)])
}

/** macOS: the types that stand for PNG pictures of these sizes, the double-density ones included. */
const icnsTypes: readonly [type: string, size: number][] = [
  ['icp4', 16],
  ['icp5', 32],
  ['icp6', 64],
  ['ic07', 128],
  ['ic08', 256],
  ['ic09', 512],
  ['ic10', 1024],
  ['ic11', 32],
  ['ic12', 64],
  ['ic13', 256],
  ['ic14', 512],
]

export function icns(pictures: ReadonlyMap<number, Buffer>): Buffer {
  const chunks = icnsTypes.flatMap(([type, size]) => {
    const picture = pictures.get(size)
    return picture ? [chunk(type, picture)] : []
  })
  return chunk('icns', Buffer.concat(chunks))
}

function chunk(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.write(type, 'latin1')
  head.writeUInt32BE(body.length + 8, 4)
  return Buffer.concat([head, body])
}
