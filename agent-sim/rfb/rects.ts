import { Malformed, s32, take, u16, u32, type Steps } from './bytes.ts'
import { checkSize } from './handshake.ts'
import type { Rect } from './interfaces.ts'
import { tightPixelBytes, type PixelFormat } from './pixels.ts'
import { encodings } from './protocol.ts'

/** Rectangles of a FramebufferUpdate, told apart without decoding them, so that pixels go on as they came. */

export interface RectContext {
  /** Of the picture, as the server said last. */
  width: number
  height: number
  readonly format: PixelFormat
  /** Gives bytes that were read on. */
  emit(bytes: Uint8Array): void
  /** Reads bytes and gives them on as they come. */
  pass(count: number): Steps
}

/** Reads bytes, gives them on, and answers them. */
function* show(context: RectContext, count: number): Steps<Uint8Array> {
  const bytes = yield* take(count)
  context.emit(bytes)
  return bytes
}

const cursorPixelsAtMost = 1_024
const nameBytesAtMost = 4_096

/** What zlib makes of `bytes` at worst. */
const packed = (bytes: number): number => bytes + Math.ceil(bytes / 64) + 1_024

function* tightLength(context: RectContext, atMost: number): Steps {
  let length = 0
  for (const shift of [0, 7, 14]) {
    const [byte = 0] = yield* show(context, 1)
    length |= (shift === 14 ? byte : byte & 0x7f) << shift
    if (shift === 14 || byte < 0x80) break
  }
  if (length > atMost) throw new Malformed(`${length} bytes of Tight where ${atMost} are enough`)
  yield* context.pass(length)
}

const imageBytesAtMost = 1 << 22

function* tight(context: RectContext, { width, height }: Rect, png: boolean): Steps {
  const pixel = tightPixelBytes(context.format)
  const [control = 0] = yield* show(context, 1)
  const kind = control >> 4
  if (kind === 8) return yield* context.pass(pixel)
  // 9 is JPEG, 10 is PNG, which only TightPNG has.
  if (kind === 9 || (kind === 10 && png)) return yield* tightLength(context, imageBytesAtMost)
  if (kind > 7 || png) throw new Malformed(`Tight compression ${kind}`)
  const [filter = 0] = (kind & 4) === 0 ? [0] : yield* show(context, 1)
  if (filter > 2) throw new Malformed(`Tight filter ${filter}`)
  let row = width * pixel
  if (filter === 1) {
    const colours = ((yield* show(context, 1))[0] ?? 0) + 1
    yield* context.pass(colours * pixel)
    row = colours <= 2 ? Math.ceil(width / 8) : width
  }
  const bytes = row * height
  if (bytes < 12) yield* context.pass(bytes)
  else yield* tightLength(context, packed(bytes))
}

function* zrle(context: RectContext, { width, height }: Rect): Steps {
  const length = u32(yield* show(context, 4), 0)
  const tiles = Math.ceil(width / 64) * Math.ceil(height / 64)
  // At worst a pixel and its run length each, and a palette for each tile.
  if (length > packed(width * height * (context.format.bits / 8 + 1) + tiles * 512)) throw new Malformed(`${length} bytes of ZRLE`)
  yield* context.pass(length)
}

function* hextile(context: RectContext, { width, height }: Rect): Steps {
  const pixel = context.format.bits / 8
  for (let y = 0; y < height; y += 16) {
    for (let x = 0; x < width; x += 16) {
      const [kind = 0] = yield* show(context, 1)
      if (kind > 31) throw new Malformed(`Hextile subencoding ${kind}`)
      if (kind & 1) {
        yield* context.pass(Math.min(16, width - x) * Math.min(16, height - y) * pixel)
        continue
      }
      yield* context.pass((kind & 2 ? pixel : 0) + (kind & 4 ? pixel : 0))
      if (!(kind & 8)) continue
      const [count = 0] = yield* show(context, 1)
      yield* context.pass(count * (2 + (kind & 16 ? pixel : 0)))
    }
  }
}

