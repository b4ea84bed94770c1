import { describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../contract/errors.ts'
import { RoomId, type SessionId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { WindowStream } from '../bridge/dispatcher.ts'
import { FakeClock } from '../clock.ts'
import { createLog } from '../log.ts'
import { idOf } from '../testing/documents.ts'
import { FakeClient, FakeDevice, FakeLink, recordOf, refuse } from '../testing/remote.ts'
import { RemoteSessions } from './sessions.ts'

const room = RoomId.parse(idOf('room', 1))
const tenant = { id: TenantId.parse(idOf('tenant', 1)), name: 'Contoso' }
const ready = { type: 'ready', displays: ['console', 'frontOfRoom1'], terminal: true, restart: true, restartAtEnd: true, recording: true } as const

const settle = async (): Promise<void> => {
  for (let n = 0; n < 30; n++) await Promise.resolve()
}

/** A window's end of a stream. */
class Stream implements WindowStream {
  readonly got: string[] = []
  full = false
  over: string | undefined
  send(bytes: Uint8Array): boolean {
    this.got.push(Buffer.from(bytes).toString())
    return !this.full
  }
  end(): void {
    this.over = 'ended'
  }
  fail(error: unknown): void {
    this.over = error instanceof RoomkeeperError ? error.code : String(error)
  }
}

function setUp({ changes = {}, tampered = false }: { changes?: object; tampered?: boolean } = {}) {
  const clock = new FakeClock()
  const device = new FakeDevice()
  const links: FakeLink[] = []
  const log = createLog('silent')
  let end: Parameters<typeof recordOf>[1] = 'operatorEnded'
  const client = new FakeClient(({ method, path, body }) => {
    if (method === 'POST' && path === '/v1/sessions') {
      const { answer } = device.agree(body, 'a-secret-ticket', changes)
      return tampered ? { ...answer, device: { ...answer.device, signature: 'B'.repeat(86) } } : answer
    }
    return recordOf(path.split('/')[3] ?? '', end)
  })
  const sessions = new RemoteSessions({
    dial: () => refuse('console.failed'),
    clock,
    log,
    random: () => 0,
    makeLink: (options) => {
      const link = new FakeLink(options)
      links.push(link)
      return link
    },
  })
  const start = (mode: 'view' | 'modify' = 'modify'): Promise<SessionId> => sessions.start({ client, tenant, room, roomName: 'Room 1', mode })
  /** A session that is live, its link, and what it is told. */
  const live = async (mode: 'view' | 'modify' = 'modify') => {
    const id = await start(mode)
    const link = links.at(-1)!
    link.be({ state: 'live' })
    link.say(ready)
    return { id, link, session: sessions.get(id) }
  }
  return { clock, client, sessions, links, log, start, live, ends: (reason: typeof end) => (end = reason), state: () => sessions.views.at(-1)?.state, asked: (path: string) => client.asked.filter((one) => one.path.endsWith(path)) }
}

describe('a session', () => {
  it('is listed while it begins, and says what the device offers', async () => {
    const { sessions, start, links, client } = setUp()
    const heard: unknown[] = []
    sessions.onChange.listen(() => heard.push(sessions.views[0]?.state.state))
    const starting = start()
    expect(sessions.views).toMatchObject([{ room, roomName: 'Room 1', tenant, mode: 'modify', offers: null, state: { state: 'connecting' } }])
    const id = await starting
    expect(client.asked).toMatchObject([{ method: 'POST', path: '/v1/sessions', body: { session: id, room, mode: 'modify' } }])
    expect(links[0]?.started).toBe(true)
    expect(links[0]?.options.first).toEqual({ ticket: 'a-secret-ticket', relay: undefined })
    links[0]!.be({ state: 'waiting', since: 1 })
    expect(sessions.views[0]?.state.state).toBe('connecting')
    links[0]!.be({ state: 'live' })
    links[0]!.say(ready)
    expect(sessions.views[0]).toMatchObject({ id, offers: { displays: ready.displays, terminal: true, restart: true }, restartAtEnd: true, recording: true, state: { state: 'live' } })
    expect(heard).toContain('live')
  })

  it.each(['remote.switchedOff', 'remote.occupied', 'remote.noAnswer', 'access.denied'] as const)('that is refused with %s says so, with its parameters, and is not listed', async (code) => {
    const { client, sessions, start, links } = setUp()
    client.answer = () => refuse(code, { name: 'David Okafor' })
    await expect(start()).rejects.toMatchObject({ code, details: { params: { name: 'David Okafor' } } })
    expect(sessions.views).toEqual([])
    expect(links).toEqual([])
    expect(client.asked).toHaveLength(1)
  })

  it('whose answer is lost is asked for once more, and does not stay where nobody knows of it', async () => {
    const { client, start, sessions, asked } = setUp()
    const { answer } = client
    let lost = 0
    client.answer = (one) => (one.path === '/v1/sessions' && lost++ < 1 ? refuse('network.offline') : answer(one))
    const id = await start()
    expect(client.asked[0]).toEqual(client.asked[1])
    client.answer = () => refuse('network.offline')
    await expect(start()).rejects.toMatchObject({ code: 'network.offline' })
    await settle()
    expect(asked('/end')).toHaveLength(1)
    expect(sessions.views.map((view) => view.id)).toEqual([id])
  })

  it('ends as tampered where the device does not prove itself: nothing is dialled', async () => {
    const { start, links, state, asked } = setUp({ tampered: true })
    await start()
    await settle()
    expect(links).toEqual([])
    expect(state()).toMatchObject({ state: 'ended', reason: 'tampered' })
    expect(asked('/end')).toMatchObject([{ body: { reason: 'tampered' } }])
  })

  it.each([[{ mode: 'view' }], [{ room: idOf('room', 2) }], [{ sid: idOf('session', 9) }], [{ key: 'C'.repeat(43) }]])('whose grant says %j is refused', async (changes) => {
    const { start, links, sessions } = setUp({ changes })
    await expect(start()).rejects.toBeInstanceOf(RoomkeeperError)
    expect([links, sessions.views]).toEqual([[], []])
  })

  it('beyond the limit of this console is refused, without asking the service', async () => {
    const { start, client } = setUp()
    for (let n = 0; n < limits.sessionsPerConsole; n++) await start()
    const asked = client.asked.length
    await expect(start()).rejects.toMatchObject({ code: 'remote.tooMany' })
    expect(client.asked).toHaveLength(asked)
  })

  it('measures the round trip every two seconds, one at a time', async () => {
    const { live, clock, sessions } = setUp()
    const { link } = await live()
    const pings = () => link.said.flatMap((message) => (message.type === 'ping' ? [message.at] : []))
    expect(pings()).toHaveLength(1)
    clock.advance(35)
    link.say({ type: 'pong', at: 1 })
    expect(sessions.views[0]?.roundTripMs).toBeNull()
    link.say({ type: 'pong', at: pings()[0] })
    expect(sessions.views[0]?.roundTripMs).toBe(35)
    clock.advance(10_000)
    expect(pings()).toHaveLength(2)
    link.be({ state: 'lost', since: 1, nextTryAt: 1.7, until: 3 })
    // Pauses have parts of milliseconds, times have not.
    expect(sessions.views[0]).toMatchObject({ roundTripMs: null, state: { state: 'lost', since: 1, nextTryAt: 2, until: 3 } })
    clock.advance(10_000)
    expect(pings()).toHaveLength(2)
    link.be({ state: 'live' })
    expect([pings().length, sessions.views[0]?.state.state]).toEqual([3, 'live'])
  })

  it('asks for a fresh ticket when the link wants one', async () => {
    const { live, client } = setUp()
    const { link, id: session } = await live()
    client.answer = () => ({ ticket: 'fresh', relay: 'https://relay.example' })
    await expect(link.options.freshTicket()).resolves.toEqual({ ticket: 'fresh', relay: 'https://relay.example' })
    expect(client.asked.at(-1)).toMatchObject({ method: 'POST', path: `/v1/sessions/${session}/ticket` })
    client.answer = () => refuse('remote.ended')
    await expect(link.options.freshTicket()).rejects.toMatchObject({ code: 'remote.ended' })
  })

  it('leaves no ticket and no key in the log', async () => {
    const { live, log, client } = setUp()
    const { session } = await live()
    await session.end('operatorEnded')
    const text = log.recent().join('\n')
    expect(text).toContain(session.of.id)
    expect(text).not.toContain('a-secret-ticket')
    const [{ body }] = client.asked as [{ body: { key: string } }]
    expect(text).not.toContain(body.key)
  })
})

describe('the end of a session', () => {
  it('by the operator is said to the device, the relay and the service, once', async () => {
    const { live, asked, state, clock } = setUp()
    const { link, session } = await live()
    await session.end('operatorEnded')
    await session.end('operatorEnded')
    expect(link.said.at(-1)).toEqual({ type: 'end' })
    expect(link.state).toEqual({ state: 'ended', reason: 'operatorEnded' })
    expect(asked('/end')).toHaveLength(1)
    expect(state()).toEqual({ state: 'ended', at: clock.now(), reason: 'operatorEnded', code: null })
  })

  it('by the device has the reason that the device gives', async () => {
    const { live, client, state } = setUp()
    const { link } = await live()
    const before = client.asked.length
    link.say({ type: 'ending', reason: 'callStarted' })
    await settle()
    expect(state()).toMatchObject({ state: 'ended', reason: 'callStarted' })
    expect(client.asked).toHaveLength(before)
  })

  it('that only the relay tells of is asked of the service, until it knows', async () => {
    const { live, asked, state, ends, clock } = setUp()
    const { link, id } = await live()
    ends(null)
    link.be({ state: 'ended', reason: 'deviceEnded' })
    await settle()
    expect(state()).toMatchObject({ reason: 'deviceEnded' })
    ends('switchedOff')
    clock.advance(1_000)
    await settle()
    expect(asked(id)).toHaveLength(2)
    expect(state()).toMatchObject({ reason: 'switchedOff' })
  })

  it('that this end has seen is said to the service, which may know better', async () => {
    const { live, asked, state, ends } = setUp()
    ends('accessWithdrawn')
    const { link } = await live()
    link.be({ state: 'ended', reason: 'deviceLost' })
    await settle()
    expect(asked('/end')).toMatchObject([{ body: { reason: 'deviceLost' } }])
    expect(state()).toMatchObject({ reason: 'accessWithdrawn' })
  })

  it('for what was altered on the way stays that, whatever the service says', async () => {
    const { live, asked, state } = setUp()
    const { link } = await live()
    link.be({ state: 'ended', reason: 'tampered' })
    await settle()
    expect(asked('/end')).toMatchObject([{ body: { reason: 'tampered' } }])
    expect(state()).toMatchObject({ reason: 'tampered' })
  })

  it.each([
    ['no JSON', 0, '{'],
    ['an unknown message', 0, '{"type":"run","command":"rm"}'],
    ['more than a message has', 0, '{"type":"opened","channel":0}'],
    ['what it offers, twice', 0, JSON.stringify(ready)],
    ['bytes of a channel that was never opened', 7, 'x'],
  ])('comes where the device says %s', async (_what, channel, bytes) => {
    const { live, state, asked } = setUp()
    const { link } = await live()
    link.frame(channel, bytes)
    await settle()
    expect(state()).toMatchObject({ state: 'ended', reason: 'protocol' })
    expect(asked('/end')).toMatchObject([{ body: { reason: 'protocol' } }])
    link.frame(channel, bytes)
  })

  it('that the operator wants while it begins is one, also for the service', async () => {
    const { start, sessions, asked, links } = setUp()
    const starting = start()
    const [{ id }] = sessions.views as [{ id: SessionId }]
    void sessions.get(id).end('operatorEnded')
    await expect(starting).rejects.toMatchObject({ code: 'remote.ended' })
    await settle()
    expect(asked('/end').length).toBeGreaterThan(0)
    expect(links).toEqual([])
  })

  it('comes for those that the operator may not have any more, and for all with the console', async () => {
    const { live, sessions, asked, state, links } = setUp()
    const one = await live('modify')
    const two = await live('view')
    sessions.keep(({ mode }) => mode === 'view')
    expect(sessions.views.map((view) => view.state.state)).toEqual(['ended', 'live'])
    expect(sessions.views[0]?.state).toMatchObject({ reason: 'accessWithdrawn' })
    expect(one.link.said.at(-1)).toEqual({ type: 'end' })
    // It was the service that ended it.
    expect(asked('/end')).toEqual([])
    await sessions.leave()
    expect(two.link.state.state).toBe('ended')
    expect(asked('/end')).toHaveLength(1)
    expect([sessions.views, state(), links.length]).toEqual([[], undefined, 2])
  })

  it('does not hold the console up where the service does not answer', async () => {
    const { live, sessions, client, clock } = setUp()
    const { link } = await live()
    client.answer = () => new Promise(() => undefined)
    let left = false
    void sessions.leave().then(() => (left = true))
    await settle()
    expect([left, link.state.state]).toEqual([false, 'ended'])
    clock.advance(3_000)
    await settle()
    expect(left).toBe(true)
  })

  it('is listed until it is forgotten, and forgetting ends', async () => {
    const { live, sessions } = setUp()
    const { id, link, session } = await live()
    const ended = await live()
    await ended.session.end('operatorEnded')
    expect(sessions.views).toHaveLength(2)
    sessions.forget(ended.id)
    expect(sessions.views.map((view) => view.id)).toEqual([id])
    sessions.forget(id)
    expect([sessions.views, link.state.state, session.ended]).toEqual([[], 'ended', true])
    expect(() => sessions.forget(id)).toThrow(expect.objectContaining({ code: 'remote.notFound' }))
  })
})

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
    for (const drive of [() => void session.openTerminal(terminal, new Stream()), () => session.restart(), () => session.restartAtEnd(false)]) {
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
