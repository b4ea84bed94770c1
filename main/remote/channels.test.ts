import { describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { settle } from '../../contract/testing/wait.ts'
import { ready, setUp, Stream } from '../testing/remoteSessions.ts'

describe('screens and terminals', () => {
  const terminal = { terminal: 3, columns: 80, rows: 24 }

  it('are channels of the link, each with its own number', async () => {
    const { live } = setUp()
    const { link, session } = await live()
    const [screen, shell] = [new Stream(), new Stream()]
    const toScreen = session.openScreen('frontOfRoom1', screen)
    session.openTerminal(terminal, shell)
    session.resize(3, 100, 40)
    expect(link.said.slice(1)).toEqual([
      { type: 'openScreen', channel: 1, display: 'frontOfRoom1' },
      { type: 'openTerminal', channel: 2, columns: 80, rows: 24 },
      { type: 'resize', channel: 2, columns: 100, rows: 40 },
    ])
    link.frame(2, 'to the shell')
    link.frame(1, 'to the screen')
    void toScreen.bytes(Buffer.from('from the screen'))
    expect([screen.got, shell.got]).toEqual([['to the screen'], ['to the shell']])
    expect(link.sent.at(-1)).toEqual({ channel: 1, bytes: Buffer.from('from the screen') })
  })

  it('end by either side, with the code where there is one', async () => {
    const { live } = setUp()
    const { link, session } = await live()
    const streams = [new Stream(), new Stream(), new Stream(), new Stream()]
    const [first] = streams.map((stream) => session.openScreen('console', stream))
    first!.ended()
    expect(link.said.at(-1)).toEqual({ type: 'close', channel: 1 })
    link.say({ type: 'closed', channel: 1 })
    link.say({ type: 'closed', channel: 2 })
    link.say({ type: 'closed', channel: 3, code: 'remote.screenLost' })
    link.frame(1, 'late')
    link.be({ state: 'ended', reason: 'deviceLost' })
    expect(streams.map(({ over }) => over)).toEqual([undefined, 'ended', 'remote.screenLost', 'ended'])
    expect(streams[0]?.got).toEqual([])
    expect(() => session.openScreen('console', new Stream())).toThrow(expect.objectContaining({ code: 'remote.ended' }))
  })

  it('stop the link while a window does not take its bytes, whichever of them it is', async () => {
    const { live } = setUp()
    const { link, session } = await live()
    const [slow, other] = [new Stream(), new Stream()]
    slow.full = true
    const toSlow = session.openScreen('console', slow)
    const toOther = session.openScreen('console', other)
    link.frame(1, 'a')
    expect(link.paused).toBe(true)
    other.full = true
    link.frame(2, 'b')
    toSlow.room()
    expect(link.paused).toBe(true)
    toOther.ended()
    expect(link.paused).toBe(false)
    link.frame(1, 'c')
    expect(link.paused).toBe(true)
    link.say({ type: 'closed', channel: 1 })
    expect(link.paused).toBe(false)
  })

  it('let a window wait while the link is full', async () => {
    const { live } = setUp()
    const { link, session } = await live()
    const handlers = session.openTerminal(terminal, new Stream())
    expect(handlers.bytes(Buffer.from('a'))).toBeUndefined()
    link.full = true
    let taken = 0
    for (const text of ['b', 'c']) void Promise.resolve(handlers.bytes(Buffer.from(text))).then(() => taken++)
    await settle()
    expect(taken).toBe(0)
    link.room()
    await settle()
    expect(taken).toBe(2)
    link.full = true
    void Promise.resolve(handlers.bytes(Buffer.from('d'))).then(() => taken++)
    link.be({ state: 'ended', reason: 'deviceLost' })
    await settle()
    expect(taken).toBe(3)
  })

  it('are refused beyond the limits, and what waits in a full link is bounded', async () => {
    const { live } = setUp()
    const { link, session } = await live()
    for (let n = 0; n < limits.sessionChannelsOpen; n++) session.openScreen('console', new Stream())
    expect(() => session.openScreen('console', new Stream())).toThrow(expect.objectContaining({ code: 'remote.tooMany' }))
    link.say({ type: 'closed', channel: 1 })
    session.openTerminal(terminal, new Stream())
    link.full = true
    const resize = (): void => {
      for (let n = 0; n < 2_000; n++) session.resize(3, 80, 24)
    }
    expect(resize).toThrow(expect.objectContaining({ code: 'remote.tooMany' }))
    link.room()
    expect(() => session.resize(3, 80, 24)).not.toThrow()
    expect(() => session.resize(4, 80, 24)).toThrow(expect.objectContaining({ code: 'remote.notFound' }))
  })

  it('are what the device offers, and a viewer drives nothing whatever the device says', async () => {
    const { live, start, sessions } = setUp()
    const early = sessions.get(await start())
    expect(() => early.openScreen('console', new Stream())).toThrow(expect.objectContaining({ code: 'request.conflict' }))
    const { session, link } = await live('view')
    expect(sessions.views.at(-1)?.offers).toEqual({ displays: ready.displays, terminal: false, restart: false })
    session.openScreen('console', new Stream())
    expect(() => session.openScreen('frontOfRoom2', new Stream())).toThrow(expect.objectContaining({ code: 'remote.unsupported' }))
    const before = link.said.length
    for (const drive of [
      () => void session.openTerminal(terminal, new Stream()),
      () => session.restart(),
      () => session.restartAtEnd(false),
    ]) {
      expect(drive).toThrow(expect.objectContaining({ code: 'remote.viewOnly' }))
    }
    expect(link.said).toHaveLength(before)
  })
})

describe('restarting', () => {
  it('is asked of the device, which says what holds', async () => {
    const { live, sessions } = setUp()
    const { session, link } = await live()
    session.restartAtEnd(false)
    expect(sessions.views[0]?.restartAtEnd).toBe(true)
    link.say({ type: 'restartAtEnd', on: false })
    expect(sessions.views[0]?.restartAtEnd).toBe(false)
    session.restart()
    expect(link.said.slice(-2)).toEqual([{ type: 'restartAtEnd', on: false }, { type: 'restart' }])
    link.say({ type: 'ending', reason: 'restarted' })
    expect(sessions.views[0]?.state).toMatchObject({ state: 'ended', reason: 'restarted' })
    expect(() => session.restart()).toThrow(expect.objectContaining({ code: 'remote.ended' }))
  })
})
