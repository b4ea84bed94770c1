import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../limits.ts'
import type { RelaySide } from '../relay.ts'
import { confirmation, greeting } from './frames.ts'
import { makeRecord } from './records.ts'
import { World } from './testing/world.ts'

/** A relay that was taken over, and finds whole records in what it carries to the operator. Numbers them from 0. */
function tamper(world: World, change: (record: Uint8Array, index: number) => Uint8Array[], side: RelaySide = 'operator'): void {
  let rest: Uint8Array = new Uint8Array()
  let index = 0
  world.relay.onForward = (to, bytes) => {
    if (to !== side) return [bytes]
    rest = Buffer.concat([rest, bytes])
    const given: Uint8Array[] = []
    while (rest.length >= 12) {
      const whole = 12 + Buffer.from(rest).readUInt32BE(0)
      if (rest.length < whole) break
      given.push(...change(rest.subarray(0, whole), index))
      index += 1
      rest = rest.subarray(whole)
    }
    return given
  }
}

const sendMuch = (world: World): void => {
  for (let count = 0; count < 6; count++) world.device.link.send(1, Buffer.alloc(40_000, count))
}
const endOf = async (world: World, side: RelaySide = 'operator') => {
  await world.until(() => world[side].link.state.state === 'ended', 20_000)
  return world[side].link.state
}
const tampered = { state: 'ended', reason: 'tampered' }
const protocol = { state: 'ended', reason: 'protocol' }

describe('a relay that', () => {
  it('changes nothing is no reason to end', async () => {
    const world = await World.live()
    tamper(world, (record) => [record])
    sendMuch(world)
    await world.until(() => world.operator.got.length === 6)
    expect(world.operator.link.state).toEqual({ state: 'live' })
  })

  it('repeats a record ends the session', async () => {
    const world = await World.live()
    tamper(world, (record, index) => (index === 2 ? [record, record] : [record]))
    sendMuch(world)
    expect(await endOf(world)).toEqual(tampered)
    expect(world.operator.got.length).toBe(3)
  })

  it('changes the order ends it', async () => {
    const world = await World.live()
    let held: Uint8Array[] = []
    tamper(world, (record, index) => {
      if (index === 1) held = [record]
      return index === 1 ? [] : [record, ...held.splice(0)]
    })
    sendMuch(world)
    expect(await endOf(world)).toEqual(tampered)
    expect(world.operator.got.length).toBe(1)
  })

  it('leaves one out ends it', async () => {
    const world = await World.live()
    tamper(world, (record, index) => (index === 1 ? [] : [record]))
    sendMuch(world)
    expect(await endOf(world)).toEqual(tampered)
    expect(world.operator.got.length).toBe(1)
  })

  it('changes a bit anywhere ends it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.nat(40), fc.nat(40_030)), fc.nat(7), fc.nat(2), async (at, bit, which) => {
        const world = await World.live()
        tamper(world, (record, index) => {
          const changed = Buffer.from(record)
          if (index === which) changed[at] = (changed[at] ?? 0) ^ (1 << bit)
          return [changed]
        })
        sendMuch(world)
        expect(await endOf(world)).toEqual(tampered)
        expect(world.operator.got.length).toBe(which)
      }),
      { numRuns: 60 },
    )
  })

  it.each([1, 15, 16, 17, 40_000])('cuts %i bytes off a record ends it', async (count) => {
    const world = await World.live()
    tamper(world, (record, index) => [index === 0 ? record.subarray(0, record.length - count) : record])
    sendMuch(world)
    expect(await endOf(world)).toEqual(tampered)
    expect(world.operator.got).toEqual([])
  })

  it.each([0, 16, limits.sessionRecordBytes - 11, 2 ** 32 - 1])('announces a record of %i bytes ends it at once', async (length) => {
    const world = await World.live()
    const head = Buffer.alloc(12)
    head.writeUInt32BE(length)
    head[11] = 1
    world.relay.inject('operator', head)
    expect(await endOf(world)).toEqual(tampered)
  })

  it('gives an end its own records back ends it', async () => {
    const world = await World.live()
    tamper(world, (record) => {
      world.relay.inject('device', record)
      return []
    })
    world.device.link.send(1, Buffer.alloc(10))
    expect(await endOf(world, 'device')).toEqual(tampered)
    expect(world.device.got).toEqual([])
  })

  it('gives on a record of another session ends it', async () => {
    const [world, other] = [await World.live(), await World.live()]
    tamper(other, (record) => {
      world.relay.inject('operator', record)
      return []
    })
    other.device.link.send(1, Buffer.alloc(10))
    await other.steps(1_000)
    expect(await endOf(world)).toEqual(tampered)
    expect(world.operator.got).toEqual([])
  })

  it('speaks while the other end is not there ends it', async () => {
    const world = await World.live()
    world.relay.tell('operator', { type: 'dropped', graceMs: 1 })
    world.relay.inject('operator', Buffer.alloc(1))
    expect(await endOf(world)).toEqual(tampered)
  })
})

