import { describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { SessionRequest } from '../../contract/remote.ts'
import { settle } from '../../contract/testing/wait.ts'
import { idOf } from '../testing/documents.ts'
import { refuse } from '../testing/remote.ts'
import { ready, room, setUp, tenant } from '../testing/remoteSessions.ts'

describe('a session', () => {
  it('is listed while it begins, and says what the device offers', async () => {
    const { sessions, start, links, client } = setUp()
    const heard: unknown[] = []
    sessions.onChange.listen(() => heard.push(sessions.views[0]?.state.state))
    const starting = start()
    expect(sessions.views).toMatchObject([
      { room, roomName: 'Room 1', tenant, mode: 'modify', offers: null, state: { state: 'connecting' } },
    ])
    const id = await starting
    expect(client.asked).toMatchObject([{ method: 'POST', path: '/v1/sessions', body: { session: id, room, mode: 'modify' } }])
    expect(links[0]?.started).toBe(true)
    expect(links[0]?.options.first).toEqual({ ticket: 'a-secret-ticket', relay: undefined })
    links[0]!.be({ state: 'waiting', since: 1 })
    expect(sessions.views[0]?.state.state).toBe('connecting')
    links[0]!.be({ state: 'live' })
    links[0]!.say(ready)
    expect(sessions.views[0]).toMatchObject({
      id,
      offers: { displays: ready.displays, terminal: true, restart: true },
      restartAtEnd: true,
      recording: true,
      state: { state: 'live' },
    })
    expect(heard).toContain('live')
  })

  it.each(['remote.switchedOff', 'remote.occupied', 'remote.noAnswer', 'access.denied'] as const)(
    'that is refused with %s says so, with its parameters, and is not listed',
    async (code) => {
      const { client, sessions, start, links } = setUp()
      client.answer = () => refuse(code, { name: 'David Okafor' })
      await expect(start()).rejects.toMatchObject({ code, details: { params: { name: 'David Okafor' } } })
      expect(sessions.views).toEqual([])
      expect(links).toEqual([])
      expect(client.asked).toHaveLength(1)
    },
  )

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

  it.each([[{ mode: 'view' }], [{ room: idOf('room', 2) }], [{ sid: idOf('session', 9) }], [{ key: 'C'.repeat(43) }]])(
    'whose grant says %j is refused',
    async (changes) => {
      const { start, links, sessions } = setUp({ changes })
      await expect(start()).rejects.toBeInstanceOf(RoomkeeperError)
      expect([links, sessions.views]).toEqual([[], []])
    },
  )

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
    expect(text).not.toContain(SessionRequest.parse(client.asked[0]?.body).key)
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
    void sessions.get(sessions.views[0]!.id).end('operatorEnded')
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

  it('comes for all that run, which are still listed', async () => {
    const { sessions, start, asked } = setUp()
    await start()
    await start()
    sessions.endAll()
    await settle()
    expect(sessions.views.map(({ state }) => state)).toMatchObject([
      { state: 'ended', reason: 'operatorEnded' },
      { state: 'ended', reason: 'operatorEnded' },
    ])
    expect(asked('/end')).toHaveLength(2)
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
