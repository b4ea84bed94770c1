import { beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { ConsoleToDevice, SessionEnd, type SessionGrant } from '../../contract/remote.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import type { SessionRecorder } from './parts.ts'
import { RemoteSession } from './session.ts'
import { FakeLink, FakeParts, grantFor, settle } from './testing/fakes.ts'

let clock: FakeClock
let parts: FakeParts
let link: FakeLink
let ends: { reason: SessionEnd; restart: boolean }[]
let notes: string[]
let recorded: string[]
let failRecording: (why: string) => void

beforeEach(() => {
  clock = new FakeClock()
  parts = new FakeParts(clock)
  ends = []
  notes = []
  recorded = []
})

const recorder: SessionRecorder = {
  show: (display) => {
    recorded.push(`show ${display}`)
    return parts.unseen ? Promise.reject(parts.unseen) : Promise.resolve()
  },
  hide: (display) => recorded.push(`hide ${display}`),
  terminalOpened: (terminal, columns, rows) => recorded.push(`opened ${terminal} ${columns}×${rows}`),
  terminalResized: (terminal, columns, rows) => recorded.push(`resized ${terminal} ${columns}×${rows}`),
  terminalWrote: (terminal, bytes) => recorded.push(`wrote ${terminal} ${Buffer.from(bytes).toString()}`),
  terminalClosed: (terminal) => recorded.push(`closed ${terminal}`),
  finish: () => {
    recorded.push('finish')
    return Promise.resolve()
  },
}

function begin(changes: Partial<SessionGrant> = {}): RemoteSession {
  const session = new RemoteSession({
    grant: grantFor(clock.now(), changes),
    parts,
    link: (events) => (link = new FakeLink(events)),
    recorder: changes.record
      ? (failed) => {
          failRecording = failed
          return recorder
        }
      : undefined,
    timers: clock,
    now: clock.now,
    times: { idleMs: 60_000, restartShownMs: 1_000 },
    onNote: (_level, text) => notes.push(text),
    onEnded: (reason, restart) => ends.push({ reason, restart }),
  })
  session.start()
  return session
}

const last = () => link.heard.at(-1)
const handshake = Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.of(1), Buffer.of(1)])

/** Every message of RFB that does something on a device, whole. */
const inputs: Record<string, Buffer> = {
  key: Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x61]),
  'QEMU key': Buffer.from([255, 0, 0, 1, 0, 0, 0, 0x61, 0, 0, 0, 0x1e]),
  pointer: Buffer.from([5, 1, 0, 10, 0, 20]),
  clipboard: Buffer.concat([Buffer.from([6, 0, 0, 0, 0, 0, 0, 2]), Buffer.from('hi')]),
}

async function openScreen(channel = 1, display = 'console'): Promise<void> {
  link.say({ type: 'openScreen', channel, display })
  await settle()
  link.bytes(channel, handshake)
}

async function openTerminal(channel = 1): Promise<void> {
  link.say({ type: 'openTerminal', channel, columns: 80, rows: 24 })
  await settle()
}

