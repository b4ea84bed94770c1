import { verify } from 'node:crypto'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { challengeProof } from '../../contract/agent.ts'
import { SessionId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { settle } from '../../contract/testing/wait.ts'
import { device, heartbeatMs, nonce, publicKey, TestConnection } from '../testing/connection.ts'

let agent: TestConnection
beforeEach(() => {
  agent = new TestConnection()
})
afterEach(() => agent.close())

describe('proving', () => {
  it('signs the challenge for its service and device, and says hello with its journal', async () => {
    agent.connection.start()
    const [hello] = (await agent.greet()).sent
    if (hello?.type !== 'hello') throw new Error('no hello')
    const text = Buffer.from(challengeProof(nonce, 'test service', device))
    const signature = Buffer.from(hello.signature, 'base64url')
    expect(verify('sha256', text, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
    expect(hello).toMatchObject({
      device,
      journal: agent.journal.id,
      versions: [1],
      sentAt: agent.clock.now(),
      clock: agent.clock.now() + 60_000,
    })
  })

  it('signs nothing for a service of another name', async () => {
    agent.connection.start()
    agent.newest().events.open()
    agent.newest().say({ type: 'challenge', nonce, service: 'another' })
    await settle()
    expect(agent.newest().sent).toEqual([])
    expect(agent.newest().ended).toBe('drop')
    expect(agent.connection.state.state).toBe('waiting')
  })

  it('hangs up on a service that does not greet in time', () => {
    agent.connection.start()
    agent.newest().events.open()
    agent.clock.advance(limits.agentHelloMs)
    expect(agent.connection.state).toMatchObject({ state: 'waiting', why: 'the service did not greet in time' })
  })

  it.each(['', '[]', '{"type":"welcome"}', '{"type":"ack","upTo":-1}', 'x'.repeat(70_000)])(
    'drops a socket that says %.20j',
    async (text) => {
      const socket = await agent.connect()
      socket.events.message(text)
      expect(socket.ended).toBe('drop')
      expect(agent.connection.state.state).toBe('waiting')
    },
  )
})

describe('staying connected', () => {
  it('beats at the interval that the service names', async () => {
    const socket = await agent.connect()
    for (let beat = 0; beat < 10; beat += 1) {
      agent.clock.advance(heartbeatMs)
      socket.say({ type: 'beat' })
    }
    expect(socket.sent.filter(({ type }) => type === 'beat')).toHaveLength(10)
  })

  it('asks a silent service for a sign of life, and hangs up when there is none', async () => {
    const socket = await agent.connect()
    agent.clock.advance(2.6 * heartbeatMs)
    expect(socket.pings).toBeGreaterThan(0)
    expect(socket.ended).toBeUndefined()
    agent.clock.advance(2 * heartbeatMs)
    expect(socket.ended).toBe('drop')
    expect(agent.states).toContainEqual(expect.objectContaining({ state: 'waiting', why: 'the service fell silent' }))
  })

  it('an answered ping is a sign of life', async () => {
    const socket = await agent.connect()
    for (let beat = 0; beat < 10; beat += 1) {
      agent.clock.advance(heartbeatMs)
      socket.events.alive()
    }
    expect(agent.connection.state.state).toBe('connected')
  })

  it('[ENR-3] says the same start of the agent at each connection, and waits long where another machine is connected as it', async () => {
    const runs = []
    for (let i = 0; i < 2; i++) {
      const socket = await agent.connect()
      runs.push(socket.sent.find((message) => message.type === 'hello')?.run)
      socket.say({ type: 'error', code: 'device.twice', retry: true })
      socket.events.closed('closed')
      expect(agent.connection.state).toMatchObject({
        state: 'waiting',
        unwanted: true,
        until: agent.clock.now() + limits.twinRetryMs * 0.75,
      })
      agent.clock.advance(limits.twinRetryMs)
    }
    expect(runs).toEqual([expect.stringMatching(/^.{20,64}$/u), runs[0]])
  })

  it('dials again with pauses that grow, with chance in them, up to a limit', () => {
    const pauses: number[] = []
    agent.random = 1
    agent.connection.start()
    for (let tries = 0; tries < 12; tries += 1) {
      agent.newest().events.closed('refused')
      const { state } = agent.connection
      if (state.state !== 'waiting') throw new Error(state.state)
      pauses.push(state.until - agent.clock.now())
      agent.clock.advance(state.until - agent.clock.now())
    }
    expect(pauses.slice(0, 4)).toEqual([1, 2, 4, 8].map((factor) => factor * limits.retryFirstMs))
    expect(Math.max(...pauses)).toBe(limits.retryMaxMs)
    agent.random = 0
    agent.newest().events.closed('refused')
    expect(agent.connection.state).toMatchObject({ until: agent.clock.now() + limits.retryMaxMs / 2 })
  })

  it('hears nothing of a socket that it gave up', async () => {
    const first = await agent.connect()
    first.events.closed('gone')
    await agent.connect()
    first.say({ type: 'error', code: 'device.unknown', retry: false })
    first.events.closed('again')
    expect(agent.connection.state.state).toBe('connected')
  })

  it('with its network cut drops the socket, tries nothing, and goes on when told', async () => {
    const socket = await agent.connect()
    agent.connection.cut()
    expect(socket.ended).toBe('drop')
    agent.clock.advance(3_600_000)
    expect(agent.sockets).toHaveLength(1)
    expect(agent.clock.waiting).toBe(0)
    await agent.write(2)
    await agent.connect()
    expect(agent.sentReports()).toEqual([1, 2])
  })
})

describe('what the service decides', () => {
  it('a refusal that trying again cannot mend stops the agent and says why', async () => {
    agent.connection.start()
    const socket = await agent.greet()
    socket.say({ type: 'error', code: 'device.unknown', retry: false, signature: agent.signedWord(socket, 'error device.unknown') })
    expect(agent.connection.state).toMatchObject({ state: 'stopped', code: 'device.unknown' })
    agent.clock.advance(3_600_000)
    expect(agent.sockets).toHaveLength(1)
  })

  it('another refusal is tried again', async () => {
    const socket = await agent.connect()
    socket.say({ type: 'error', code: 'service.unavailable', retry: true })
    socket.events.closed('bye')
    expect(agent.connection.state).toMatchObject({ state: 'waiting', why: 'service.unavailable' })
  })

  it('a change of the lifecycle is shown', async () => {
    const socket = await agent.connect()
    socket.say({ type: 'lifecycle', lifecycle: 'unenrolled' })
    expect(agent.states.at(-1)).toMatchObject({ state: 'connected', lifecycle: 'unenrolled' })
  })

  it('off-boarding ends the reports, and the farewell is the last word', async () => {
    const socket = await agent.connect()
    socket.say(agent.offboard(socket))
    socket.say(agent.offboard(socket))
    expect(agent.offboards).toBe(1)
    await agent.write(1)
    agent.clock.advance(60_000)
    await agent.connection.farewell()
    expect(socket.sent.at(-1)).toEqual({ type: 'offboarded' })
    expect(agent.sentReports(socket)).toEqual([])
    expect(agent.connection.state).toMatchObject({ state: 'stopped', why: 'off-boarded' })
  })

  it('a version that this agent does not speak is not used', async () => {
    agent.connection.start()
    const socket = await agent.greet()
    socket.say(agent.welcome(socket, 0, 7))
    expect(agent.connection.state).toMatchObject({ state: 'waiting', why: 'the service speaks version 7' })
  })
})

describe('remote sessions', () => {
  const session = SessionId.parse(v7())

  it('what the service says of them is passed on, and answers go back', async () => {
    const socket = await agent.connect()
    socket.say({ type: 'session', session, grant: 'grant', ticket: 'ticket' })
    socket.say({ type: 'sessionTicket', session, ticket: 'another' })
    socket.say({ type: 'sessionEnd', session, reason: 'switchedOff' })
    expect(agent.heard).toEqual([`session ${session}`, `sessionTicket ${session}`, `sessionEnd ${session}`])
    expect(agent.connection.say({ type: 'sessionRefused', session, code: 'remote.inCall' })).toBe(true)
    expect(socket.sent.at(-1)).toEqual({ type: 'sessionRefused', session, code: 'remote.inCall' })
  })

  it('nobody hears of them, or is told, before the service has welcomed the device, or while it is off-boarded', async () => {
    agent.connection.start()
    const socket = await agent.greet()
    socket.say({ type: 'session', session, grant: 'grant', ticket: 'ticket' })
    expect(agent.connection.say({ type: 'sessionEnded', session, reason: 'deviceEnded' })).toBe(false)
    socket.say(agent.welcome(socket))
    socket.say(agent.offboard(socket))
    socket.say({ type: 'session', session, grant: 'grant', ticket: 'ticket' })
    expect(agent.connection.say({ type: 'sessionEnded', session, reason: 'deviceEnded' })).toBe(false)
    expect(agent.heard).toEqual([])
  })
})
