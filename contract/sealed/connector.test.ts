import { describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../errors.ts'
import { limits } from '../limits.ts'
import type { RelayToSide } from '../relay.ts'
import type { SessionEnd } from '../remote.ts'
import { settle } from '../testing/wait.ts'
import type { LinkSocketEvents, LinkState, TicketFor } from './interfaces.ts'
import { SealedLink } from './link.ts'
import { makeKeys } from './testing/grants.ts'
import { Clock, World } from './testing/world.ts'

const secret = 's'.repeat(43)
const keys = await makeKeys()

interface Dialled {
  readonly relay: string | undefined
  readonly authorization: string
  readonly events: LinkSocketEvents
  readonly said: string[]
  closed: number | 'dropped' | undefined
  bytes: number
}

/** A link whose sockets are played by the test. */
class Played {
  readonly clock = new Clock()
  readonly dialled: Dialled[] = []
  readonly states: LinkState[] = []
  asked = 0
  answer: () => Promise<TicketFor> = () => Promise.resolve({ ticket: `fresh ${this.asked}` })
  readonly link: SealedLink

  constructor(side: 'operator' | 'device' = 'operator') {
    this.link = new SealedLink({
      side,
      keys: keys[side],
      dial: (relay, authorization, events) => {
        const socket: Dialled = { relay, authorization, events, said: [], closed: undefined, bytes: 0 }
        this.dialled.push(socket)
        return {
          send: (bytes) => {
            socket.bytes += bytes.length
          },
          sendText: (text) => socket.said.push(text),
          waiting: 0,
          pause: () => {},
          resume: () => {},
          close: (code) => {
            socket.closed = code
          },
          drop: () => {
            socket.closed = 'dropped'
          },
        }
      },
      first: { ticket: 'first', relay: 'wss://relay.example' },
      freshTicket: () => {
        this.asked += 1
        return this.answer()
      },
      timers: this.clock,
      now: () => this.clock.now,
      random: () => 1,
      onFrame: () => {},
      onState: (state) => this.states.push(state),
      onRoom: () => {},
    })
    this.link.start()
  }

  get socket(): Dialled {
    const last = this.dialled.at(-1)
    if (!last) throw new Error('nothing was dialled')
    return last
  }

  tell(message: RelayToSide): void {
    this.socket.events.text(JSON.stringify(message))
  }

  open(peer: 'waiting' | 'here' | 'dropped'): void {
    this.tell({ type: 'open', secret, graceMs: 30_000, peer })
  }

  /** Lets time go on until the next dial. Answers how long it took. */
  async untilDial(): Promise<number> {
    const [from, count] = [this.clock.now, this.dialled.length]
    for (let turn = 0; this.dialled.length === count; turn++) {
      if (turn > 200 || this.link.state.state === 'ended') throw new Error(`no dial: ${JSON.stringify(this.link.state)}`)
      await settle()
      if (this.dialled.length === count) this.clock.next()
    }
    return this.clock.now - from
  }
}

describe('an end of a session', () => {
  it('dials with its ticket, and comes back with the newest secret, after growing pauses', async () => {
    const end = new Played()
    expect([end.socket.relay, end.socket.authorization, end.link.state]).toEqual([
      'wss://relay.example',
      'Ticket first',
      { state: 'connecting' },
    ])
    end.open('waiting')
    expect(end.link.state).toEqual({ state: 'waiting', since: end.clock.now })
    const pauses: number[] = []
    for (let count = 0; count < 7; count++) {
      const since = end.clock.now
      end.socket.events.closed({ code: 1006 })
      expect(end.link.state).toMatchObject({
        state: 'lost',
        nextTryAt: since + Math.min(limits.sessionRetryMs * 2 ** count, limits.sessionRetryMsAtMost),
      })
      pauses.push(await end.untilDial())
    }
    expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000])
    expect(new Set(end.dialled.slice(1).map(({ authorization }) => authorization))).toEqual(
      new Set([`Resume ${keys.session}.operator.${secret}`]),
    )
    expect(end.asked).toBe(0)
  })

  it('tries the same ticket again where nobody answered, or the relay is full', async () => {
    const end = new Played()
    for (const why of [{}, { status: 503, problem: 'relay.full' }, { status: 429 }, { status: 502 }]) {
      end.socket.events.closed(why)
      await end.untilDial()
    }
    expect(new Set(end.dialled.map(({ authorization }) => authorization))).toEqual(new Set(['Ticket first']))
  })

  it.each([401, 409, 410, 400, 404])('asks for a fresh ticket where the relay refuses with %i', async (status) => {
    const end = new Played()
    end.open('waiting')
    end.socket.events.closed({ code: 1006 })
    await end.untilDial()
    end.answer = () => Promise.resolve({ ticket: 'fresh', relay: 'wss://other.example' })
    end.socket.events.closed({ status })
    await end.untilDial()
    expect([end.asked, end.socket.relay, end.socket.authorization]).toEqual([1, 'wss://other.example', 'Ticket fresh'])
  })

  it('asks again where the service cannot be reached, and ends where it says that the session is over', async () => {
    const end = new Played('device')
    const answers = [
      new Error('network'),
      new RoomkeeperError('network.offline'),
      new RoomkeeperError('rate.limited'),
      new RoomkeeperError('service.unavailable'),
    ]
    end.answer = () => {
      const error = answers.shift()
      return error ? Promise.reject(error) : Promise.resolve({ ticket: 'at last' })
    }
    end.socket.events.closed({ status: 401 })
    await end.untilDial()
    expect([end.asked, end.socket.authorization]).toEqual([5, 'Ticket at last'])
    end.answer = () => Promise.reject(new RoomkeeperError('remote.ended'))
    end.socket.events.closed({ status: 410 })
    await expect(end.untilDial()).rejects.toThrow('no dial')
    expect(end.link.state).toEqual({ state: 'ended', reason: 'deviceLost' })
  })

  it('says nothing before the relay says that the other end is there', () => {
    const end = new Played()
    end.link.send(1, Buffer.alloc(10))
    end.open('waiting')
    expect([end.socket.bytes, end.socket.said]).toEqual([0, []])
    end.tell({ type: 'joined' })
    expect(end.socket.bytes).toBe(37)
    end.tell({ type: 'dropped', graceMs: 1 })
    end.tell({ type: 'back', epoch: 3 })
    expect([end.socket.bytes, end.socket.said]).toEqual([74, ['{"type":"restart","epoch":3}']])
  })

  it('drops a relay that says nothing, and one that says what no relay says', async () => {
    const end = new Played()
    expect(await end.untilDial()).toBe(limits.sessionDialMs + limits.sessionRetryMs)
    expect(end.dialled[0]?.closed).toBe('dropped')
    end.socket.events.text('hello')
    expect(end.socket.closed).toBe('dropped')
    await end.untilDial()
    end.open('here')
    end.tell({ type: 'halfClosed' })
    expect(end.socket.closed).toBe(undefined)
  })

  it('drops a connection on which the other end has been silent for too long', async () => {
    const end = new Played()
    end.open('here')
    expect(await end.untilDial()).toBe(limits.sessionSilentMs + limits.sessionRetryMs)
    expect(end.socket.authorization).toMatch('Resume')
  })

  it('hears nothing from a socket that it has left', async () => {
    const end = new Played()
    end.open('waiting')
    const left = end.socket
    left.events.closed({ code: 1006 })
    await end.untilDial()
    left.events.bytes(Buffer.alloc(100))
    left.events.text('hello')
    left.events.closed({ status: 410 })
    left.events.drained()
    expect([end.socket.closed, end.asked, end.link.state.state]).toEqual([undefined, 0, 'lost'])
  })

  it('leaves a relay that stops when it is told to, without ending the session', async () => {
    const end = new Played()
    end.open('waiting')
    end.tell({ type: 'draining', reconnectMs: 2_000 })
    expect(end.socket.closed).toBe(undefined)
    const waited = await end.untilDial()
    expect([waited, end.dialled[0]?.closed, end.asked, end.socket.authorization]).toEqual([2_250, 'dropped', 1, 'Ticket fresh 1'])
    end.open('waiting')
    // One that goes earlier than it said is not asked for earlier.
    end.tell({ type: 'draining', reconnectMs: 2_000 })
    end.tell({ type: 'ended', reason: 'draining' })
    end.socket.events.closed({ code: 1012 })
    expect([await end.untilDial(), end.asked]).toEqual([2_000, 2])
  })

  it.each<[RelayToSide, SessionEnd]>([
    [{ type: 'ended', reason: 'ended', by: 'operator' }, 'operatorEnded'],
    [{ type: 'ended', reason: 'ended', by: 'device' }, 'deviceEnded'],
    [{ type: 'ended', reason: 'finished' }, 'operatorEnded'],
    [{ type: 'ended', reason: 'noPeer' }, 'neverJoined'],
    [{ type: 'ended', reason: 'peerLost', by: 'operator' }, 'operatorLost'],
    [{ type: 'ended', reason: 'peerLost', by: 'device' }, 'deviceLost'],
    [{ type: 'ended', reason: 'idle' }, 'idle'],
    [{ type: 'ended', reason: 'maximum' }, 'maximum'],
    [{ type: 'ended', reason: 'withdrawn' }, 'accessWithdrawn'],
    [{ type: 'ended', reason: 'protocol', by: 'device' }, 'protocol'],
  ])('is told %o and ends with %s', (message, reason) => {
    const end = new Played()
    end.open('here')
    end.tell(message)
    end.socket.events.closed({ code: 1000 })
    expect(end.states.filter(({ state }) => state === 'ended')).toEqual([{ state: 'ended', reason }])
    expect([end.dialled.length, end.socket.closed]).toEqual([1, 1000])
  })

  it('says goodbye to the relay where it is there, and to nobody where it is not', async () => {
    const end = new Played()
    end.open('waiting')
    end.link.end('operatorEnded')
    end.link.end('idle')
    expect([end.socket.said, end.socket.closed, end.states.at(-1)]).toEqual([
      ['{"type":"end"}'],
      1000,
      { state: 'ended', reason: 'operatorEnded' },
    ])
    const away = new Played()
    away.link.end('accessWithdrawn')
    expect([away.socket.said, away.socket.closed, away.link.state]).toEqual([[], 'dropped', { state: 'ended', reason: 'accessWithdrawn' }])
    const waits = new Played()
    waits.socket.events.closed({})
    waits.link.end('idle')
    await expect(waits.untilDial()).rejects.toThrow('no dial')
  })
})