describe('a session', () => {
  it('begins with the ring and with what there is, before anything is asked', () => {
    begin()
    expect(parts.rings).toEqual(['Ada Lovelace'])
    expect(link.started).toBe(true)
    expect(link.heard).toEqual([{ type: 'ready', displays: ['console', 'frontOfRoom1'], terminal: true, restart: true, restartAtEnd: true, recording: false }])
  })

  it('offers a viewer neither terminal nor restart, and nobody what the grant or the device has not', () => {
    begin({ mode: 'view', terminal: false, displays: ['frontOfRoom1', 'frontOfRoom2'] })
    expect(link.heard).toEqual([{ type: 'ready', displays: ['frontOfRoom1'], terminal: false, restart: false, restartAtEnd: false, recording: false }])
    parts = new FakeParts(clock, { displays: [], terminal: false, restart: false })
    begin()
    expect(link.heard[0]).toMatchObject({ displays: [], terminal: false, restart: false, restartAtEnd: false })
  })

  it('shows a screen that can be driven', async () => {
    begin()
    await openScreen(3)
    expect(last()).toEqual({ type: 'opened', channel: 3 })
    expect(link.on(3).subarray(0, 12).toString()).toBe('RFB 003.008\n')
    for (const input of Object.values(inputs)) link.bytes(3, input)
    expect(parts.screen.input).toEqual(['key 97 down', 'key 97 down', 'pointer 10 20 1', 'cut hi'])
    link.say({ type: 'close', channel: 3 })
    expect(last()).toEqual({ type: 'closed', channel: 3 })
    expect(parts.screen.watched).toBe(false)
  })

  it('opens a terminal, types into it, shows what it writes, resizes and closes it', async () => {
    begin()
    await openTerminal(7)
    const [terminal] = parts.terminals
    if (!terminal) throw new Error('no terminal')
    expect(terminal.size).toBe('80×24')
    link.bytes(7, Buffer.from('ls\r'))
    terminal.prints('file\r\n')
    link.say({ type: 'resize', channel: 7, columns: 100, rows: 30 })
    expect(terminal.typed).toEqual(['ls\r'])
    expect(link.on(7).toString()).toBe('file\r\n')
    expect(terminal.size).toBe('100×30')
    link.say({ type: 'close', channel: 7 })
    expect(last()).toEqual({ type: 'closed', channel: 7 })
    expect(terminal.killed).toBe(1)
    link.bytes(7, Buffer.from('late'))
    expect(terminal.typed).toEqual(['ls\r'])
    expect(ends).toEqual([])
  })

  it('says when the program of a terminal has ended, or cannot be started', async () => {
    begin()
    await openTerminal(1)
    parts.terminals[0]?.exits()
    expect(last()).toEqual({ type: 'closed', channel: 1, code: 'remote.terminalEnded' })
    parts.terminal = () => Promise.reject(new Error('no shell'))
    await openTerminal(2)
    expect(last()).toEqual({ type: 'closed', channel: 2, code: 'remote.unsupported' })
    expect(notes.join()).toContain('no shell')
  })

  it('says when a display cannot be reached, or is none', async () => {
    begin()
    parts.unreachable = new Error('connection refused')
    await openScreen(1)
    expect(last()).toEqual({ type: 'closed', channel: 1, code: 'remote.screenLost' })
    link.say({ type: 'openScreen', channel: 2, display: 'frontOfRoom2' })
    expect(last()).toEqual({ type: 'closed', channel: 2, code: 'remote.unsupported' })
    expect(ends).toEqual([])
  })

  it('answers pings with the time that was sent', () => {
    begin()
    link.say({ type: 'ping', at: 12.5 })
    expect(last()).toEqual({ type: 'pong', at: 12.5 })
  })

  it('opens so many channels at once, and no more', async () => {
    begin()
    for (let channel = 1; channel <= limits.sessionChannelsOpen; channel += 1) await openTerminal(channel)
    await openTerminal(100)
    expect(last()).toEqual({ type: 'closed', channel: 100, code: 'remote.tooMany' })
    link.say({ type: 'close', channel: 1 })
    await openTerminal(101)
    expect(last()).toEqual({ type: 'opened', channel: 101 })
  })

  it('lets a full link slow down its terminals, and paused channels the link', async () => {
    begin()
    await openTerminal(1)
    const [terminal] = parts.terminals
    link.hasRoom = false
    terminal?.prints('much')
    expect(terminal?.paused).toBe(true)
    link.hasRoom = true
    link.events.onRoom()
    expect(terminal?.paused).toBe(false)
  })

  it('stops reading a console that sends more than a screen can take, and goes on when it is let go', async () => {
    begin()
    let reach = () => {}
    parts.reach = () => new Promise((_, fail) => (reach = () => {
      fail(new Error('gone'))
    }))
    link.say({ type: 'openScreen', channel: 1, display: 'console' })
    for (let sent = 0; sent <= limits.sessionWindowBytes; sent += 65_536) link.bytes(1, Buffer.alloc(65_536))
    expect(link.paused).toBe(true)
    reach()
    await settle()
    expect(link.paused).toBe(false)
  })
})

