import type { Jpeg } from './tight.ts'

/** JPEG by the canvas that also draws the simulated screens; packs off the main thread. Loaded when it is needed first. */
export const canvasJpeg: Jpeg = async (band, x, width, quality) => {
  const { createCanvas, ImageData } = await import('@napi-rs/canvas')
  const { pixels, height } = band
  const clamped = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.length)
  const canvas = createCanvas(width, height)
  canvas.getContext('2d').putImageData(new ImageData(clamped, band.width, height), -x, 0, x, 0, width, height)
  return await canvas.encode('jpeg', quality)
}
