import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import type { RemoteMode } from '../../contract/remoteFacts.ts'
import type { Timers } from '../../contract/system.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { settle, until } from '../../contract/testing/wait.ts'
import { NovncPicture } from '../testing/novnc.ts'
import { TestClient } from '../testing/rfb-client.ts'
import { novncEncodings, inputs, FakeScreen, say } from '../testing/rfb.ts'
import { streamPair, type PairOptions } from '../testing/streams.ts'
import { Packet } from './bytes.ts'
import { clipboardMessage, everything, type ClipboardMessage } from './clipboard.ts'
import { rgba } from './pixels.ts'
import { encodings, fromClient, fromServer } from './protocol.ts'
import { serveScreen } from './server.ts'

async function start(options: { screen?: FakeScreen; mode?: RemoteMode; version?: string; pair?: PairOptions; timers?: Timers } = {}) {
  const { screen = new FakeScreen(200, 130), mode = 'modify', timers = realSystem.clock } = options
  const [device, operator] = streamPair(options.pair)
  const failures: Error[] = []
  const service = serveScreen({ screen, stream: device, mode, timers })
  const client = new TestClient(operator, (error) => failures.push(error), options.version)
  await until('the handshake', () => client.init !== undefined || failures.length > 0)
  expect(failures).toEqual([])
  return { screen, service, client, device, operator, failures }
}

/** Until the picture that noVNC has is the screen's. */
async function shown(picture: NovncPicture, client: TestClient, screen: FakeScreen, clock?: FakeClock): Promise<void> {
  let taken = 0
  await until('the picture to be shown', async () => {
    clock?.advance(20)
    for (const update of client.updates.slice(taken)) {
      await picture.take(update)
      taken += 1
      if (!client.others.some(([type]) => type === 150))
        client.send(say.request(true, { x: 0, y: 0, width: picture.width, height: picture.height }))
    }
    return picture.pixels.equals(screen.pixels)
  })
  client.updates.length = 0
}

const few = (x: number, y: number) => [(x >> 4) * 9, (y >> 4) * 9, 7] as const
const two = (x: number, y: number) => (((x ^ y) & 4) === 0 ? ([0, 0, 0] as const) : ([255, 200, 0] as const))
const many = (x: number, y: number) => [(x * 3) & 255, (y * 5) & 255, (x + y) & 255] as const
const lines = (x: number, y: number) => [(x * 7919 + y * 104729) & 255, (x * y * 31) & 255, (x ^ (y * 13)) & 255] as const