describe('at the beginning of a connection, a relay that', () => {
  /** What the relay gives the operator in place of the device's second greeting. */
  async function secondGreeting(replace: (first: Uint8Array, own: Uint8Array, world: World) => Uint8Array) {
    const world = await World.make()
    let [first, own]: [Uint8Array, Uint8Array] = [new Uint8Array(), new Uint8Array()]
    tamper(world, (record, index) => {
      if (index === 0) first = Buffer.from(record)
      return [record]
    })
    world.start()
    await world.until(() => world.device.link.state.state === 'live' && world.operator.link.state.state === 'live')
    world.relay.drop('device')
    // Either greeting may come first: the device's is held until there is the operator's own to give back.
    let held = false
    const give = () => replace(first, own, world)
    tamper(
      world,
      (record) => {
        if (own.length > 0) return [record]
        own = Buffer.from(record)
        if (held) world.relay.inject('operator', give())
        return [record]
      },
      'device',
    )
    const toDevice = world.relay.onForward
    tamper(world, (record, index) => {
      if (index > 0) return [record]
      held = own.length === 0
      return held ? [] : [give()]
    })
    const toOperator = world.relay.onForward
    world.relay.onForward = (to, bytes) => (to === 'operator' ? toOperator(to, bytes) : toDevice(to, bytes))
    await world.until(() => world.operator.link.state.state !== 'live')
    await world.until(() => world.operator.link.state.state === 'live' || world.operator.link.state.state === 'ended', 20_000)
    return world.operator.link.state
  }

  it('changes nothing lets it go on', async () => {
    const world = await World.live()
    world.relay.drop('device')
    await world.until(() => world.operator.link.state.state !== 'live')
    tamper(world, (record) => [record])
    await world.until(() => world.operator.link.state.state === 'live')
  })

  it('repeats an old greeting ends the session', async () => {
    expect(await secondGreeting((first) => first)).toEqual(tampered)
  })

  it('gives an end its own greeting back ends it', async () => {
    expect(await secondGreeting((_, own) => own)).toEqual(tampered)
  })

  it('gives on a record where a greeting belongs ends it', async () => {
    expect(await secondGreeting((_first, _own, world) => makeRecord(world.keys.device.seal, 5, Buffer.alloc(9, 1)))).toEqual(tampered)
  })

  it('alters it ends it', async () => {
    expect(await secondGreeting((first) => Buffer.from(first).fill(9, 20, 21))).toEqual(tampered)
  })
})

describe('another end that', () => {
  const say = async (plain: Uint8Array): Promise<unknown> => {
    const world = await World.live()
    world.relay.inject('operator', makeRecord(world.keys.device.seal, 1, plain))
    return endOf(world)
  }

  it.each([
    ['nothing that is known', Buffer.from([9, 0, 0, 0])],
    ['half a frame', Buffer.from([1, 0])],
    ['half a confirmation', Buffer.from([2, 0, 0])],
    ['what was never sent is confirmed', confirmation(1)],
  ])('says %s breaks the protocol', async (_, plain) => {
    expect(await say(plain)).toEqual(protocol)
  })

  it('greets with what was never sent breaks the protocol', async () => {
    const world = await World.live()
    world.relay.tell('operator', { type: 'back', epoch: 1 })
    world.relay.inject('operator', makeRecord(world.keys.device.sealGreeting, 2, greeting(1)))
    expect(await endOf(world)).toEqual(protocol)
  })

  it('greets as if it had never had what it has confirmed is false', async () => {
    const world = await World.live()
    world.operator.link.send(1, Buffer.from('heard'))
    await world.until(() => world.operator.link.keptBytes === 0)
    world.relay.tell('operator', { type: 'back', epoch: 1 })
    world.relay.inject('operator', makeRecord(world.keys.device.sealGreeting, 2, greeting(0)))
    expect(await endOf(world)).toEqual(tampered)
  })

  it('sends on and on to an end that has paused breaks the protocol', async () => {
    const world = await World.live()
    world.operator.link.pause()
    const piece = Buffer.concat([Buffer.from([1, 0, 5]), Buffer.alloc(60_000)])
    for (let number = 1; number <= (2.5 * limits.sessionWindowBytes) / 60_000; number++)
      world.relay.inject('operator', makeRecord(world.keys.device.seal, number, piece))
    expect(await endOf(world)).toEqual(protocol)
  })
})
