import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { someBytes } from '../../contract/testing/chance.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { settle, until } from '../../contract/testing/wait.ts'
import { begin, heard, start } from '../testing/bridge.ts'
import { novncResponse } from '../testing/novnc.ts'
import { inputs, novncEncodings, say } from '../testing/rfb.ts'
import { streamPair } from '../testing/streams.ts'
import { Packet } from './bytes.ts'
import { vncResponse } from './client.ts'
import { bridgeScreen } from './filter.ts'
import { rgba } from './pixels.ts'
import { encodings, fromServer } from './protocol.ts'

describe('the VNC server', () => {
  it('gets the answer to its challenge that noVNC would give', async () => {
    for (const password of ['', 'secret', 'eightcha', 'more than eight', 'é']) {
      const challenge = someBytes(16)
      expect(Buffer.from(vncResponse(password, challenge))).toEqual(
        Buffer.from(await novncResponse(password.padEnd(8, '\0').slice(0, 8), challenge)),
      )
    }
  })

  it.each([
    ['003.003', true],
    ['003.007', true],
    ['003.008', true],
    ['003.889', true],
    ['003.003', false],
    ['003.007', false],
    ['003.008', false],
    ['005.000', false],
  ])('is reached in version %s (with a password: %s)', async (version, isSecret) => {
    const challenge = someBytes(16)
    const secret = { challenge, answer: vncResponse('secret', challenge) }
    const { client } = await start({ password: 'secret', server: { version, ...(isSecret ? { challenge: secret } : {}) }, piece: 3 })
    expect(client.init).toEqual({ width: 64, height: 48, name: 'Fake', format: rgba })
  })

  it.each(['003.003', '003.008'])('refuses a wrong password in version %s: the screen is lost, the log says why', async (version) => {
    const challenge = someBytes(16)
    const { client, log, server } = begin({
      password: 'wrong',
      server: { version, challenge: { challenge, answer: vncResponse('secret', challenge) } },
    })
    await until('the end', () => client.closed !== undefined)
    expect(client.closed).toEqual({ code: 'remote.screenPassword' })
    expect(client.init).toBeUndefined()
    expect(log.join()).toContain('refused the password')
    await until('its end', () => server.closed)
  })

  it('wants a password where there is none, says nothing, or leaves: the screen is lost, for its reason', async () => {
    const without = begin({ server: { challenge: { challenge: someBytes(16), answer: someBytes(16) } } })
    await until('the end', () => without.client.closed !== undefined)
    expect(without.client.closed).toEqual({ code: 'remote.screenPassword' })

    const [device, operator] = streamPair()
    const [local, remote] = streamPair()
    const clock = new FakeClock()
    bridgeScreen({ stream: device, server: local, mode: 'view', timers: clock })
    clock.advance(10_000)
    expect(operator.ended).toEqual({ code: 'remote.screenLost' })
    expect(remote.ended).toBeDefined()

    const left = await start()
    left.server.close()
    await until('the end', () => left.client.closed !== undefined)
    expect(left.client.closed).toEqual({ code: 'remote.screenLost' })
  })

  it.each(['003.003', '003.008'])('in version %s that has TLS only is told from one that is lost [REM-9]', async (version) => {
    const { client, log } = begin({ password: 'secret', server: { version, security: 19 } })
    await until('the end', () => client.closed !== undefined)
    expect(client.closed).toEqual({ code: 'remote.screenSecurity' })
    expect(log.join()).toContain('19')
  })

  it('that has a map of colours is asked for true ones, and what it still says of its map is dropped [REM-9]', async () => {
    const { client, server } = await start({ server: { mapped: true } })
    server.send(new Packet().u8(1, 0).u16(0, 2).u16(1, 2, 3, 4, 5, 6).done())
    server.send(Uint8Array.of(fromServer.bell))
    await until('what follows', () => client.others.length === 1)
    expect([client.init?.format, client.others[0]?.[0]]).toEqual([rgba, fromServer.bell])
  })

  it('that says nonsense is left', async () => {
    const { client, server, log } = await start()
    server.send(Uint8Array.of(99, 1, 2, 3))
    await until('the end', () => client.closed !== undefined && server.closed)
    expect(client.closed).toEqual({ code: 'remote.screenLost' })
    expect(log.join()).toContain('type 99')
  })
})

