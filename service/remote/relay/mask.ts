import { unmask } from 'bufferutil'

/** Below this many bytes a call out of JavaScript costs more than it saves. */
const fewBytes = 48

const rotated = Buffer.alloc(4)

/**
 * Takes the mask of a WebSocket frame off bytes [from, to) in place. `at` is how many bytes of the frame's payload came
 * before them. Where bufferutil has no binary for the platform, its own JavaScript does it, slower.
 */
export function unmaskInPlace(bytes: Buffer, from: number, to: number, mask: number, at: number): void {
  // Our own ends mask with zero: what they carry is ciphertext already.
  if (mask === 0 || from === to) return
  const shift = (at & 3) * 8
  const turned = shift === 0 ? mask : (mask << shift) | (mask >>> (32 - shift))
  rotated[0] = turned >>> 24
  rotated[1] = turned >>> 16
  rotated[2] = turned >>> 8
  rotated[3] = turned
  if (to - from >= fewBytes) {
    unmask(bytes.subarray(from, to), rotated)
    return
  }
  for (let index = from; index < to; index++) {
    bytes[index] = (bytes[index] ?? 0) ^ (rotated[(index - from) & 3] ?? 0)
  }
}
