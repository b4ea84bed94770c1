import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../contract/testing/clock.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { until } from '../../contract/testing/wait.ts'
import { FakeScreen } from '../testing/rfb.ts'
import { streamPair } from '../testing/streams.ts'
import { FakeVncServer, type VncServerOptions } from '../testing/vnc-server.ts'
import { Packet } from './bytes.ts'
import type { Picture } from './interfaces.ts'
import { serveScreen } from './server.ts'
import { viewPicture } from './viewer.ts'

const whole = (picture: Picture) => Buffer.from(picture.read({ x: 0, y: 0, width: picture.width, height: picture.height }))

it('sees what a screen shows, also after changes and with another size', async () => {
  for (const piece of [50_000, 7]) {
    const screen = new FakeScreen(130, 70)
    screen.paint({ x: 0, y: 0, width: 130, height: 70 }, (x, y) => [x, y, 9])
    const [device, local] = streamPair({ piece })
    serveScreen({ screen, stream: device, mode: 'view', timers: realSystem.clock })
    const viewer = await viewPicture({ server: local, timers: realSystem.clock, pauseMs: 1, onLost: (why) => expect.fail(why) })
    expect([viewer.name, viewer.width, viewer.height]).toEqual(['Fake screen', 130, 70])
    expect(whole(viewer).equals(screen.pixels)).toBe(true)
    expect([...viewer.read({ x: 129, y: 69, width: 1, height: 1 })]).toEqual([129, 69, 9, 255])

    const damaged: unknown[] = []
    const undo = viewer.onDamage((rect) => damaged.push(rect))
    screen.paint({ x: 100, y: 66, width: 2, height: 2 }, () => [200, 0, 0])
    await until('the change', () => damaged.length > 0)
    expect(damaged).toEqual([{ x: 64, y: 64, width: 64, height: 6 }])
    expect(whole(viewer).equals(screen.pixels)).toBe(true)
    undo()

    let sized = 0
    viewer.onSize(() => (sized += 1))
    screen.resize(20, 150)
    screen.paint({ x: 0, y: 0, width: 20, height: 150 }, (x, y) => [y, x, 3])
    await until('the other size', () => viewer.height === 150 && whole(viewer).equals(screen.pixels))
    expect(sized).toBe(1)
    expect(damaged).toHaveLength(1)
    viewer.close()
    await until('the screen to be left', () => screen.listeners === 0)
  }
})

async function view(options: VncServerOptions = {}) {
  const [local, remote] = streamPair()
  const server = new FakeVncServer(remote, { width: 4, height: 4, ...options })
  const lost: string[] = []
  const seen = viewPicture({ server: local, onLost: (why) => lost.push(why), timers: realSystem.clock, pauseMs: 1 })
  seen.catch(() => undefined)
  await until('the handshake', () => server.heard.some(({ type }) => type === 'updateRequest'))
  return { server, seen, lost }
}

const rects = (...parts: readonly Packet[]) =>
  Buffer.concat([new Packet().u8(0, 0).u16(parts.length).done(), ...parts.map((part) => part.done())])
const picture = rects(
  new Packet()
    .u16(0, 0, 4, 4)
    .u32(0)
    .bytes(Uint8Array.from({ length: 64 }, (_, at) => (at % 4 === 3 ? 77 : at))),
)

describe('a VNC server', () => {
  it('is told that this is a viewer which sends nothing', async () => {
    const { server, seen } = await view()
    server.send(picture)
    await seen
    await until('more to be asked for', () => server.heard.filter(({ type }) => type === 'updateRequest').length === 2)
    expect(server.heard.map(({ type }) => type)).toEqual(['setPixelFormat', 'setEncodings', 'updateRequest', 'updateRequest'])
  })

  it('copies areas, over each other too', async () => {
    const { server, seen } = await view()
    server.send(picture)
    const viewer = await seen
    const before = whole(viewer)
    const pixel = (pixels: Buffer, x: number, y: number) => pixels.subarray((y * 4 + x) * 4, (y * 4 + x) * 4 + 4).toString('hex')
    const moves = [
      [0, 0, 1, 1],
      [1, 1, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 0, 1],
    ] as const
    for (const [fromX, fromY, toX, toY] of moves) {
      server.send(picture)
      let done = false
      const undo = viewer.onDamage(({ width }) => (done ||= width === 3))
      server.send(rects(new Packet().u16(toX, toY, 3, 3).u32(1).u16(fromX, fromY)))
      await until('the copy', () => done)
      undo()
      const now = whole(viewer)
      for (let y = 0; y < 3; y += 1)
        for (let x = 0; x < 3; x += 1) expect(pixel(now, toX + x, toY + y)).toBe(pixel(before, fromX + x, fromY + y))
    }
  })

  it.each([
    ['an encoding that was not asked for', rects(new Packet().u16(0, 0, 1, 1).u32(7, 0))],
    ['an area outside the picture', rects(new Packet().u16(4, 0, 1, 1).u32(0, 0))],
    ['a copy from outside', rects(new Packet().u16(0, 0, 2, 2).u32(1).u16(3, 0))],
    ['a screen of 16,385', rects(new Packet().u16(0, 0, 16_385, 1).u32(-223))],
    ['more pixels than there is memory for', rects(new Packet().u16(0, 0, 16_384, 16_384).u32(-223))],
    ['a clipboard text of 2 GB', new Packet().u8(3, 0, 0, 0).u32(0x7fff_ffff).done()],
    ['an unknown message', Uint8Array.of(42)],
  ])('that sends %s is left', async (_name, bytes) => {
    const { server, seen, lost } = await view()
    server.send(picture)
    const viewer = await seen
    server.send(bytes)
    await until('the loss', () => lost.length > 0)
    expect(lost).toHaveLength(1)
    expect([viewer.width, viewer.height]).toEqual([4, 4])
    await until('the end', () => server.closed)
  })

  it('that leaves is told once, before the first picture as an error', async () => {
    const early = await view()
    early.server.close()
    const message = expect.stringContaining('closed the connection')
    await expect(early.seen).rejects.toMatchObject({ code: 'remote.screenAlone', message })
    expect(early.lost).toEqual([])
    const late = await view()
    late.server.send(picture)
    await late.seen
    late.server.close()
    await until('the loss', () => late.lost.length > 0)
    expect(late.lost).toHaveLength(1)
  })

  it('that says nothing is given up', async () => {
    const [local] = streamPair()
    const clock = new FakeClock()
    const seen = viewPicture({ server: local, onLost: () => undefined, timers: clock })
    clock.advance(10_000)
    await expect(seen).rejects.toThrow('did not answer')
  })
})
