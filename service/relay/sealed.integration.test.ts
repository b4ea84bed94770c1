import { afterEach, describe, expect, it } from 'vitest'
import { makeKeys } from '../../contract/sealed/testing/grants.ts'
import { TestEnd } from './testing/ends.ts'
import { newDevice, TestRelay } from './testing/relay.ts'

const undo: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const run of undo.splice(0).reverse()) await run()
})

async function startRelay(): Promise<TestRelay> {
  const relay = await TestRelay.start({ timing: { drainMs: 200, reconnectMs: 50 } })
  undo.push(() => relay.stop())
  return relay
}

interface Ends {
  readonly operator: TestEnd
  readonly device: TestEnd
}

async function startEnds(relay: TestRelay): Promise<Ends> {
  const keys = await makeKeys()
  const bound = { sid: keys.session, device: newDevice() }
  const make = async (side: 'operator' | 'device'): Promise<TestEnd> => {
    const end = new TestEnd(relay.url, { side, keys: keys[side], ticket: await relay.sign({ ...bound, side }), freshTicket: () => relay.sign({ ...bound, side }) })
    undo.push(() => end.link.end('serviceStopped'))
    end.link.start()
    return end
  }
  return { operator: await make('operator'), device: await make('device') }
}

describe('two ends over a relay', () => {
  it('talk both ways, and one of them says goodbye', async () => {
    const { operator, device } = await startEnds(await startRelay())
    await Promise.all([operator.untilState('live'), device.untilState('live')])
    expect(operator.link.send(0, Buffer.from('hello'))).toBe(true)
    device.link.send(7, Buffer.from('here'))
    await Promise.all([operator.until(() => operator.frames.length > 0), device.until(() => device.frames.length > 0)])
    expect(device.frames).toEqual([{ channel: 0, bytes: Buffer.from('hello') }])
    expect(operator.frames).toEqual([{ channel: 7, bytes: Buffer.from('here') }])
    device.link.send(0, Buffer.from('goodbye'))
    device.link.end('switchedOff')
    await operator.untilState('ended')
    expect(operator.frames.at(-1)).toEqual({ channel: 0, bytes: Buffer.from('goodbye') })
    expect([operator.link.state, device.link.state]).toEqual([{ state: 'ended', reason: 'deviceEnded' }, { state: 'ended', reason: 'switchedOff' }])
  })
})