describe('pictures', () => {
  it.each(['003.003', '003.007', '003.008'])('are told by version %s', async (version) => {
    const { client, screen } = await start({ version })
    expect(client.init).toEqual({ width: 200, height: 130, name: 'Fake screen', format: rgba })
    client.send(say.encodings(0), say.request(false, client.all))
    await shown(await NovncPicture.create(200, 130), client, screen)
  })

  it.each([
    ['raw', [0]],
    ['Tight without losses', [7, -256 + 6]],
    ['Tight at the best quality', novncEncodings(9, 2).filter((one) => one !== -312 && one !== -313)],
  ])('are equal in %s, also after changes', async (_name, listed) => {
    const { client, screen } = await start()
    const picture = await NovncPicture.create(200, 130)
    client.send(say.pixelFormat(), say.encodings(...listed), say.request(false, client.all))
    await shown(picture, client, screen)
    for (const colour of [few, two, many, lines, () => [1, 2, 3] as const]) {
      screen.paint({ x: 0, y: 0, width: 200, height: 130 }, colour)
      await shown(picture, client, screen)
      screen.paint({ x: 70, y: 60, width: 3, height: 9 }, lines)
      await shown(picture, client, screen)
      screen.paint({ x: 130, y: 0, width: 70, height: 130 }, two)
      await shown(picture, client, screen)
    }
  })

  it('come as JPEG where there are many colours and a quality is asked for, and few colours stay sharp', async () => {
    const { client, screen } = await start()
    const picture = await NovncPicture.create(200, 130)
    screen.paint({ x: 0, y: 0, width: 128, height: 130 }, many)
    screen.paint({ x: 128, y: 0, width: 72, height: 130 }, two)
    client.send(say.pixelFormat(), say.encodings(...novncEncodings(6, 2)), say.request(false, client.all))
    await until('an update', () => client.updates.length > 0)
    await picture.take(client.updates[0]!)
    const jpegs = picture.seen.filter(({ encoding, control }) => encoding === 7 && control >> 4 === 9)
    expect(jpegs.map(({ width, height }) => [width, height])).toEqual([
      [128, 64],
      [128, 64],
    ])
    let worst = 0
    for (let at = 0; at < picture.pixels.length; at += 1) {
      const off = Math.abs((picture.pixels[at] ?? 0) - (screen.pixels[at] ?? 0))
      if ((at / 4) % 200 < 128) worst = Math.max(worst, off)
      else expect(off).toBe(0)
    }
    expect(worst).toBeGreaterThan(0)

    // Another quality: what went with losses goes again, by itself.
    client.send(say.continuous(true, client.all))
    for (const fence of client.fences.splice(0)) client.send(say.fence(1, fence))
    client.updates.length = 0
    client.send(say.encodings(...novncEncodings(9, 2)))
    await shown(picture, client, screen)
  })

  it('are sent once, and not again where nothing changed', async () => {
    const { client, screen, service } = await start()
    const picture = await NovncPicture.create(200, 130)
    client.send(say.encodings(7), say.request(false, client.all))
    await shown(picture, client, screen)
    picture.seen.length = 0
    screen.damage({ x: 0, y: 0, width: 200, height: 130 })
    screen.paint({ x: 100, y: 100, width: 1, height: 1 }, () => [9, 9, 9])
    await shown(picture, client, screen)
    expect(picture.seen.map(({ width, height }) => [width, height])).toEqual([[64, 64]])
    expect(service.counts.updates).toBe(2)
  })

  it('follow another size, told as the viewer knows it', async () => {
    for (const pseudo of [-223, -308]) {
      const { client, screen } = await start()
      const picture = await NovncPicture.create(200, 130)
      client.send(say.encodings(7, pseudo), say.request(false, client.all))
      await shown(picture, client, screen)
      screen.resize(90, 300)
      screen.paint({ x: 0, y: 0, width: 90, height: 300 }, few)
      await shown(picture, client, screen)
      expect([picture.width, picture.height]).toEqual([90, 300])
      expect(picture.seen.some(({ encoding }) => encoding === pseudo)).toBe(true)
    }
  })

  it('end where the viewer knows no other size', async () => {
    const { client, screen } = await start()
    client.send(say.encodings(0), say.request(false, client.all), say.request(true, client.all))
    screen.resize(10, 10)
    await until('the end', () => client.closed !== undefined)
    expect(client.closed).toEqual({ code: 'remote.screenLost' })
  })

  it.each([
    ['16 bits', { ...rgba, bits: 16 as const, depth: 16, max: [31, 63, 31] as const, shift: [11, 5, 0] as const }, [0x20, 0xfd]],
    ['8 bits', { ...rgba, bits: 8 as const, depth: 8, max: [7, 7, 3] as const, shift: [0, 3, 6] as const }, [0b00_101_111]],
    ['32 bits, big-endian', { ...rgba, bigEndian: true, shift: [16, 8, 0] as const }, [0, 255, 165, 0]],
  ])('come in the pixel format that was asked for: %s', async (_name, format, orange) => {
    const { client, screen, operator } = await start()
    screen.paint({ x: 0, y: 0, width: 200, height: 130 }, () => [255, 165, 0])
    let bytes = Buffer.alloc(0)
    operator.listen({
      bytes: (more) => {
        bytes = Buffer.concat([bytes, more])
      },
      room: () => undefined,
      closed: () => undefined,
    })
    client.send(say.pixelFormat(format), say.encodings(0), say.request(false, { x: 0, y: 0, width: 10, height: 10 }))
    await until('an update', () => bytes.length > 16 + orange.length)
    expect([...bytes.subarray(16, 16 + orange.length)]).toEqual(orange)
    expect([...bytes.subarray(12, 16)]).toEqual([0, 0, 0, 0])
  })
})