function* cursor(context: RectContext, { width, height }: Rect): Steps {
  yield* context.pass(width * height * (context.format.bits / 8) + Math.ceil(width / 8) * height)
}

function* vmwareCursor(context: RectContext, { width, height }: Rect): Steps {
  const [kind = 0] = yield* show(context, 2)
  if (kind > 1) throw new Malformed(`a cursor of type ${kind}`)
  yield* context.pass(width * height * (kind === 0 ? (context.format.bits / 8) * 2 : 4))
}

function* desktopSize(context: RectContext, { x, y, width, height }: Rect, extended: boolean): Steps {
  if (extended) {
    const head = yield* show(context, 4)
    yield* context.pass((head[0] ?? 0) * 16)
    // An answer to a wish that was refused says nothing of the size.
    if (x === 1 && y !== 0) return
  }
  checkSize(width, height)
  context.width = width
  context.height = height
}

/** Encodings that name no area of the picture, with what follows their heads; the others are pixels. */
const pseudo: Record<number, (context: RectContext, rect: Rect) => Steps> = {
  [encodings.desktopSize]: (context, rect) => desktopSize(context, rect, false),
  [encodings.extendedDesktopSize]: (context, rect) => desktopSize(context, rect, true),
  [encodings.cursor]: cursor,
  [encodings.vmwareCursor]: vmwareCursor,
  [encodings.qemuKey]: (context) => context.pass(0),
  [encodings.qemuLed]: (context) => context.pass(1),
  *[encodings.desktopName](context) {
    const length = u32(yield* show(context, 4), 0)
    if (length > nameBytesAtMost) throw new Malformed(`a name of ${length} bytes`)
    yield* context.pass(length)
  },
}

const pixels: Record<number, (context: RectContext, rect: Rect) => Steps> = {
  [encodings.raw]: (context, { width, height }) => context.pass(width * height * (context.format.bits / 8)),
  *[encodings.copyRect](context, { width, height }) {
    const from = yield* show(context, 4)
    if (u16(from, 0) + width > context.width || u16(from, 2) + height > context.height) throw new Malformed('a copy from outside')
  },
  [encodings.hextile]: hextile,
  [encodings.tight]: (context, rect) => tight(context, rect, false),
  [encodings.tightPng]: (context, rect) => tight(context, rect, true),
  [encodings.zrle]: zrle,
}

/** What a viewer may ask a real server for: what can be told apart here, and announcements without a body. */
export const passableEncodings: ReadonlySet<number> = new Set(Object.values(encodings))

/**
 * Passes one rectangle on. Answers whether it was the last one whatever the count says (LastRect).
 * @throws Malformed for an encoding that `listed` has not, an area outside the picture, or lengths that cannot be.
 */
export function* passRect(context: RectContext, listed: ReadonlySet<number>): Steps<boolean> {
  const head = yield* show(context, 12)
  const rect = { x: u16(head, 0), y: u16(head, 2), width: u16(head, 4), height: u16(head, 6) }
  const encoding = s32(head, 8)
  if (encoding !== encodings.raw && !listed.has(encoding)) throw new Malformed(`encoding ${encoding}, which was not asked for`)
  if (encoding === encodings.lastRect) return true
  const other = pseudo[encoding]
  if (other) {
    const isCursor = encoding === encodings.cursor || encoding === encodings.vmwareCursor
    if (isCursor && Math.max(rect.width, rect.height) > cursorPixelsAtMost)
      throw new Malformed(`a cursor of ${rect.width} × ${rect.height}`)
    yield* other(context, rect)
    return false
  }
  const body = pixels[encoding]
  if (!body) throw new Malformed(`encoding ${encoding} in an update`)
  if (rect.x + rect.width > context.width || rect.y + rect.height > context.height) throw new Malformed('an area outside the picture')
  if (rect.width === 0 || rect.height === 0) {
    if (encoding !== encodings.raw && encoding !== encodings.copyRect) throw new Malformed('an empty area')
  }
  yield* body(context, rect)
  return false
}
