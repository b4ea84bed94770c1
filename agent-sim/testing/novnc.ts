import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadImage, createCanvas } from '@napi-rs/canvas'

/** noVNC's own decoders, so that what the server packs is unpacked by the viewer that operators have. */

interface Socket {
  rQwait(what: string, count: number): boolean
  rQshift8(): number
  rQpeek8(): number
  rQshift16(): number
  rQshift32(): number
  rQskipBytes(count: number): void
  rQshiftBytes(count: number): Uint8Array
  rQshiftTo(target: Uint8Array, count: number): void
}

interface Display {
  fillRect(x: number, y: number, width: number, height: number, colour: ArrayLike<number>): void
  blitImage(x: number, y: number, width: number, height: number, pixels: Uint8Array, offset: number): void
  imageRect(x: number, y: number, width: number, height: number, mime: string, bytes: Uint8Array): void
}

interface Decoder {
  decodeRect(x: number, y: number, width: number, height: number, socket: Socket, display: Display, depth: number): boolean
}

const load = async (name: string): Promise<Record<string, new () => Decoder>> => {
  const file = join(import.meta.dirname, '../../node_modules/@novnc/novnc/core', name)
  // Its logging looks for the browser's console there.
  if (!('window' in globalThis)) Object.assign(globalThis, { window: globalThis })
  return await import(pathToFileURL(file).href)
}

class Bytes implements Socket {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes)
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  rQwait(_what: string, count: number): boolean {
    return this.left < count
  }

  rQshiftBytes(count: number): Uint8Array {
    if (this.left < count) throw new Error(`${count} bytes where ${this.left} are left`)
    this.#at += count
    return Uint8Array.from(this.#bytes.subarray(this.#at - count, this.#at))
  }

  rQshift8(): number {
    return this.rQshiftBytes(1)[0] ?? 0
  }

  rQpeek8(): number {
    return this.#bytes[this.#at] ?? 0
  }

  rQshift16(): number {
    return this.rQshift8() * 256 + this.rQshift8()
  }

  rQshift32(): number {
    return (this.rQshift16() * 65_536 + this.rQshift16()) | 0
  }

  rQskipBytes(count: number): void {
    this.rQshiftBytes(count)
  }

  rQshiftTo(target: Uint8Array, count: number): void {
    target.set(this.rQshiftBytes(count))
  }
}

/** What a viewer has seen of updates (FramebufferUpdate messages, each whole). */
export class NovncPicture {
  width: number
  height: number
  pixels: Buffer
  /** Every rectangle: its encoding, and for Tight its compression. */
  readonly seen: { encoding: number; width: number; height: number; control: number }[] = []
  readonly #decoders: ReadonlyMap<number, Decoder>
  #images: Promise<void>[] = []

  private constructor(width: number, height: number, decoders: ReadonlyMap<number, Decoder>) {
    this.width = width
    this.height = height
    this.pixels = Buffer.alloc(width * height * 4)
    this.#decoders = decoders
  }

  static async create(width: number, height: number): Promise<NovncPicture> {
    const make = async (name: string) => {
      const { default: Known } = await load(`decoders/${name}.js`)
      if (!Known) throw new Error(`noVNC has no decoder ${name}`)
      return new Known()
    }
    return new NovncPicture(
      width,
      height,
      new Map([
        [0, await make('raw')],
        [7, await make('tight')],
        [16, await make('zrle')],
      ]),
    )
  }