describe('an operator who may only look', () => {
  const looks = { mode: 'view', terminal: false } as const

  it.each(Object.entries(inputs))('cannot send a %s through a screen', async (_name, input) => {
    const session = begin(looks)
    await openScreen()
    link.bytes(1, input)
    expect(parts.screen.input).toEqual([])
    expect(session.counts.input).toBe(0)
    // The screen goes on.
    expect(link.heard.some(({ type }) => type === 'closed')).toBe(false)
    link.bytes(1, Buffer.from([3, 0, 0, 0, 0, 0, 0, 128, 0, 128]))
    await settle()
    expect(link.on(1).length).toBeGreaterThan(200)
  })

  it('cannot open a terminal, nor send to the channel that it asked for', async () => {
    const session = begin(looks)
    await openTerminal(5)
    expect(last()).toEqual({ type: 'closed', channel: 5, code: 'remote.viewOnly' })
    link.bytes(5, Buffer.from('rm -rf /\r'))
    await settle()
    expect(parts.terminals).toEqual([])
    expect(session.counts.refused).toBe(2)
    expect(ends).toEqual([])
  })

  it('gets no terminal though the grant were wrong', async () => {
    begin({ mode: 'view', terminal: true })
    await openTerminal(5)
    expect(last()).toEqual({ type: 'closed', channel: 5, code: 'remote.viewOnly' })
    expect(parts.terminals).toEqual([])
  })

  it('cannot restart the device, now or at the end', () => {
    begin(looks)
    link.say({ type: 'restart' })
    clock.advance(5_000)
    link.say({ type: 'restartAtEnd', on: true })
    expect(last()).toEqual({ type: 'restartAtEnd', on: false })
    link.say({ type: 'end' })
    expect(parts.shownRestarting).toBe(0)
    expect(ends).toEqual([{ reason: 'operatorEnded', restart: false }])
  })

  it('has tried every message that there is', () => {
    const tried = ['openScreen', 'openTerminal', 'resize', 'close', 'restart', 'restartAtEnd', 'ping', 'end']
    expect(ConsoleToDevice.options.map((option) => option.shape.type.value)).toEqual(tried)
  })

  it('changes nothing by what is left: sizes of a terminal that is not, of a screen', async () => {
    const session = begin(looks)
    await openScreen(1)
    await openTerminal(2)
    for (const channel of [1, 2, 9]) link.say({ type: 'resize', channel, columns: 10, rows: 10 })
    link.say({ type: 'close', channel: 2 })
    link.say({ type: 'close', channel: 9 })
    expect(parts.terminals).toEqual([])
    expect(session.ended).toBeUndefined()
  })
})

describe('an operator without a terminal in the grant', () => {
  it('gets none with modify either', async () => {
    begin({ terminal: false })
    await openTerminal(1)
    expect(last()).toEqual({ type: 'closed', channel: 1, code: 'remote.viewOnly' })
    expect(parts.terminals).toEqual([])
  })
})

describe('a console that breaks the protocol', () => {
  it.each([
    ['no JSON', () => link.bytes(0, Buffer.from('{'))],
    ['an unknown message', () => link.say({ type: 'format' })],
    ['one with more than belongs there', () => link.say({ type: 'end', really: true })],
    ['a channel that cannot be', () => link.say({ type: 'openScreen', channel: 0, display: 'console' })],
    ['an unknown display', () => link.say({ type: 'openScreen', channel: 1, display: 'kitchen' })],
    ['a size that cannot be', () => link.say({ type: 'openTerminal', channel: 1, columns: 1e9, rows: 1 })],
    ['bytes of a channel that was never opened', () => link.bytes(4, Buffer.from('x'))],
    ['a number that was used', () => {
      link.say({ type: 'openTerminal', channel: 1, columns: 80, rows: 24 })
      link.say({ type: 'close', channel: 1 })
      link.say({ type: 'openScreen', channel: 1, display: 'console' })
    }],
  ])('ends the session: %s', (_name, does) => {
    begin()
    does()
    expect(ends).toEqual([{ reason: 'protocol', restart: true }])
    expect(link.heard.at(-1)).toEqual({ type: 'ending', reason: 'protocol' })
    expect(link.endedAs).toBe('protocol')
  })

  it('that asks and does not take the answers is cut off, with bounded memory', () => {
    begin()
    link.hasRoom = false
    for (let asked = 0; asked < 5_000; asked += 1) link.say({ type: 'ping', at: asked })
    expect(link.heard.filter(({ type }) => type === 'pong').length).toBeLessThan(5)
    for (let asked = 0; asked < 5_000; asked += 1) link.say({ type: 'restartAtEnd', on: false })
    expect(ends).toEqual([{ reason: 'protocol', restart: false }])
    expect(link.sent.length).toBeLessThan(2_000)
  })
})

