import { v7 } from 'uuid'
import { beforeEach, describe, expect, it } from 'vitest'
import { DeviceId, RoomId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { type Machine, TwinWatch } from './twins.ts'

const at = { device: DeviceId.parse(v7()), tenant: TenantId.parse(v7()), room: RoomId.parse(v7()) }
const machine = (run: string, address = '10.0.0.1', boot = `boot-of-${run}`): Machine => ({ run, boot, address })

let twins: TwinWatch
let now: number
beforeEach(() => {
  twins = new TwinWatch()
  now = 1_000_000
})
/** Each says hello `ms` after the one before, which holds the connection. */
function hellos(machines: readonly Machine[], ms = 800) {
  return machines.map((one, i) => twins.hello(at, one, machines[i - 1]?.run, (now += ms)))
}

describe('[ENR-3] a device whose key is on two machines', () => {
  it('is seen when they have taken turns twice, once, with what both are', () => {
    const [a, b] = [machine('a', '10.0.0.1'), machine('b', '10.0.0.2')]
    const found = hellos([a, b, a, b, a, b])
    expect(found.map(({ several }) => several)).toEqual([false, false, false, true, true, true])
    expect(found.filter(({ began }) => began)).toHaveLength(1)
    expect(found[3]?.began).toEqual({ ...at, times: 2, detail: '10.0.0.1 (boot boot-of-) ⇄ 10.0.0.2 (boot boot-of-)' })
  })

  it('is seen behind one address and in one boot, as of copies on one machine', () => {
    const [a, b] = [machine('a', '10.0.0.1', 'boot'), machine('b', '10.0.0.1', 'boot')]
    expect(hellos([a, b, a, b]).at(-1)?.several).toBe(true)
  })

  it.each<[string, Machine[]]>([
    ['roams between two networks', ['1', '2', '1', '2', '1', '2', '1', '2'].map((n) => machine('a', `10.0.0.${n}`))],
    ['restarts again and again', ['a', 'b', 'c', 'd', 'e', 'f'].map((run) => machine(run))],
    ['loses its connection all the time', ['a', 'a', 'a', 'a', 'a'].map((run) => machine(run))],
    ['was set back to a picture of its disk and memory', ['a', 'b', 'a', 'a'].map((run) => machine(run))],
  ])('is not one that %s', (_, machines) => {
    expect(hellos(machines).some(({ several }) => several)).toBe(false)
  })

  it('is not one whose turns lie far apart', () => {
    const [a, b] = [machine('a'), machine('b')]
    expect(hellos([a, b, a, b, a, b], limits.twinWindowMs).some(({ several }) => several)).toBe(false)
  })

  it('is over once only one has been seen for a while, with how often it was', () => {
    const [a, b] = [machine('a'), machine('b')]
    hellos([a, b, a, b])
    // The second one is turned away, and comes again; the first one has no need to.
    for (let i = 0; i < 5; i++) twins.hello(at, b, 'a', (now += 60_000))
    expect(twins.over(now + limits.twinOverMs - 1)).toEqual([])
    // Its own reconnects are nothing.
    now += limits.twinOverMs - 1
    twins.hello(at, b, 'b', now)
    expect(twins.over(now + 1)).toMatchObject([{ ...at, times: 7 }])
    expect(twins.over(now + limits.twinOverMs)).toEqual([])
    expect(hellos([b, a])[1]?.several).toBe(false)
  })

  it('is over although the one that is left restarts again and again', () => {
    hellos([machine('a'), machine('b'), machine('a'), machine('b')])
    const end = now + limits.twinOverMs
    for (const run of ['c', 'd', 'e']) twins.hello(at, machine(run), undefined, (now += limits.twinOverMs / 4))
    expect(twins.over(end - 1)).toEqual([])
    expect(twins.over(end)).toMatchObject([{ ...at, times: 2 }])
  })

  it('that comes anew while another one holds the connection is one more', () => {
    hellos([machine('a'), machine('b'), machine('a'), machine('b')])
    twins.hello(at, machine('c'), 'b', (now += limits.twinOverMs - 1))
    expect(twins.over(now + limits.twinOverMs - 1)).toEqual([])
    expect(twins.over(now + limits.twinOverMs)).toMatchObject([{ times: 3 }])
  })

  it('that another run of the service has seen is over by itself, too, with nothing that is not known', () => {
    twins.hello(at, machine('a'), undefined, now)
    twins.recall(at, now)
    twins.hello(at, machine('a'), 'a', now + 1)
    expect(twins.over(now + limits.twinOverMs)).toStrictEqual([{ ...at, detail: '10.0.0.1 (boot boot-of-)' }])
    twins.recall({ ...at, device: DeviceId.parse(v7()) }, now)
    expect(twins.over(now + limits.twinOverMs)).toEqual([])
  })

  it('is not forgotten for others that come', () => {
    twins = new TwinWatch(2)
    const [a, b] = [machine('a'), machine('b')]
    hellos([a, b, a, b])
    for (let i = 0; i < 3; i++) twins.hello({ ...at, device: DeviceId.parse(v7()) }, machine('other'), undefined, now)
    expect(twins.hello(at, a, 'b', now).several).toBe(true)
  })
})
