import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RemoteMode } from '../../contract/remoteFacts.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { until } from '../../contract/testing/wait.ts'
import { NovncPicture } from '../testing/novnc.ts'
import { TestClient } from '../testing/rfb-client.ts'
import { novncEncodings, say } from '../testing/rfb.ts'
import { streamPair } from '../testing/streams.ts'
import { startXvnc, withoutVnc, type Xvnc } from '../testing/xvnc.ts'
import { bridgeScreen } from './filter.ts'
import type { Picture, ScreenService } from './interfaces.ts'
import { connectStream } from './socket.ts'
import { viewPicture, type Viewer } from './viewer.ts'

const { clock: timers } = realSystem

const password = 'pa55w0rd'
const reach = (port: number) => connectStream('127.0.0.1', port, 5_000, timers)
const whole = (picture: Picture) => Buffer.from(picture.read({ x: 0, y: 0, width: picture.width, height: picture.height }))

describe.skipIf(withoutVnc !== undefined)(`a real VNC server${withoutVnc === undefined ? '' : ` (skipped: ${withoutVnc})`}`, () => {
  let xvnc: Xvnc
  const open: (ScreenService | Viewer)[] = []
  beforeAll(async () => {
    xvnc = await startXvnc(password)
  })
  afterEach(() => {
    for (const one of open.splice(0)) one.close()
  })
  afterAll(() => xvnc.stop())

  async function look(): Promise<Viewer> {
    const viewer = await viewPicture({ timers, server: await reach(xvnc.port), password, pauseMs: 20, onLost: (why) => expect.fail(why) })
    open.push(viewer)
    return viewer
  }

  async function operate(mode: RemoteMode) {
    const [device, operator] = streamPair()
    const log: string[] = []
    const service = bridgeScreen({ timers, stream: device, server: await reach(xvnc.port), password, mode, log: (text) => log.push(text) })
    open.push(service)
    const client = new TestClient(operator, (error) => expect.fail(error.message))
    await until('the handshake', () => client.init !== undefined || log.length > 0)
    expect(log).toEqual([])
    return { client, service }
  }

  /** A terminal that fills the screen with one colour, runs a line of shell, and is the only one. */
  async function terminal(viewer: Viewer, colour: readonly [number, number, number], line: string): Promise<void> {
    const name = `#${colour.map((one) => one.toString(16).padStart(2, '0')).join('')}`
    xvnc.start('xterm', '-geometry', '200x80+0+0', '-b', '0', '-bw', '0', '+sb', '-uc', '-bg', name, '-fg', 'black', '-e', 'sh', '-c', line)
    await until('the terminal', () => [...viewer.read({ x: 630, y: 470, width: 1, height: 1 })].join() === [...colour, 255].join())
  }

  /** Presses what types a line of small letters, and Enter. */
  const line = (text: string) =>
    [...[...text].map((letter) => letter.charCodeAt(0)), 0xff0d].flatMap((keysym) => [say.key(keysym, true), say.key(keysym, false)])
  const written = (name: string) => (existsSync(join(xvnc.folder, name)) ? readFileSync(join(xvnc.folder, name), 'utf8') : undefined)

  it('refuses a wrong password, and one is needed', async () => {
    for (const wrong of ['wrong', undefined]) {
      const seen = reach(xvnc.port).then((server) => viewPicture({ timers, server, password: wrong, onLost: () => undefined }))
      await expect(seen).rejects.toThrow(wrong === undefined ? 'wants a password' : 'refused the password')
    }
  })

  it('is seen as it is: by the recorder, and by noVNC through the filter in each encoding', async () => {
    const viewer = await look()
    expect([viewer.width, viewer.height]).toEqual([640, 480])
    await terminal(viewer, [200, 100, 50], 'seq 1 20; printf "\\033[41mred\\033[0m"; sleep 600')
    for (const listed of [[0], [7, -256 + 6], [16], novncEncodings(9, 2).filter((one) => ![5, 1, -32 + 9, 0x574d5664].includes(one))]) {
      const { client, service } = await operate('view')
      const picture = await NovncPicture.create(640, 480)
      client.send(say.pixelFormat(), say.encodings(...listed), say.request(false, client.all))
      let taken = 0
      await until(`the same picture in ${listed.join()}`, async () => {
        for (const update of client.updates.slice(taken)) {
          await picture.take(update)
          taken += 1
          client.send(say.request(true, client.all))
        }
        for (let at = 3; at < picture.pixels.length; at += 4) picture.pixels[at] = 255
        return picture.pixels.equals(whole(viewer))
      })
      expect(picture.seen.some(({ encoding }) => encoding === listed[0])).toBe(true)
      expect(service.counts.updates).toBeGreaterThan(0)
    }
    const pixels = whole(viewer)
    const colours = new Set<number>()
    for (let at = 0; at < pixels.length; at += 4) colours.add(pixels.readUIntBE(at, 3))
    expect(colours).toContain(0xc86432)
    expect(colours).toContain(0x000000)
    expect(colours.size).toBeGreaterThan(2)
  })

  it('is typed into with modify, and not with view', async () => {
    const viewer = await look()
    await terminal(viewer, [10, 200, 30], 'read line; printf %s "$line" > typed.part; mv typed.part typed; sleep 600')
    const watcher = await operate('view')
    const inside = say.pointer(300, 200, 0)
    watcher.client.send(
      say.encodings(0, -258, -308),
      inside,
      ...line('viewed'),
      say.qemuKey(0x76, true, 0x2f),
      say.qemuKey(0x76, false, 0x2f),
      say.cutText('viewed'),
      say.pointer(300, 200, 2),
      say.pointer(300, 200, 0),
      say.desktopSize(320, 200),
      say.request(false, watcher.client.all),
    )
    await until('the watcher to be answered', () => watcher.client.updates.length > 0)
    expect(watcher.service.counts).toMatchObject({ input: 0, dropped: 21 })
    expect(written('typed')).toBeUndefined()

    const driver = await operate('modify')
    driver.client.send(inside, ...line('hello world'))
    await until('the line to be written', () => written('typed') !== undefined)
    expect(written('typed')).toBe('hello world')
    expect([viewer.width, viewer.height]).toEqual([640, 480])
  })

  it('shares the clipboard both ways with modify, and not with view', async () => {
    const viewer = await look()
    await terminal(
      viewer,
      [40, 90, 220],
      'printf "copyme%.0s " 1 2 3 4 5 6 7 8 9 10 11 12; echo; read line; printf %s "$line" > pasted.part; mv pasted.part pasted; sleep 600',
    )
    const watcher = await operate('view')
    const driver = await operate('modify')
    for (const { client } of [watcher, driver]) client.send(say.encodings(0), say.request(false, client.all))
    // What was offered is pasted by the middle button.
    driver.client.send(say.cutText('été in the clipboard'), say.pointer(100, 100, 0), say.pointer(100, 100, 2), say.pointer(100, 100, 0))
    await until('it to be shown', () => new Set(secondLine(viewer)).size > 1)
    driver.client.send(...line(''))
    await until('the line to be written', () => written('pasted') !== undefined)
    expect(written('pasted')).toContain('in the clipboard')

    // A double click selects a word, and so copies it.
    for (let at = 0; at < 2; at += 1) driver.client.send(say.pointer(20, 5, 1), say.pointer(20, 5, 0))
    await until('the copied word', () => driver.client.others.some((one) => one[0] === 3))
    expect(
      driver.client.others
        .filter((one) => one[0] === 3)
        .at(-1)
        ?.subarray(8)
        .toString('latin1'),
    ).toBe('copyme')
    watcher.client.send(say.request(false, watcher.client.all))
    await until('a later picture', () => watcher.client.updates.length > 1)
    expect(watcher.client.others.filter((one) => one[0] === 3)).toEqual([])
  })

  it('that ends is told', async () => {
    const other = await startXvnc(password)
    const [device, operator] = streamPair()
    bridgeScreen({ timers, stream: device, server: await reach(other.port), password, mode: 'view' })
    const client = new TestClient(operator, (error) => expect.fail(error.message))
    const lost: string[] = []
    await viewPicture({ timers, server: await reach(other.port), password, onLost: (why) => lost.push(why) })
    await until('the handshake', () => client.init !== undefined)
    const gone = other.port
    await other.stop()
    await until('both to be told', () => client.closed !== undefined && lost.length > 0)
    expect(client.closed).toEqual({ code: 'remote.screenLost' })
    await expect(reach(gone)).rejects.toThrow('ECONNREFUSED')
  })
})

/** Colours where the second line of a terminal has its text, right of where its cursor stands before. */
function secondLine(viewer: Viewer): number[] {
  const pixels = Buffer.from(viewer.read({ x: 20, y: 15, width: 80, height: 8 }))
  return Array.from({ length: pixels.length / 4 }, (_, at) => pixels.readUIntBE(at * 4, 3))
}
