import { beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { ConsoleToDevice } from '../../contract/remote.ts'
import { settle } from '../../contract/testing/wait.ts'
import { FakeParts } from './testing/fakes.ts'
import { Running } from './testing/running.ts'

let run: Running

beforeEach(() => {
  run = new Running()
})

/** Every message of RFB that does something on a device, whole. */
const inputs: Record<string, Buffer> = {
  key: Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x61]),
  'QEMU key': Buffer.from([255, 0, 0, 1, 0, 0, 0, 0x61, 0, 0, 0, 0x1e]),
  pointer: Buffer.from([5, 1, 0, 10, 0, 20]),
  clipboard: Buffer.concat([Buffer.from([6, 0, 0, 0, 0, 0, 0, 2]), Buffer.from('hi')]),
}

describe('a session', () => {
  it('begins with the ring and with what there is, before anything is asked', () => {
    run.begin()
    expect(run.parts.rings).toEqual(['Ada Lovelace'])
    expect(run.link.started).toBe(true)
    expect(run.link.heard).toEqual([
      { type: 'ready', displays: ['console', 'frontOfRoom1'], terminal: true, restart: true, restartAtEnd: true, recording: false },
    ])
  })

  it('offers a viewer neither terminal nor restart, and nobody what the grant or the device has not', () => {
    run.begin({ mode: 'view', terminal: false, displays: ['frontOfRoom1', 'frontOfRoom2'] })
    expect(run.link.heard).toEqual([
      { type: 'ready', displays: ['frontOfRoom1'], terminal: false, restart: false, restartAtEnd: false, recording: false },
    ])
    run.parts = new FakeParts(run.clock, { displays: [], terminal: false, restart: false })
    run.begin()
    expect(run.link.heard[0]).toMatchObject({ displays: [], terminal: false, restart: false, restartAtEnd: false })
  })

  it('shows a screen that can be driven', async () => {
    run.begin()
    await run.openScreen(3)
    expect(run.last).toEqual({ type: 'opened', channel: 3 })
    expect(run.link.on(3).subarray(0, 12).toString()).toBe('RFB 003.008\n')
    for (const input of Object.values(inputs)) run.link.bytes(3, input)
    expect(run.parts.screen.input).toEqual(['key 97 down', 'key 97 down', 'pointer 10 20 1', 'cut hi'])
    run.link.say({ type: 'close', channel: 3 })
    expect(run.last).toEqual({ type: 'closed', channel: 3 })
    expect(run.parts.screen.watched).toBe(false)
  })

  it('opens a terminal, types into it, shows what it writes, resizes and closes it', async () => {
    run.begin()
    await run.openTerminal(7)
    const [terminal] = run.parts.terminals
    if (!terminal) throw new Error('no terminal')
    expect(terminal.size).toBe('80×24')
    run.link.bytes(7, Buffer.from('ls\r'))
    terminal.prints('file\r\n')
    run.link.say({ type: 'resize', channel: 7, columns: 100, rows: 30 })
    expect(terminal.typed).toEqual(['ls\r'])
    expect(run.link.on(7).toString()).toBe('file\r\n')
    expect(terminal.size).toBe('100×30')
    run.link.say({ type: 'close', channel: 7 })
    expect(run.last).toEqual({ type: 'closed', channel: 7 })
    expect(terminal.killed).toBe(1)
    run.link.bytes(7, Buffer.from('late'))
    expect(terminal.typed).toEqual(['ls\r'])
    expect(run.ends).toEqual([])
  })

  it('leaves no screen behind where it ended while one was being opened', async () => {
    run.begin()
    run.link.hasRoom = false
    for (let count = 0; count <= 1_000; count += 1) run.link.say({ type: 'restartAtEnd', on: true })
    expect(run.ends).toEqual([])
    run.link.say({ type: 'openScreen', channel: 1, display: 'console' })
    await settle()
    expect(run.ends).toMatchObject([{ reason: 'protocol' }])
    expect(run.parts.screen.watched).toBe(false)
  })

  it('says when the program of a terminal has ended, or cannot be started', async () => {
    run.begin()
    await run.openTerminal(1)
    run.parts.terminals[0]?.exits()
    expect(run.last).toEqual({ type: 'closed', channel: 1, code: 'remote.terminalEnded' })
    run.parts.terminal = () => Promise.reject(new Error('no shell'))
    await run.openTerminal(2)
    expect(run.last).toEqual({ type: 'closed', channel: 2, code: 'remote.unsupported' })
    expect(run.notes.join()).toContain('no shell')
  })

  it('says when a display cannot be reached, or is none', async () => {
    run.begin()
    run.parts.unreachable = new Error('connection refused')
    await run.openScreen(1)
    expect(run.last).toEqual({ type: 'closed', channel: 1, code: 'remote.screenLost' })
    run.link.say({ type: 'openScreen', channel: 2, display: 'frontOfRoom2' })
    expect(run.last).toEqual({ type: 'closed', channel: 2, code: 'remote.unsupported' })
    expect(run.ends).toEqual([])
  })

  it('answers pings with the time that was sent', () => {
    run.begin()
    run.link.say({ type: 'ping', at: 12.5 })
    expect(run.last).toEqual({ type: 'pong', at: 12.5 })
  })

  it('opens so many channels at once, and no more', async () => {
    run.begin()
    for (let channel = 1; channel <= limits.sessionChannelsOpen; channel += 1) await run.openTerminal(channel)
    await run.openTerminal(100)
    expect(run.last).toEqual({ type: 'closed', channel: 100, code: 'remote.tooMany' })
    run.link.say({ type: 'close', channel: 1 })
    await run.openTerminal(101)
    expect(run.last).toEqual({ type: 'opened', channel: 101 })
  })

  it('lets a full link slow down its terminals, and paused channels the link', async () => {
    run.begin()
    await run.openTerminal(1)
    const [terminal] = run.parts.terminals
    run.link.hasRoom = false
    terminal?.prints('much')
    expect(terminal?.paused).toBe(true)
    run.link.hasRoom = true
    run.link.events.onRoom()
    expect(terminal?.paused).toBe(false)
  })

  it('stops reading a console that sends more than a screen can take, and goes on when it is let go', async () => {
    run.begin()
    let reach = () => {}
    run.parts.reach = () =>
      new Promise(
        (_, fail) =>
          (reach = () => {
            fail(new Error('gone'))
          }),
      )
    run.link.say({ type: 'openScreen', channel: 1, display: 'console' })
    for (let sent = 0; sent <= limits.sessionWindowBytes; sent += 65_536) run.link.bytes(1, Buffer.alloc(65_536))
    expect(run.link.paused).toBe(true)
    reach()
    await settle()
    expect(run.link.paused).toBe(false)
  })
})