describe('flow', () => {
  /** Long enough for another update, with all that comes of it. */
  const moment = async (clock: FakeClock) => {
    await settle()
    clock.advance(20)
    await settle()
  }

  it('has one update on its way for each request', async () => {
    const clock = new FakeClock()
    const { client, screen, service } = await start({ timers: clock })
    client.send(say.encodings(0), say.request(false, client.all))
    await until('the first update', () => client.updates.length === 1)
    for (let at = 0; at < 5; at += 1) {
      screen.paint({ x: 0, y: 0, width: 200, height: 130 }, () => [at, at, at])
      await moment(clock)
    }
    expect(client.updates).toHaveLength(1)
    client.send(say.request(true, client.all))
    await until('the second update', () => client.updates.length === 2)
    expect(service.counts.updates).toBe(2)
    expect(client.updates[1]?.at(-2)).toBe(4)
  })

  it('has continuous updates wait for fences, and answers fences of the viewer', async () => {
    const clock = new FakeClock()
    const { client, screen } = await start({ timers: clock })
    client.send(say.encodings(7, -312, -313))
    await until('offers', () => client.others.length === 2)
    expect(client.others.map(([type]) => type)).toEqual([248, 150])
    client.send(say.continuous(true, client.all))
    for (let at = 0; at < 40; at += 1) {
      screen.paint({ x: 0, y: 0, width: 64, height: 64 }, () => [at, 1, at])
      await moment(clock)
    }
    const before = client.updates.length
    expect(before).toBeGreaterThan(1)
    expect(before).toBeLessThanOrEqual(8)
    const fences = client.fences.splice(0)
    expect(fences).toHaveLength(before + 1)
    for (const fence of fences) client.send(say.fence(1, fence))
    await until('more', () => client.updates.length > before)

    client.others.length = 0
    client.send(say.fence(0x8000_0007, Buffer.from('mine')), say.continuous(false, client.all))
    await until('both answers', () => client.others.filter(([type]) => type === 150).length === 1)
    expect(client.others.map((one) => one.toString('hex'))).toContain(Buffer.from(say.fence(3, Buffer.from('mine'))).toString('hex'))
  })

  it('waits for a slow viewer with flat memory, and then tells it what is there now', async () => {
    const clock = new FakeClock()
    const { client, screen, device, operator, service } = await start({ pair: { window: 1_000 }, timers: clock })
    const picture = await NovncPicture.create(200, 130)
    client.send(say.encodings(0, -313), say.continuous(true, client.all))
    await shown(picture, client, screen, clock)
    operator.pause()
    for (let at = 0; at < 20; at += 1) {
      screen.paint({ x: 0, y: 0, width: 200, height: 130 }, (x, y) => [x, y, at])
      await moment(clock)
    }
    expect(device.waiting).toBeLessThan(200 * 130 * 4 * 1.5)
    const counted = service.counts.updates
    operator.resume()
    await shown(picture, client, screen, clock)
    expect(service.counts.updates - counted).toBeLessThanOrEqual(2)
  })
})

it('reads a viewer no further that asks without reading the answers, and keeps only what was copied last', async () => {
  const { client, screen, device, operator } = await start({ pair: { window: 500 } })
  operator.pause()
  const asked = 10_000
  for (let at = 0; at < asked; at += 1) client.send(say.fence(0x8000_0000, Buffer.alloc(64)))
  await until('no room to be left', () => device.waiting > 500)
  for (let at = 0; at < 100; at += 1) screen.copy(`copy ${at}`)
  await settle()
  expect(device.waiting).toBeLessThan(1_000)
  expect(operator.waiting).toBeGreaterThan(asked * 50)
  operator.resume()
  await until('all answers, and the last copy', () => client.others.length === asked + 1)
  expect(client.others.filter(([type]) => type === 3).map((one) => one.subarray(8).toString())).toEqual(['copy 99'])
})

