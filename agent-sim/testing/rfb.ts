import { Packet } from '../rfb/bytes.ts'
import type { Rect, Screen } from '../rfb/interfaces.ts'
import { rgba, writePixelFormat } from '../rfb/pixels.ts'

/** A screen in memory that remembers what reached it. */
export class FakeScreen implements Screen {
  name = 'Fake screen'
  width: number
  height: number
  pixels: Buffer
  /** Every input that reached it, as text. */
  readonly input: string[] = []
  readonly #damaged = new Set<(rect: Rect) => void>()
  readonly #sized = new Set<() => void>()
  readonly #copied = new Set<(text: string) => void>()

  constructor(width: number, height: number) {
    this.width = width
    this.height = height
    this.pixels = Buffer.alloc(width * height * 4, 255)
  }

  get listeners(): number {
    return this.#damaged.size + this.#sized.size + this.#copied.size
  }

  read({ x, y, width, height }: Rect): Uint8Array {
    if (x + width > this.width || y + height > this.height) throw new Error('outside')
    const answer = Buffer.alloc(width * height * 4)
    for (let row = 0; row < height; row += 1) {
      const from = ((y + row) * this.width + x) * 4
      this.pixels.copy(answer, row * width * 4, from, from + width * 4)
    }
    return answer
  }

  /** Draws each pixel of an area by its colour, and says so. */
  paint(rect: Rect, colour: (x: number, y: number) => readonly [number, number, number]): void {
    for (let y = rect.y; y < rect.y + rect.height; y += 1) {
      for (let x = rect.x; x < rect.x + rect.width; x += 1) this.pixels.set([...colour(x, y), 255], (y * this.width + x) * 4)
    }
    this.damage(rect)
  }

  damage(rect: Rect): void {
    for (const listener of this.#damaged) listener(rect)
  }

  resize(width: number, height: number): void {
    this.width = width
    this.height = height
    this.pixels = Buffer.alloc(width * height * 4, 255)
    for (const listener of this.#sized) listener()
  }

  copy(text: string): void {
    for (const listener of this.#copied) listener(text)
  }

  onDamage(listener: (rect: Rect) => void) {
    this.#damaged.add(listener)
    return () => {
      this.#damaged.delete(listener)
    }
  }

  onSize(listener: () => void) {
    this.#sized.add(listener)
    return () => {
      this.#sized.delete(listener)
    }
  }

  onCutText(listener: (text: string) => void) {
    this.#copied.add(listener)
    return () => {
      this.#copied.delete(listener)
    }
  }

  pointer(x: number, y: number, buttons: number): void {
    this.input.push(`pointer ${x},${y} ${buttons}`)
  }

  key(keysym: number, down: boolean): void {
    this.input.push(`key ${keysym} ${down ? 'down' : 'up'}`)
  }

  cutText(text: string): void {
    this.input.push(`cutText ${text}`)
  }
}

/** Messages of a client, as noVNC makes them. */
export const say = {
  greeting: (version = '003.008') => Buffer.from(`RFB ${version}\n`),
  pixelFormat: (format = rgba) => writePixelFormat(new Packet().u8(0, 0, 0, 0), format).done(),
  encodings: (...listed: number[]) =>
    new Packet()
      .u8(2, 0)
      .u16(listed.length)
      .u32(...listed)
      .done(),
  request: (incremental: boolean, { x, y, width, height }: Rect) =>
    new Packet()
      .u8(3, incremental ? 1 : 0)
      .u16(x, y, width, height)
      .done(),
  key: (keysym: number, down: boolean) =>
    new Packet()
      .u8(4, down ? 1 : 0, 0, 0)
      .u32(keysym)
      .done(),
  pointer: (x: number, y: number, buttons: number) => new Packet().u8(5, buttons).u16(x, y).done(),
  cutText: (text: string) => new Packet().u8(6, 0, 0, 0).u32(text.length).text(text).done(),
  continuous: (on: boolean, { x, y, width, height }: Rect) =>
    new Packet()
      .u8(150, on ? 1 : 0)
      .u16(x, y, width, height)
      .done(),
  fence: (flags: number, payload: Uint8Array) => new Packet().u8(248, 0, 0, 0).u32(flags).u8(payload.length).bytes(payload).done(),
  desktopSize: (width: number, height: number) =>
    new Packet().u8(251, 0).u16(width, height).u8(1, 0).u32(0).u16(0, 0, width, height).u32(0).done(),
  qemuKey: (keysym: number, down: boolean, scancode: number) =>
    new Packet()
      .u8(255, 0)
      .u16(down ? 1 : 0)
      .u32(keysym, scancode)
      .done(),
}

/** What noVNC 1.7 lists, with a JPEG quality and a compression. */
export const novncEncodings = (quality: number, compression: number): number[] => [
  1,
  7,
  -260,
  16,
  21,
  5,
  2,
  6,
  0,
  -32 + quality,
  -256 + compression,
  -223,
  -224,
  -258,
  -261,
  -308,
  -309,
  -312,
  -313,
  -307,
  -1_063_131_698,
  -316,
  0x574d5664,
  -239,
]

/** Every message that acts on a device, by name. */
export const inputs: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ['KeyEvent', say.key(0x61, true)],
  ['QEMU extended key', say.qemuKey(0x61, true, 0x1e)],
  ['PointerEvent', say.pointer(3, 4, 1)],
  ['ClientCutText', say.cutText('secret')],
  ['SetDesktopSize', say.desktopSize(800, 600)],
]