describe('an operator who may only look', () => {
  const looks = { mode: 'view', terminal: false } as const

  it.each(Object.entries(inputs))('cannot send a %s through a screen', async (_name, input) => {
    const session = run.begin(looks)
    await run.openScreen()
    run.link.bytes(1, input)
    expect(run.parts.screen.input).toEqual([])
    expect(session.counts.input).toBe(0)
    // The screen goes on.
    expect(run.link.heard.some(({ type }) => type === 'closed')).toBe(false)
    run.link.bytes(1, Buffer.from([3, 0, 0, 0, 0, 0, 0, 128, 0, 128]))
    await settle()
    expect(run.link.on(1).length).toBeGreaterThan(200)
  })

  it('cannot open a terminal, nor send to the channel that it asked for', async () => {
    const session = run.begin(looks)
    await run.openTerminal(5)
    expect(run.last).toEqual({ type: 'closed', channel: 5, code: 'remote.viewOnly' })
    run.link.bytes(5, Buffer.from('rm -rf /\r'))
    await settle()
    expect(run.parts.terminals).toEqual([])
    expect(session.counts.refused).toBe(2)
    expect(run.ends).toEqual([])
  })

  it('gets no terminal though the grant were wrong', async () => {
    run.begin({ mode: 'view', terminal: true })
    await run.openTerminal(5)
    expect(run.last).toEqual({ type: 'closed', channel: 5, code: 'remote.viewOnly' })
    expect(run.parts.terminals).toEqual([])
  })

  it('cannot restart the device, now or at the end', () => {
    run.begin(looks)
    run.link.say({ type: 'restart' })
    run.clock.advance(5_000)
    run.link.say({ type: 'restartAtEnd', on: true })
    expect(run.last).toEqual({ type: 'restartAtEnd', on: false })
    run.link.say({ type: 'end' })
    expect(run.parts.shownRestarting).toBe(0)
    expect(run.ends).toEqual([{ reason: 'operatorEnded', restart: false }])
  })

  it('has tried every message that there is', () => {
    const tried = ['openScreen', 'openTerminal', 'resize', 'close', 'restart', 'restartAtEnd', 'ping', 'end']
    expect(ConsoleToDevice.options.map((option) => option.shape.type.value)).toEqual(tried)
  })

  it('changes nothing by what is left: sizes of a terminal that is not, of a screen', async () => {
    const session = run.begin(looks)
    await run.openScreen(1)
    await run.openTerminal(2)
    for (const channel of [1, 2, 9]) run.link.say({ type: 'resize', channel, columns: 10, rows: 10 })
    run.link.say({ type: 'close', channel: 2 })
    run.link.say({ type: 'close', channel: 9 })
    expect(run.parts.terminals).toEqual([])
    expect(session.ended).toBeUndefined()
  })
})

