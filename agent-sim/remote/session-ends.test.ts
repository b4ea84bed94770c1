import { beforeEach, describe, expect, it } from 'vitest'
import type { SessionEnd } from '../../contract/remote.ts'
import { settle } from '../../contract/testing/wait.ts'
import { ScreenRefused } from '../rfb/client.ts'
import type { RemoteSession } from './session.ts'
import { Running } from './testing/running.ts'

let run: Running

beforeEach(() => {
  run = new Running()
})

describe('an end', () => {
  it.each<[SessionEnd, boolean, (session: RemoteSession) => void]>([
    ['operatorEnded', true, () => run.link.say({ type: 'end' })],
    ['switchedOff', true, (session) => session.end('switchedOff')],
    ['accessWithdrawn', true, (session) => session.end('accessWithdrawn')],
    ['callStarted', false, (session) => session.end('callStarted')],
    ['unenrolled', false, (session) => session.end('unenrolled')],
    ['replaced', false, (session) => session.end('replaced')],
    ['deviceEnded', false, (session) => session.end('deviceEnded')],
    [
      'maximum',
      true,
      () => {
        // Something goes on all the time.
        for (let minute = 0; minute < 60; minute += 1) {
          run.link.say({ type: 'restartAtEnd', on: true })
          run.clock.advance(59_999)
        }
        run.clock.advance(60_000)
      },
    ],
    ['idle', true, () => run.clock.advance(2 * 60_000)],
    [
      'restarted',
      true,
      () => {
        run.link.say({ type: 'restart' })
        run.clock.advance(1_000)
      },
    ],
  ])('%s: tells the console, closes everything, takes the ring away, once', async (reason, restart, does) => {
    const session = run.begin()
    await run.openScreen(1)
    await run.openTerminal(2)
    does(session)
    session.end('deviceEnded')
    run.link.say({ type: 'end' })
    expect(run.ends).toEqual([{ reason, restart }])
    expect(run.link.heard.filter(({ type }) => type === 'ending')).toEqual([{ type: 'ending', reason }])
    expect(run.link.heard.at(-1)).toEqual({ type: 'ending', reason })
    expect(run.link.endedAs).toBe(reason)
    expect(run.parts.rings).toEqual(['Ada Lovelace', undefined])
    expect(run.parts.terminals[0]?.killed).toBe(1)
    expect(run.parts.screen.watched).toBe(false)
    expect(run.clock.waiting).toBe(0)
  })

  it.each<SessionEnd>(['operatorEnded', 'operatorLost', 'neverJoined', 'deviceLost', 'tampered', 'maximum'])(
    '%s by the link leaves nobody to tell',
    async (reason) => {
      run.begin()
      await run.openTerminal(1)
      const said = run.link.heard.length
      run.link.is({ state: 'ended', reason })
      expect(run.ends).toEqual([{ reason, restart: reason !== 'neverJoined' }])
      expect(run.link.heard).toHaveLength(said)
      expect(run.parts.rings.at(-1)).toBeUndefined()
      expect(run.parts.terminals[0]?.killed).toBe(1)
    },
  )

  it('does not restart the device where that was switched off, for this session', () => {
    run.begin()
    run.link.say({ type: 'restartAtEnd', on: false })
    expect(run.last).toEqual({ type: 'restartAtEnd', on: false })
    run.link.say({ type: 'end' })
    expect(run.ends).toEqual([{ reason: 'operatorEnded', restart: false }])
    run.begin()
    expect(run.link.heard[0]).toMatchObject({ restartAtEnd: true })
  })

  it('by a restart that was asked for comes after the room has seen it, whatever the switch says', () => {
    run.begin()
    run.link.say({ type: 'restartAtEnd', on: false })
    run.link.say({ type: 'restart' })
    run.link.say({ type: 'restart' })
    expect(run.parts.shownRestarting).toBe(1)
    expect(run.ends).toEqual([])
    run.clock.advance(1_000)
    expect(run.ends).toEqual([{ reason: 'restarted', restart: true }])
  })

  it('while a screen is being reached opens nothing', async () => {
    const session = run.begin()
    let reached = () => {}
    const { reach } = run.parts
    run.parts.reach = async (display) => {
      await new Promise<void>((done) => (reached = done))
      return reach.call(run.parts, display)
    }
    run.link.say({ type: 'openScreen', channel: 1, display: 'console' })
    session.end('switchedOff')
    reached()
    await settle()
    expect(run.parts.reached).toBe(0)
    expect(run.parts.screen.watched).toBe(false)
    expect(run.link.on(1)).toHaveLength(0)
  })

  it('is not called idle while a terminal writes', async () => {
    run.begin()
    await run.openTerminal(1)
    for (let minutes = 0; minutes < 10; minutes += 1) {
      run.parts.terminals[0]?.prints('.')
      run.clock.advance(50_000)
    }
    expect(run.ends).toEqual([])
    run.clock.advance(120_000)
    expect(run.ends).toEqual([{ reason: 'idle', restart: true }])
  })

  it('is called idle though pings go on', () => {
    run.begin()
    for (let seconds = 0; seconds < 120; seconds += 1) {
      run.link.say({ type: 'ping', at: seconds })
      run.clock.advance(1_000)
    }
    expect(run.ends).toEqual([{ reason: 'idle', restart: true }])
  })
})

