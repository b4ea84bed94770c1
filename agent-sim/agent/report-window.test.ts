import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { ack, heartbeatMs, TestConnection } from '../testing/connection.ts'

let agent: TestConnection
beforeEach(() => {
  agent = new TestConnection()
})
afterEach(() => agent.close())

describe('reports', () => {
  it('go up in order, within a bounded window, and on with each acknowledgement', async () => {
    await agent.write(1_000)
    const socket = await agent.connect()
    expect(agent.sentReports()).toEqual(Array.from({ length: limits.agentWindowReports }, (_, index) => index + 1))
    expect(Math.max(...socket.sent.map((message) => (message.type === 'report' ? message.reports.length : 0)))).toBe(
      limits.reportsPerMessage,
    )
    for (let upTo = 50; upTo <= 1_000; upTo += 50) socket.say(ack(upTo))
    expect(agent.sentReports()).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1))
    expect(agent.journal.waiting).toBe(0)
  })

  it('acknowledged twice, late or beyond what was sent change nothing', async () => {
    const socket = await agent.connect()
    await agent.write(3)
    socket.say(ack(2))
    socket.say(ack(2))
    socket.say(ack(1))
    expect(agent.journal.acknowledged).toBe(2)
    socket.say(ack(99))
    expect(agent.journal.acknowledged).toBe(3)
    await agent.write(1)
    expect(agent.sentReports()).toEqual([1, 2, 3, 4])
  })

  it('are sent once more from where the service asks', async () => {
    const socket = await agent.connect()
    await agent.write(5)
    socket.say(ack(2))
    socket.say({ type: 'resend', from: 3 })
    expect(agent.sentReports()).toEqual([1, 2, 3, 4, 5, 3, 4, 5])
  })

  it('are not sent in a circle for ever', async () => {
    const socket = await agent.connect()
    await agent.write(2)
    for (let asked = 0; asked < 50 && socket.ended === undefined; asked += 1) socket.say({ type: 'resend', from: 1 })
    expect(socket.ended).toBe('drop')
  })

  it('that were refused are noted and need not be kept', async () => {
    const socket = await agent.connect()
    await agent.write(2)
    socket.say({ type: 'ack', upTo: 2, rejected: [{ number: 1, code: 'report.invalid' }] })
    expect(agent.journal.waiting).toBe(0)
    expect(agent.notes.join()).toContain('Report 1 was refused: report.invalid')
  })

  it('go on after a lost socket where the service says it is', async () => {
    const first = await agent.connect()
    await agent.write(4)
    first.say(ack(1))
    first.events.closed('gone')
    await agent.write(1)
    expect(agent.sentReports(first)).toEqual([1, 2, 3, 4])
    // It had taken 2 and 3 as well, and died before it said so.
    await agent.connect(3)
    expect(agent.sentReports()).toEqual([4, 5])
  })

  it('begin a new journal when the service remembers less than it acknowledged', async () => {
    const first = await agent.connect()
    await agent.write(4)
    first.say(ack(3))
    first.events.closed('gone')
    const before = agent.journal.id
    await agent.connect(1)
    expect(agent.journal.id).not.toBe(before)
    await agent.connect(0)
    expect(agent.newest().sent[0]).toMatchObject({ type: 'hello', journal: agent.journal.id })
    expect(agent.sentReports()).toEqual([1])
  })

  it('begin a new journal when the service remembers more than was ever written', async () => {
    await agent.write(2)
    const before = agent.journal.id
    await agent.connect(17)
    expect(agent.journal.id).not.toBe(before)
    expect(agent.journal.waiting).toBe(0)
  })

  it('not acknowledged in time end the socket', async () => {
    const socket = await agent.connect()
    await agent.write(1)
    for (let ms = 0; ms < limits.agentAckMs + 2 * heartbeatMs && socket.ended === undefined; ms += heartbeatMs) {
      socket.say({ type: 'beat' })
      agent.clock.advance(heartbeatMs)
    }
    expect(socket.ended).toBe('drop')
    expect(agent.states).toContainEqual(expect.objectContaining({ state: 'waiting', why: 'reports were not acknowledged in time' }))
  })
})