describe('a relay that talks without end', () => {
  it.each<RelayToSide>([
    { type: 'joined' },
    { type: 'dropped', graceMs: 30_000 },
    { type: 'back', epoch: 1 },
    { type: 'draining', reconnectMs: 2_000 },
  ])('is left, whatever it says: $type', (message) => {
    const end = new Played()
    end.open('here')
    const { socket } = end
    for (let count = 0; count < 20_000; count++) socket.events.text(JSON.stringify(message))
    expect(socket.closed).toBe('dropped')
    expect(socket.bytes + socket.said.join('').length).toBeLessThan(limits.sessionSocketBytes)
    expect(end.link.state.state).not.toBe('ended')
  })
})

describe('two ends', () => {
  it('give up in the end, and know which of them is lost', async () => {
    const world = await World.live()
    const since = world.clock.now
    world.relay.drop('device')
    // The device finds no way back; the operator waits at the relay.
    const dial = world.relay.dial.bind(world.relay)
    world.relay.dial = (side, authorization, events) => {
      const socket = dial(side, authorization, events)
      if (side === 'device') world.relay.refuse(socket)
      return socket
    }
    await world.until(() => world.operator.link.state.state === 'ended' && world.device.link.state.state === 'ended')
    expect([world.operator.link.state, world.device.link.state]).toEqual([
      { state: 'ended', reason: 'deviceLost' },
      { state: 'ended', reason: 'deviceLost' },
    ])
    expect(world.clock.now - since).toBeGreaterThanOrEqual(limits.sessionLostMs)
    const lost = world.operator.states.find(({ state }) => state === 'lost')
    expect(lost).toMatchObject({ state: 'lost', nextTryAt: null, since, until: since + limits.sessionLostMs })
  })

  it('find each other at a relay that knows them no more, with fresh tickets', async () => {
    const world = await World.live()
    world.relay.kill()
    world.operator.link.send(1, Buffer.from('still'))
    world.device.link.send(1, Buffer.from('here'))
    await world.until(() => world.operator.got.length === 1 && world.device.got.length === 1)
    expect(world.relay.shown.slice(2).sort()).toEqual(['device Resume', 'device Ticket', 'operator Resume', 'operator Ticket'])
  })

  it('of which one hears nothing although its socket lives find each other again', async () => {
    const world = await World.live()
    const pipe = world.relay.pipe('operator')
    // The network swallows both directions and tells nobody.
    world.relay.onForward = () => []
    await world.until(() => world.operator.link.state.state === 'lost' && world.relay.pipe('operator') !== pipe)
    world.relay.onForward = (_, bytes) => [bytes]
    world.operator.link.send(1, Buffer.from('again'))
    await world.until(() => world.device.got.length === 1)
  })
})