describe('an end', () => {
  it.each<[SessionEnd, boolean, (session: RemoteSession) => void]>([
    ['operatorEnded', true, () => link.say({ type: 'end' })],
    ['switchedOff', true, (session) => session.end('switchedOff')],
    ['accessWithdrawn', true, (session) => session.end('accessWithdrawn')],
    ['callStarted', false, (session) => session.end('callStarted')],
    ['unenrolled', false, (session) => session.end('unenrolled')],
    ['replaced', false, (session) => session.end('replaced')],
    ['deviceEnded', false, (session) => session.end('deviceEnded')],
    ['maximum', true, () => {
      // Something goes on all the time.
      for (let minute = 0; minute < 60; minute += 1) {
        link.say({ type: 'restartAtEnd', on: true })
        clock.advance(59_999)
      }
      clock.advance(60_000)
    }],
    ['idle', true, () => clock.advance(2 * 60_000)],
    ['restarted', true, () => {
      link.say({ type: 'restart' })
      clock.advance(1_000)
    }],
  ])('%s: tells the console, closes everything, takes the ring away, once', async (reason, restart, does) => {
    const session = begin()
    await openScreen(1)
    await openTerminal(2)
    does(session)
    session.end('deviceEnded')
    link.say({ type: 'end' })
    expect(ends).toEqual([{ reason, restart }])
    expect(link.heard.filter(({ type }) => type === 'ending')).toEqual([{ type: 'ending', reason }])
    expect(link.heard.at(-1)).toEqual({ type: 'ending', reason })
    expect(link.endedAs).toBe(reason)
    expect(parts.rings).toEqual(['Ada Lovelace', undefined])
    expect(parts.terminals[0]?.killed).toBe(1)
    expect(parts.screen.watched).toBe(false)
    expect(clock.waiting).toBe(0)
  })

  it.each<SessionEnd>(['operatorEnded', 'operatorLost', 'neverJoined', 'deviceLost', 'tampered', 'maximum'])('%s by the link leaves nobody to tell', async (reason) => {
    begin()
    await openTerminal(1)
    const said = link.heard.length
    link.is({ state: 'ended', reason })
    expect(ends).toEqual([{ reason, restart: reason !== 'neverJoined' }])
    expect(link.heard).toHaveLength(said)
    expect(parts.rings.at(-1)).toBeUndefined()
    expect(parts.terminals[0]?.killed).toBe(1)
  })

  it('does not restart the device where that was switched off, for this session', () => {
    begin()
    link.say({ type: 'restartAtEnd', on: false })
    expect(last()).toEqual({ type: 'restartAtEnd', on: false })
    link.say({ type: 'end' })
    expect(ends).toEqual([{ reason: 'operatorEnded', restart: false }])
    begin()
    expect(link.heard[0]).toMatchObject({ restartAtEnd: true })
  })

  it('by a restart that was asked for comes after the room has seen it, whatever the switch says', () => {
    begin()
    link.say({ type: 'restartAtEnd', on: false })
    link.say({ type: 'restart' })
    link.say({ type: 'restart' })
    expect(parts.shownRestarting).toBe(1)
    expect(ends).toEqual([])
    clock.advance(1_000)
    expect(ends).toEqual([{ reason: 'restarted', restart: true }])
  })

  it('while a screen is being reached opens nothing', async () => {
    const session = begin()
    let reached = () => {}
    const { reach } = parts
    parts.reach = async (display) => {
      await new Promise<void>((done) => (reached = done))
      return reach.call(parts, display)
    }
    link.say({ type: 'openScreen', channel: 1, display: 'console' })
    session.end('switchedOff')
    reached()
    await settle()
    expect(parts.reached).toBe(0)
    expect(parts.screen.watched).toBe(false)
    expect(link.on(1)).toHaveLength(0)
  })

  it('is not called idle while a terminal writes, or a screen changes', async () => {
    begin()
    await openTerminal(1)
    for (let minutes = 0; minutes < 10; minutes += 1) {
      parts.terminals[0]?.prints('.')
      clock.advance(50_000)
    }
    expect(ends).toEqual([])
    clock.advance(120_000)
    expect(ends).toEqual([{ reason: 'idle', restart: true }])
  })

  it('is called idle though pings go on', () => {
    begin()
    for (let seconds = 0; seconds < 120; seconds += 1) {
      link.say({ type: 'ping', at: seconds })
      clock.advance(1_000)
    }
    expect(ends).toEqual([{ reason: 'idle', restart: true }])
  })
})

describe('a session that is recorded', () => {
  it('shows nothing before the recorder sees it, and tells it what terminals write but not what is typed', async () => {
    const session = begin({ record: true })
    expect(link.heard[0]).toMatchObject({ recording: true })
    await openScreen(1)
    await openTerminal(2)
    link.bytes(2, Buffer.from('secret\r'))
    parts.terminals[0]?.prints('$ ')
    link.say({ type: 'resize', channel: 2, columns: 100, rows: 30 })
    session.end('operatorEnded')
    expect(recorded).toEqual(['show console', 'opened 2 80×24', 'wrote 2 $ ', 'resized 2 100×30', 'hide console', 'closed 2', 'finish'])
  })

  it('that cannot be recorded ends, with nothing shown', async () => {
    begin({ record: true })
    parts.unseen = new Error('the server takes one client only')
    await openScreen(1)
    expect(ends).toEqual([{ reason: 'recordingFailed', restart: true }])
    expect(link.on(1)).toHaveLength(0)
    expect(parts.reached).toBe(0)
    expect(recorded).toEqual(['show console', 'finish', 'hide console'])
  })

  it('ends when the recorder cannot go on', () => {
    begin({ record: true })
    failRecording('the service refuses it')
    failRecording('again')
    expect(ends).toEqual([{ reason: 'recordingFailed', restart: true }])
    expect(notes.join()).toContain('the service refuses it')
  })
})