describe('a session that is recorded', () => {
  it('shows nothing before the recorder sees it, and tells it what terminals write but not what is typed', async () => {
    const session = run.begin({ record: true })
    expect(run.link.heard[0]).toMatchObject({ recording: true })
    await run.openScreen(1)
    await run.openTerminal(2)
    run.link.bytes(2, Buffer.from('secret\r'))
    run.parts.terminals[0]?.prints('$ ')
    run.link.say({ type: 'resize', channel: 2, columns: 100, rows: 30 })
    session.end('operatorEnded')
    expect(run.recorded).toEqual(['show console', 'opened 2 80×24', 'wrote 2 $ ', 'resized 2 100×30', 'hide console', 'closed 2', 'finish'])
  })

  it.each([
    ['nobody knows why', new Error('the server said nonsense'), 'remote.screenLost'],
    ['the server takes one viewer only', new ScreenRefused('remote.screenAlone', 'it must be shared'), 'remote.screenAlone'],
  ])('does not show a display that cannot be recorded, says why, and goes on: %s', async (_why, unseen, code) => {
    const session = run.begin({ record: true })
    run.parts.unseen = unseen
    await run.openScreen(1)
    expect(run.last).toEqual({ type: 'closed', channel: 1, code })
    expect([run.ends, run.link.on(1).length, run.parts.reached]).toEqual([[], 0, 0])
    expect(run.recorded).toEqual(['show console', 'hide console'])
    run.parts.unseen = undefined
    await run.openScreen(2)
    session.end('operatorEnded')
    expect(run.recorded).toEqual(['show console', 'hide console', 'show console', 'hide console', 'finish'])
  })

  it('closes a display that the recorder has lost, says why, and goes on', async () => {
    const session = run.begin({ record: true })
    await run.openScreen(1)
    await run.openTerminal(2)
    run.loseDisplay('frontOfRoom1', 'remote.screenLost')
    expect(run.last).not.toMatchObject({ type: 'closed' })
    run.loseDisplay('console', 'remote.screenAlone')
    expect(run.last).toEqual({ type: 'closed', channel: 1, code: 'remote.screenAlone' })
    expect(run.ends).toEqual([])
    session.end('operatorEnded')
  })

  it('ends when the recorder cannot go on', () => {
    run.begin({ record: true })
    run.failRecording('the service refuses it')
    run.failRecording('again')
    expect(run.ends).toEqual([{ reason: 'recordingFailed', restart: true }])
    expect(run.notes.join()).toContain('the service refuses it')
  })
})
