import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../contract/testing/port.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { until, untilPasses } from '../../contract/testing/wait.ts'
import { TestClient } from '../testing/rfb-client.ts'
import { say } from '../testing/rfb.ts'
import { streamPair } from '../testing/streams.ts'
import { startXvnc, withoutVnc, type Xvnc } from '../testing/xvnc.ts'
import { clipboardMessage } from './clipboard.ts'
import { bridgeScreen } from './filter.ts'
import { encodings, fromClient } from './protocol.ts'
import { connectStream } from './socket.ts'
import { viewPicture } from './viewer.ts'

const { clock: timers } = realSystem

const absent = ['x11vnc', 'xev'].filter((program) => spawnSync('which', [program]).status !== 0)
const told = withoutVnc ?? process.env['ROOMKEEPER_NO_X11VNC']
/** Why there is no x11vnc to test with, if so. */
const without = told ?? (absent.length === 0 ? undefined : `needs ${absent.join(' and ')}; npm test installs them where it may`)

describe.skipIf(without !== undefined)(
  `[REM-9] x11vnc, which shows somebody else's display${without === undefined ? '' : ` (skipped: ${without})`}`,
  () => {
    let xvnc: Xvnc
    const running: ChildProcess[] = []
    const open: { close(): void }[] = []
    beforeAll(async () => {
      xvnc = await startXvnc('pa55w0rd')
    })
    afterEach(async () => {
      for (const one of open.splice(0)) one.close()
      for (const one of running.splice(0)) {
        // Asked to end, it may wait for its own threads for ever.
        one.kill('SIGKILL')
        if (one.exitCode === null && one.signalCode === null) await once(one, 'exit')
      }
    })
    afterAll(() => xvnc.stop())

    /** Starts it on a free port, and answers that. */
    async function start(...how: readonly string[]): Promise<number> {
      const port = await freePort()
      const args = ['-display', xvnc.display, '-rfbport', String(port), '-localhost', '-forever', '-noshm', '-noxdamage', '-quiet', ...how]
      const child = spawn('x11vnc', args, { stdio: ['ignore', 'pipe', 'ignore'] })
      running.push(child)
      let said = ''
      child.stdout.on('data', (bytes) => (said += String(bytes)))
      await until('it to listen', () => {
        if (child.exitCode !== null) throw new Error(`x11vnc ended with ${child.exitCode}.`)
        return said.includes(`PORT=${port}`)
      })
      return port
    }

    const reach = (port: number) => connectStream('127.0.0.1', port, 5_000, timers)

    async function operate(port: number, password?: string) {
      const [device, operator] = streamPair()
      const log: string[] = []
      const service = bridgeScreen({
        timers,
        stream: device,
        server: await reach(port),
        password,
        mode: 'modify',
        log: (text) => log.push(text),
      })
      open.push(service)
      const client = new TestClient(operator, (error) => expect.fail(error.message))
      await until('the handshake, or its end', () => client.init !== undefined || client.closed !== undefined)
      return { client, service, log }
    }

    it('lets go of the keys and buttons that are down when the operator leaves', async () => {
      const events = (): string[] => {
        const text = existsSync(join(xvnc.folder, 'events')) ? readFileSync(join(xvnc.folder, 'events'), 'utf8') : ''
        return [...text.matchAll(/^(KeyPress|KeyRelease|ButtonPress|ButtonRelease|MapNotify)/gmu)].map(([, event = '']) => event)
      }
      xvnc.start('sh', '-c', 'exec stdbuf -oL xev -geometry 600x400+0+0 > events')
      await until('the window', () => events().includes('MapNotify'))
      const { client, service } = await operate(await start('-shared'))
      client.send(say.encodings(0), say.request(false, client.all), say.pointer(100, 100, 0), say.pointer(100, 100, 1))
      client.send(say.key(0xffe1, true), say.key(0x41, true))
      await until('them to be down', () => events().filter((event) => event.endsWith('Press')).length === 3)
      service.close()
      await until('them to be up', () => events().filter((event) => event.endsWith('Release')).length === 3)
      expect(events().slice(-3)).toEqual(['KeyRelease', 'KeyRelease', 'ButtonRelease'])
    })

    it('has the plain clipboard alone, whatever it says of the other one, which ends nothing', async () => {
      const { client } = await operate(await start('-shared'))
      const text = clipboardMessage(fromClient.cutText, { action: 'provide', text: '5 € 会議室' })
      client.send(say.encodings(0, encodings.extendedClipboard), text, say.cutText('plain'), say.request(false, client.all))
      await until('a picture', () => client.updates.length > 0)
      expect([client.others, client.closed]).toEqual([[], undefined])
    })

    it.each([
      ['another password', ['-passwd', 'swordfsh'], 'pa55w0rd', 'remote.screenPassword'],
      ['a password, and there is none', ['-passwd', 'swordfsh'], undefined, 'remote.screenPassword'],
    ])('that wants %s is why nothing is shown', async (_what, how, password, code) => {
      const { client, log } = await operate(await start(...how), password)
      expect([client.closed, log.length]).toEqual([{ code }, 1])
    })

    it('that is not shared is why nothing can be recorded: it lets in no second viewer', async () => {
      const port = await start()
      await operate(port)
      const recorder = viewPicture({ timers, server: await reach(port), onLost: () => undefined })
      await expect(recorder).rejects.toMatchObject({ code: 'remote.screenAlone' })
    })

    it('that is never shared is why nothing is recorded any more: it hangs up on the first viewer', async () => {
      const port = await start('-nevershared')
      const lost: string[] = []
      open.push(await viewPicture({ timers, server: await reach(port), onLost: (_why, code) => lost.push(code) }))
      const { client } = await operate(port)
      await untilPasses(() => expect(lost).toEqual(['remote.screenAlone']))
      expect(client.closed).toBeUndefined()
    })
  },
)
