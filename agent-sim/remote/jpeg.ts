/** Makes a JPEG of `width` × `height` pixels, 4 bytes each, of about `mostBytes` at most. @throws Error */
export type MakeJpeg = (pixels: Uint8Array, width: number, height: number, mostBytes: number) => Promise<Uint8Array>

/** Tried in turn until the picture is small enough; the last one counts in any case. */
const qualities = [70, 45, 25, 10] as const

/** Works beside the main thread. What makes it is loaded when the first recording begins. */
export const makeJpeg: MakeJpeg = async (pixels, width, height, mostBytes) => {
  const { canvasJpeg } = await import('../rfb/jpeg.ts')
  let made: Uint8Array = new Uint8Array()
  for (const quality of qualities) {
    made = await canvasJpeg({ x: 0, y: 0, width, height, pixels, columns: [] }, 0, width, quality)
    if (made.length <= mostBytes) break
  }
  return made
}