it('survives a VNC server that says anything', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('', 'RFB 003.003\n', 'RFB 003.008\n'), fc.uint8Array({ maxLength: 80 }), async (greeting, garbage) => {
      const [device, operator] = streamPair()
      const [local, remote] = streamPair()
      const clock = new FakeClock()
      const log: string[] = []
      bridgeScreen({ stream: device, server: local, mode: 'modify', password: 'secret', log: (text) => log.push(text), timers: clock })
      remote.send(Buffer.from(greeting))
      remote.send(garbage)
      await until('all of it to be read', () => remote.waiting === 0 || remote.ended !== undefined)
      clock.advance(10_000)
      // Either it was left, or it has said by chance what a VNC server says.
      if (operator.ended)
        expect([operator.ended.code, log.length]).toEqual([expect.stringMatching(/^remote\.screen(Lost|Security|Password)$/), 1])
      else expect(garbage.length).toBeGreaterThan(24)
    }),
  )
})

describe('the operator', () => {
  it.each(inputs)('drives it with modify: %s', async (_name, bytes) => {
    const { client, server, service, inputsSeen } = await start()
    client.send(bytes)
    await until('it to arrive', () => server.heard.length === 1)
    expect(Buffer.from(server.heard[0]!.raw).equals(bytes)).toBe(true)
    expect(service.counts).toMatchObject({ input: 1, dropped: 0 })
    expect(inputsSeen()).toBe(1)
  })

  it.each(inputs)('cannot with view: %s', async (_name, bytes) => {
    for (const piece of [1, 4_096]) {
      const { client, server, service, inputsSeen } = await start({ mode: 'view', piece })
      client.send(bytes, bytes, say.request(false, client.all))
      await until('the request to arrive', () => server.heard.length > 0)
      expect(heard(server)).toEqual(['updateRequest'])
      expect(service.counts).toMatchObject({ input: 0, dropped: 2 })
      expect(inputsSeen()).toBe(0)
      expect(client.closed).toBeUndefined()
    }
  })

  it('cannot with view, whatever is sent', async () => {
    const message = fc.constantFrom(...inputs.map(([, bytes]) => bytes), say.encodings(0, 7), say.pixelFormat())
    const garbage = fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes))
    const stream = fc.array(fc.oneof({ weight: 4, arbitrary: message }, garbage), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(stream, async (parts) => {
        const { client, server, operator } = await start({ mode: 'view' })
        client.send(...parts)
        await until('all of it to be read', () => operator.waiting === 0 || operator.ended !== undefined)
        await settle()
        expect(server.errors).toEqual([])
        expect(heard(server).filter((type) => ['key', 'pointer', 'cutText', 'setDesktopSize'].includes(type))).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  it('gets pictures with view, and no clipboard', async () => {
    for (const mode of ['view', 'modify'] as const) {
      const { client, server, service } = await start({ mode })
      const text = new Packet().u8(3, 0, 0, 0).u32(6).text('secret').done()
      const update = new Packet().u8(0, 0).u16(1).u16(0, 0, 1, 1).u32(0).u32(7).done()
      server.send(text)
      server.send(update)
      await until('the picture', () => client.updates.length === 1)
      expect(client.updates[0]?.equals(update)).toBe(true)
      expect(client.others.map((one) => one.toString('latin1'))).toEqual(mode === 'view' ? [] : [Buffer.from(text).toString('latin1')])
      expect(service.counts.updates).toBe(1)
    }
  })

  it('may ask for what can be told apart only', async () => {
    const { client, server } = await start()
    client.send(say.encodings(...novncEncodings(6, 2)))
    await until('it to arrive', () => server.heard.length === 1)
    const [message] = server.heard
    expect(message?.type === 'setEncodings' && message.listed).toEqual([
      1, 7, -260, 16, 5, 0, -26, -254, -223, -224, -258, -261, -308, -312, -313, -307, -1_063_131_698, 0x574d5664, -239,
    ])
  })

  it('may not ask for the extended clipboard with view', async () => {
    const { client, server } = await start({ mode: 'view' })
    client.send(say.encodings(0, encodings.extendedClipboard))
    await until('it to arrive', () => server.heard.length === 1)
    const [message] = server.heard
    expect(message?.type === 'setEncodings' && message.listed).toEqual([0])
  })

  it('passes on what belongs to looking', async () => {
    const { client, server } = await start({ mode: 'view' })
    client.send(say.request(true, client.all), say.continuous(true, client.all), say.fence(1, Uint8Array.of(1)), say.pixelFormat())
    await until('all of it', () => server.heard.length === 3)
    expect(heard(server)).toEqual(['updateRequest', 'continuousUpdates', 'fence'])
  })

  it('chooses pixels before asking for them, not after', async () => {
    const format = { ...rgba, bits: 16 as const, depth: 16, max: [31, 63, 31] as const, shift: [11, 5, 0] as const }
    const { client, server } = await start()
    client.send(say.pixelFormat(format), say.request(false, client.all))
    await until('both', () => server.heard.length === 2)
    expect(heard(server)).toEqual(['setPixelFormat', 'updateRequest'])
    client.send(say.pixelFormat())
    await until('the end', () => client.closed !== undefined && server.closed)
    expect(client.closed).toEqual({ code: 'request.invalid' })
  })

  it('is cut off for what is not listed, and the VNC server hears nothing of it', async () => {
    for (const bytes of [Uint8Array.of(250, 0, 1, 2), Uint8Array.of(255, 1, 0, 0), say.cutText('').with(4, 127), Uint8Array.of(1)]) {
      const { client, server } = await start()
      client.send(bytes, say.key(1, true))
      await until('the end', () => client.closed !== undefined && server.closed)
      expect(client.closed).toEqual({ code: 'request.invalid' })
      expect(server.heard).toEqual([])
    }
  })

  it('has long clipboard texts cut', async () => {
    const { client, server } = await start()
    client.send(say.cutText('x'.repeat(limits.clipboardBytes * 2)))
    await until('it to arrive', () => server.heard.length === 1)
    expect(server.heard[0]?.raw).toHaveLength(limits.clipboardBytes + 8)
  })
})

it('slows the VNC server down to a slow operator, and back', async () => {
  const { client, server, device, local, operator } = await start({ window: 1_000 })
  operator.pause()
  const update = new Packet()
    .u8(0, 0)
    .u16(1)
    .u16(0, 0, 64, 48)
    .u32(0)
    .bytes(new Uint8Array(64 * 48 * 4))
    .done()
  for (let at = 0; at < 50; at += 1) {
    server.send(update)
    await settle()
  }
  expect(device.waiting).toBeLessThanOrEqual(update.length * 2)
  expect(local.waiting).toBe(0)
  operator.resume()
  await until('all of it', () => client.updates.length === 50)
  expect(client.updates.every((one) => one.equals(update))).toBe(true)
})

it('closes both ends when it is closed, or the operator leaves', async () => {
  const one = await start()
  one.service.close()
  await until('both ends', () => one.server.closed && one.client.closed !== undefined)
  expect(one.client.closed).toEqual({ code: undefined })
  const other = await start()
  other.operator.close()
  await until('the other end', () => other.server.closed)
})

describe('[REM-4] keys and buttons that are down', () => {
  const ways: readonly (readonly [string, (one: Awaited<ReturnType<typeof start>>) => void])[] = [
    ['the session ends', ({ service }) => service.close()],
    ['the operator leaves', ({ operator }) => operator.close()],
    ['the operator says nonsense', ({ client }) => client.send(Uint8Array.of(250))],
    ['the VNC server says nonsense', ({ server }) => server.send(Uint8Array.of(99))],
  ]
  it.each(ways)('are let go of when %s', async (_way, leave) => {
    const one = await start()
    one.client.send(
      say.key(0xffe3, true),
      say.key(0x61, true),
      say.key(0x62, true),
      say.key(0x62, false),
      say.qemuKey(0, true, 30),
      say.pointer(7, 9, 5),
    )
    await until('them to arrive', () => one.server.heard.length === 6)
    one.server.heard.length = 0
    leave(one)
    await until('the end', () => one.server.closed)
    const down = say.qemuKey(0, false, 30)
    expect(one.server.heard.map(({ raw }) => Buffer.from(raw))).toEqual(
      [down, say.key(0x61, false), say.key(0xffe3, false), say.pointer(7, 9, 0)].map((bytes) => Buffer.from(bytes)),
    )
  })

  it('are no more than a hand has: one that could not be remembered is not pressed', async () => {
    const { client, server, service } = await start()
    for (let keysym = 1; keysym <= 300; keysym += 1) client.send(say.key(keysym, true))
    await until('all of it to be read', () => service.counts.input === 300)
    service.close()
    await until('the end', () => server.closed)
    const keys = server.heard.flatMap((message) => (message.type === 'key' ? [message] : []))
    expect([keys.filter(({ down }) => down).length, keys.filter(({ down }) => !down).length]).toEqual([256, 256])
  })

  it('with view: none was pressed, and nothing is said', async () => {
    const { client, server, service } = await start({ mode: 'view' })
    client.send(say.key(0x61, true), say.pointer(1, 1, 1))
    await until('them to be dropped', () => service.counts.dropped === 2)
    service.close()
    await until('the end', () => server.closed)
    expect(server.heard).toEqual([])
  })
})