describe('input', () => {
  it('reaches the screen with modify', async () => {
    const { client, screen, service } = await start()
    client.send(say.encodings(0, -258), ...inputs.map(([, bytes]) => bytes), say.pointer(60_000, 60_000, 0x87), say.cutText('a\r\nb'))
    await until('all of it', () => service.counts.input === inputs.length + 2)
    expect(screen.input).toEqual(['key 97 down', 'key 97 down', 'pointer 3,4 1', 'cutText secret', 'pointer 199,129 7', 'cutText a\nb'])
    expect(client.closed).toBeUndefined()
  })

  it.each(inputs)('does not reach it with view: %s', async (_name, bytes) => {
    const { client, screen, service } = await start({ mode: 'view' })
    client.send(say.encodings(0, -308, -258), bytes, say.request(false, client.all))
    await until('the picture', () => client.updates.length === 1)
    expect(screen.input).toEqual([])
    expect(service.counts).toMatchObject({ input: 0, dropped: 1 })
    service.close()
    expect(screen.input).toEqual([])
  })

  it('does not reach it with view, whatever is sent', async () => {
    const message = fc.constantFrom(...inputs.map(([, bytes]) => bytes), say.encodings(0, -312, -313), say.pixelFormat())
    const garbage = fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes))
    const stream = fc.array(fc.oneof({ weight: 4, arbitrary: message }, garbage), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(stream, async (parts) => {
        const screen = new FakeScreen(20, 20)
        const [device, operator] = streamPair()
        const service = serveScreen({ screen, stream: device, mode: 'view', timers: realSystem.clock })
        for (const part of [say.greeting(), Uint8Array.of(1, 1), ...parts]) operator.send(part)
        await until('all of it to be read', () => operator.waiting === 0 || operator.ended !== undefined)
        service.close()
        expect(screen.input).toEqual([])
        expect(service.counts.input).toBe(0)
        expect(screen.listeners).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  it('leaves nothing held down, and nobody listening', async () => {
    const { client, screen, service } = await start()
    client.send(say.key(0xffe1, true), say.key(0x61, true), say.key(0x61, false), say.pointer(5, 6, 1))
    await until('all of it', () => screen.input.length === 4)
    expect(screen.listeners).toBe(3)
    service.close()
    expect(screen.input.slice(4)).toEqual(['key 65505 up', 'pointer 5,6 0'])
    expect(screen.listeners).toBe(0)
    await until('the end', () => client.closed !== undefined)
    expect(client.closed).toEqual({ code: undefined })
  })

  it('tells what was copied with modify only, as Latin-1, cut', async () => {
    for (const mode of ['view', 'modify'] as const) {
      const { client, screen } = await start({ mode })
      screen.copy('é€😀')
      screen.copy('x'.repeat(limits.clipboardBytes + 1))
      client.send(say.encodings(0), say.request(false, client.all))
      await until('the picture', () => client.updates.length === 1)
      if (mode === 'view') expect(client.others).toEqual([])
      else {
        expect(client.others.map((one) => one.length)).toEqual([8 + 3, 8 + limits.clipboardBytes])
        expect(client.others[0]?.subarray(8).toString('latin1')).toBe('é??')
      }
    }
  })

  it('closes on what is not listed, and refuses another size', async () => {
    const { client, screen } = await start()
    client.send(say.encodings(7, -308), say.request(false, client.all))
    await until('the picture', () => client.updates.length === 1)
    client.send(say.desktopSize(100, 100), say.request(true, client.all))
    await until('the refusal', () => client.updates.length === 2)
    expect([...client.updates[1]!.subarray(4, 16)]).toEqual([...new Packet().u16(1, 1, 200, 130).u32(-308).done()])
    client.send(Uint8Array.of(77))
    await until('the end', () => client.closed !== undefined)
    expect(client.closed).toEqual({ code: 'request.invalid' })
    expect(screen.listeners).toBe(0)
  })

  it('reads a handshake that comes byte by byte, and closes on a wrong one', async () => {
    await start({ pair: { piece: 1 } })
    for (const wrong of ['GET / HTTP/1.1\r\n', 'RFB 002.000\n', 'RFB 003.008\n\u0002']) {
      const [device, operator] = streamPair()
      const screen = new FakeScreen(10, 10)
      serveScreen({ screen, stream: device, mode: 'modify', timers: realSystem.clock })
      operator.send(Buffer.from(wrong))
      await until('the end', () => operator.ended !== undefined)
      expect(operator.ended).toEqual({ code: 'request.invalid' })
    }
  })
})

describe('[REM-4] text of any script', () => {
  const text = '€ 会議室\n👨‍👩‍👧'
  const theirs = (message: ClipboardMessage) => clipboardMessage(fromClient.cutText, message)
  const ours = (message: ClipboardMessage) => Buffer.from(clipboardMessage(fromServer.cutText, message))

  it('crosses both ways where the viewer knows the extended clipboard', async () => {
    const { client, screen } = await start()
    client.send(say.encodings(0, encodings.extendedClipboard, encodings.extendedClipboard))
    await until('the offer, once', () => client.others.length > 0)
    client.send(theirs(everything), theirs({ action: 'notify', text: true }))
    await until('to be asked for it', () => client.others.length === 2)
    client.send(theirs({ action: 'provide', text }))
    await until('it to arrive', () => screen.input.length === 1)
    expect(screen.input).toEqual([`cutText ${text}`])
    screen.copy(text)
    await until('to be told', () => client.others.length === 3)
    client.send(theirs({ action: 'request', text: true }), theirs({ action: 'peek', text: false }))
    await until('it to come', () => client.others.length === 5)
    const messages: ClipboardMessage[] = [
      everything,
      { action: 'request', text: true },
      { action: 'notify', text: true },
      { action: 'provide', text },
      { action: 'notify', text: true },
    ]
    expect(client.others.map((one) => one.toString('hex'))).toEqual(messages.map((message) => ours(message).toString('hex')))
  })

  it('is not offered with view', async () => {
    const { client, screen, service } = await start({ mode: 'view' })
    client.send(say.encodings(0, encodings.extendedClipboard), theirs(everything), theirs({ action: 'provide', text }))
    await until('them to be dropped', () => service.counts.dropped === 2)
    screen.copy(text)
    await settle()
    expect([client.others, screen.input]).toEqual([[], []])
  })
})