  /** Takes one update; fails where it does not end with its bytes. */
  async take(update: Uint8Array): Promise<void> {
    const bytes = new Bytes(update)
    if (bytes.rQshift16() !== 0) throw new Error('no update')
    const count = bytes.rQshift16()
    for (let at = 0; at < count && !this.#rect(bytes); at += 1);
    if (bytes.left > 0) throw new Error(`${bytes.left} bytes after an update`)
    await Promise.all(this.#images)
    this.#images = []
  }

  /** Answers whether it was the last one (LastRect). */
  #rect(bytes: Bytes): boolean {
    const [x, y, width, height] = [bytes.rQshift16(), bytes.rQshift16(), bytes.rQshift16(), bytes.rQshift16()]
    const encoding = bytes.rQshift32()
    this.seen.push({ encoding, width, height, control: bytes.rQpeek8() })
    if (encoding === -224) return true
    if (encoding === -258) return false
    if (encoding === -261 || encoding === -307) {
      // The LEDs of the keyboard, and the name of the screen.
      bytes.rQskipBytes(encoding === -261 ? 1 : bytes.rQshift32())
      return false
    }
    if (encoding === -239) {
      bytes.rQskipBytes(width * height * 4 + Math.ceil(width / 8) * height)
      return false
    }
    if (encoding === -223 || encoding === -308) {
      if (encoding === -308) bytes.rQskipBytes(4 + bytes.rQpeek8() * 16)
      if (width === this.width && height === this.height) return false
      this.width = width
      this.height = height
      this.pixels = Buffer.alloc(width * height * 4)
      return false
    }
    const decoder = this.#decoders.get(encoding)
    if (!decoder) throw new Error(`encoding ${encoding}`)
    if (x + width > this.width || y + height > this.height) throw new Error('an area outside the picture')
    while (!decoder.decodeRect(x, y, width, height, bytes, this.#display, 24))
      if (bytes.left === 0) throw new Error('an area that does not end')
    return false
  }

  readonly #display: Display = {
    fillRect: (x, y, width, height, colour) => {
      this.#blit(x, y, width, height, () => [colour[0] ?? 0, colour[1] ?? 0, colour[2] ?? 0])
    },
    blitImage: (x, y, width, height, pixels, offset) => {
      const from = Uint8Array.from(pixels)
      this.#blit(x, y, width, height, (at) => [from[offset + at * 4] ?? 0, from[offset + at * 4 + 1] ?? 0, from[offset + at * 4 + 2] ?? 0])
    },
    imageRect: (x, y, width, height, _mime, bytes) => {
      this.#images.push(this.#image(x, y, width, height, bytes))
    },
  }

  async #image(x: number, y: number, width: number, height: number, bytes: Uint8Array): Promise<void> {
    const image = await loadImage(Buffer.from(bytes))
    if (image.width !== width || image.height !== height)
      throw new Error(`an image of ${image.width} × ${image.height} for ${width} × ${height}`)
    const context = createCanvas(width, height).getContext('2d')
    context.drawImage(image, 0, 0)
    const { data } = context.getImageData(0, 0, width, height)
    this.#blit(x, y, width, height, (at) => [data[at * 4] ?? 0, data[at * 4 + 1] ?? 0, data[at * 4 + 2] ?? 0])
  }

  #blit(x: number, y: number, width: number, height: number, colour: (at: number) => readonly number[]): void {
    for (let at = 0; at < width * height; at += 1) {
      this.pixels.set([...colour(at), 255], ((y + Math.floor(at / width)) * this.width + x + (at % width)) * 4)
    }
  }
}

/** noVNC's DES: what a VNC server expects as the answer to its challenge. */
export async function novncResponse(password: string, challenge: Uint8Array): Promise<Uint8Array> {
  const file = join(import.meta.dirname, '../../node_modules/@novnc/novnc/core/crypto/des.js')
  interface Cipher {
    encrypt(algorithm: object, bytes: Uint8Array): Uint8Array
  }
  const {
    DESECBCipher,
  }: { DESECBCipher: { importKey(key: Uint8Array, algorithm: object, extractable: boolean, usages: string[]): Cipher } } = await import(
    pathToFileURL(file).href
  )
  return DESECBCipher.importKey(Buffer.from(password, 'latin1'), { name: 'DES-ECB' }, false, ['encrypt']).encrypt(
    { name: 'DES-ECB' },
    challenge,
  )
}