describe('an operator without a terminal in the grant', () => {
  it('gets none with modify either', async () => {
    run.begin({ terminal: false })
    await run.openTerminal(1)
    expect(run.last).toEqual({ type: 'closed', channel: 1, code: 'remote.viewOnly' })
    expect(run.parts.terminals).toEqual([])
  })
})

describe('a console that breaks the protocol', () => {
  it.each([
    ['no JSON', () => run.link.bytes(0, Buffer.from('{'))],
    ['an unknown message', () => run.link.say({ type: 'format' })],
    ['one with more than belongs there', () => run.link.say({ type: 'end', really: true })],
    ['a channel that cannot be', () => run.link.say({ type: 'openScreen', channel: 0, display: 'console' })],
    ['an unknown display', () => run.link.say({ type: 'openScreen', channel: 1, display: 'kitchen' })],
    ['a size that cannot be', () => run.link.say({ type: 'openTerminal', channel: 1, columns: 1e9, rows: 1 })],
    ['bytes of a channel that was never opened', () => run.link.bytes(4, Buffer.from('x'))],
    [
      'a number that was used',
      () => {
        run.link.say({ type: 'openTerminal', channel: 1, columns: 80, rows: 24 })
        run.link.say({ type: 'close', channel: 1 })
        run.link.say({ type: 'openScreen', channel: 1, display: 'console' })
      },
    ],
  ])('ends the session: %s', (_name, does) => {
    run.begin()
    does()
    expect(run.ends).toEqual([{ reason: 'protocol', restart: true }])
    expect(run.link.heard.at(-1)).toEqual({ type: 'ending', reason: 'protocol' })
    expect(run.link.endedAs).toBe('protocol')
  })

  it('that asks and does not take the answers is cut off, with bounded memory', () => {
    run.begin()
    run.link.hasRoom = false
    for (let asked = 0; asked < 5_000; asked += 1) run.link.say({ type: 'ping', at: asked })
    expect(run.link.heard.filter(({ type }) => type === 'pong').length).toBeLessThan(5)
    for (let asked = 0; asked < 5_000; asked += 1) run.link.say({ type: 'restartAtEnd', on: false })
    expect(run.ends).toEqual([{ reason: 'protocol', restart: false }])
    expect(run.link.sent.length).toBeLessThan(2_000)
  })
})
