import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RemoteMode } from '../../contract/remoteFacts.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { until } from '../../contract/testing/wait.ts'
import { hostFacts, type HostRemote } from '../devices/host-remote.ts'
import { HostDevice } from '../devices/host.ts'
import { serveScreen } from '../rfb/server.ts'
import { socketStream } from '../rfb/socket.ts'
import { openSingle, type Single } from '../single.ts'
import { FakeService } from '../testing/fake-service.ts'
import { portOf } from '../testing/proxy.ts'
import { streamPair } from '../testing/streams.ts'
import { HostParts } from './host.ts'
import { FakeScreen } from './testing/fakes.ts'
import { Operator } from './testing/operator.ts'
import { handshake } from './testing/running.ts'

let folder: string
let vnc: Server
let sockets: Socket[]
let screen: FakeScreen
let remote: HostRemote
let notes: string[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'host-'))
  screen = new FakeScreen()
  notes = []
  sockets = []
  vnc = createServer((socket) => {
    sockets.push(socket)
    serveScreen({ stream: socketStream(socket, realSystem.clock), screen, mode: 'modify', timers: realSystem.clock })
  })
  await new Promise<void>((done) => vnc.listen(0, '127.0.0.1', done))
  remote = {
    screens: [{ display: 'frontOfRoom1', host: '127.0.0.1', port: portOf(vnc) }],
    shell: '/bin/sh',
    restartCommand: `touch "${join(folder, 'restarted')}"`,
  }
})
afterEach(() => {
  vnc.close()
  rmSync(folder, { recursive: true, force: true })
})

function parts(changes: Partial<HostRemote> = {}): HostParts {
  const whole = { ...remote, ...changes }
  const facts = hostFacts(whole)
  if (!facts) throw new Error('nothing is offered')
  return new HostParts({ remote: whole, facts, timers: realSystem.clock, onNote: (_level, text) => notes.push(text) })
}

/** Looks at the display as an operator who sends a click and a key. */
async function drive(mode: RemoteMode) {
  const [operator, device] = streamPair()
  let seen = Buffer.alloc(0)
  operator.listen({ bytes: (bytes) => (seen = Buffer.concat([seen, bytes])), room: () => undefined, closed: () => undefined })
  const reached = await parts().reach('frontOfRoom1')
  const service = reached.serve({ stream: device, mode })
  operator.send(handshake)
  operator.send(Buffer.from([2, 0, 0, 1, 0, 0, 0, 0]))
  operator.send(Buffer.from([5, 1, 0, 10, 0, 20]))
  operator.send(Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x61]))
  operator.send(Buffer.from([3, 0, 0, 0, 0, 0, 0, 128, 0, 128]))
  await until('a picture', () => seen.length > 128 * 128 * 4)
  return service
}

describe('what a real machine offers', () => {
  it('is what it was told to offer', () => {
    expect(hostFacts(remote)).toEqual({ displays: ['frontOfRoom1'], terminal: true, restart: true })
    expect(hostFacts({ screens: [], shell: '/bin/sh' })).toEqual({ displays: [], terminal: true, restart: false })
    expect(hostFacts({ screens: [] })).toBeUndefined()
  })

  it('is the screen of a VNC server, driven with modify and only seen with view', async () => {
    const looking = await drive('view')
    expect(looking.counts).toMatchObject({ input: 0, dropped: 2 })
    expect(screen.input).toEqual([])
    looking.close()
    const driving = await drive('modify')
    await until('the input', () => screen.input.length >= 2)
    expect(screen.input.slice(0, 2)).toEqual(['pointer 10 20 1', 'key 97 down'])
    driving.close()
  })

  it('is seen by the recorder too, which notices when it is lost', async () => {
    const look = await parts().look('frontOfRoom1')
    let lost = 0
    look.onLost(() => (lost += 1))
    expect(look.picture).toMatchObject({ width: 128, height: 128 })
    const damaged: number[] = []
    look.picture.onDamage(({ width }) => damaged.push(width))
    screen.draw(5, 5, 0x0000ff)
    await until('the change', () => damaged.length > 0)
    expect([...look.picture.read({ x: 5, y: 5, width: 1, height: 1 })]).toEqual([255, 0, 0, 255])
    look.close()
    const second = await parts().look('frontOfRoom1')
    let told: string | undefined
    second.onLost((code) => {
      lost += 1
      told = code
    })
    expect(lost).toBe(0)
    for (const socket of sockets) socket.destroy()
    await until('the loss', () => lost > 0)
    expect([lost, told]).toEqual([1, 'remote.screenAlone'])
    expect(notes.join()).toContain('The recorder has lost frontOfRoom1')
  })

  it('cannot be reached where no VNC server listens, or its password cannot be read', async () => {
    await expect(parts({ screens: [{ display: 'console', host: '127.0.0.1', port: 1 }] }).reach('console')).rejects.toThrow()
    await expect(parts({ passwordFile: '/nowhere' }).reach('frontOfRoom1')).rejects.toThrow('/nowhere')
    await expect(parts().reach('console')).rejects.toThrow('console')
  })

  it('is restarted by its command, whose failure is in the log', async () => {
    parts().restart()
    await until('the command has run', () => existsSync(join(folder, 'restarted')))
    parts({ restartCommand: 'exit 3' }).restart()
    await until('the failure', () => notes.some((note) => note.includes('ended with 3')))
  })
})

describe('a session with this machine', () => {
  it('has a real shell, and runs the restart command at its end', async () => {
    const service = new FakeService()
    await service.start()
    let single: Single | undefined
    try {
      const device = new HostDevice({ system: realSystem, roomName: 'This machine', remote: hostFacts(remote) })
      single = await openSingle(
        {
          system: realSystem,
          service: service.url,
          credential: { kind: 'key', secret: service.key },
          folder,
          id: 'host',
          device,
          keys: 'software',
          control: false,
          host: remote,
        },
        false,
      )
      await single.room.enrol()
      await single.room.connect()
      const operator = await new Operator(service, service.deviceOf('This machine')).start()
      expect(operator.heard[0]).toMatchObject({ displays: ['frontOfRoom1'], terminal: true, restart: true, restartAtEnd: true })
      operator.say({ type: 'openTerminal', channel: 1, columns: 80, rows: 24 })
      await operator.hears('opened', 1)
      writeFileSync(join(folder, 'note'), 'from the machine')
      operator.send(1, `cat "${join(folder, 'note')}"; echo; tty\n`)
      await until('the answer of the shell', () => operator.on(1).includes('from the machine') && operator.on(1).includes('/dev/'))
      operator.say({ type: 'end' })
      expect(await operator.hears('ending')).toEqual({ type: 'ending', reason: 'operatorEnded' })
      await until('the restart command has run', () => existsSync(join(folder, 'restarted')))
    } finally {
      await single?.stop()
      await service.stop()
    }
  })
})
