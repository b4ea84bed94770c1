import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { enrolmentProof, keyChangeProof } from '../../contract/agent.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { until } from '../../contract/testing/wait.ts'
import { enrolRooms } from '../enrolment/offboarding.ts'
import { system } from '../ground/store/transaction.ts'
import { AheadClock } from '../testing/agents/clock.ts'
import { enrolmentOf, enrolRaw, newKey, signed, TestDevice } from '../testing/agents/device.ts'
import { type Parts, startParts } from '../testing/agents/parts.ts'

/** A disk that was copied: two agents with one key. */

let service: Parts
let clock: AheadClock

beforeEach(async () => {
  clock = new AheadClock()
  service = await startParts({ clock })
})
afterEach(async () => {
  await service.close()
})

const read = () => service.deps.store.read(service.tenant, 'wholeTenant')
const incident = async () => (await read().list('incident', { limit: 10 })).find(({ signal }) => signal === 'connectivity.identity')
const audited = async () => {
  const rows = await read().tables.audit().select('detail').where('category', '=', 'Device').orderBy('number').execute()
  return rows.map(({ detail }) => JSON.parse(detail) as { action: string }).filter(({ action }) => action === 'device.copied')
}

async function hello(one: TestDevice, run: string): Promise<void> {
  one.hello(await one.dial(), one.key, { run, boot: `${run}-boot` })
}
/** The device holds the connection at the end, and the next hello of its copy shows that there are two. */
async function takeTurns(device: TestDevice, copy: TestDevice): Promise<void> {
  for (const [one, run] of [
    [device, 'one'],
    [copy, 'two'],
    [device, 'one'],
  ] as const) {
    await hello(one, run)
    await one.hears('welcome')
  }
}

it('[ENR-3] two machines with one key are seen, the one that comes is turned away, and it is over when one is left', async () => {
  const device = await TestDevice.enrol(service.url)
  const { room } = device.enrolment
  await service.deps.store.write(service.tenant, system, (tx) => enrolRooms(service.deps.rooms, tx, [room]))
  const copy = new TestDevice(service.url, device.key, device.enrolment)
  await takeTurns(device, copy)
  // That it has begun is not lost with the commit that it was in.
  const locked = vi.spyOn(service.deps.store, 'writeMany').mockRejectedValue(new RoomkeeperError('store.locked'))
  await hello(copy, 'two')
  expect(await copy.hears('error')).toMatchObject({ code: 'device.twice', retry: true })
  await until('the commit that fails', () => locked.mock.calls.length > 0)
  locked.mockRestore()
  await hello(copy, 'two')
  expect(await copy.hears('error')).toMatchObject({ code: 'device.twice', retry: true })
  expect(device.closed).toBeUndefined()
  const machines = expect.stringMatching(
    /127\.0\.0\.1 \(boot one-boot\) ⇄ .*127\.0\.0\.1 \(boot two-boot\)|127\.0\.0\.1 \(boot two-boot\) ⇄/u,
  )
  await until('the incident', async () => (await incident())?.status === 'needAction')
  expect(await incident()).toMatchObject({ room, severity: 'important', detail: machines })
  expect(await audited()).toEqual([expect.objectContaining({ over: false, times: 2, machines, room })])
  const copied = (await read().transitions(room, { limit: 100 })).items.filter(({ kind }) => kind === 'copied')
  expect(copied).toEqual([expect.objectContaining({ detail: machines })])

  clock.pass(limits.twinOverMs)
  await until('the end', async () => (await incident())?.status === 'resolved')
  expect(await audited()).toEqual([expect.objectContaining({ over: false }), expect.objectContaining({ over: true, times: 3, room })])
})

it('[ENR-3] takes nobody for two who restarts, or whose connection is lost', async () => {
  const device = await TestDevice.enrol(service.url)
  for (const run of ['one', 'one', 'two', 'three', 'three', 'four', 'five']) {
    device.hello(await device.dial(), device.key, { run })
    await device.hears('welcome')
  }
  expect(await audited()).toEqual([])
})

it('[ENR-3] another key that the one before has signed cuts off the copy that holds the connection, and keeps the room', async () => {
  const installation = '018f0000-0000-7000-8000-000000000001'
  const copy = await TestDevice.enrol(service.url, { installation })
  const { room } = copy.enrolment
  await service.deps.store.write(service.tenant, system, (tx) => enrolRooms(service.deps.rooms, tx, [room]))
  const device = new TestDevice(service.url, copy.key, copy.enrolment)
  await takeTurns(copy, device)
  await hello(device, 'two')
  expect(await device.hears('error')).toMatchObject({ code: 'device.twice' })

  const key = newKey()
  const proof = signed(key, enrolmentProof(installation, key.publicKey))
  const formerProof = signed(copy.key, keyChangeProof(installation, copy.key.publicKey, key.publicKey))
  expect((await enrolRaw(service.url, enrolmentOf(key, { installation, proof, formerProof }))).answer).toMatchObject({ room })
  expect(await copy.hears('error')).toMatchObject({ code: 'device.signature' })
  await copy.ends()
  await hello(copy, 'one')
  expect(await copy.hears('error')).toMatchObject({ code: 'device.signature' })
  const kept = new TestDevice(service.url, key, copy.enrolment)
  await hello(kept, 'three')
  expect(await kept.hears('welcome')).toMatchObject({ lifecycle: 'enrolled' })
})

it('[ENR-3] a copy that is turned away has spent a connection of its device all the same', async () => {
  const device = await TestDevice.enrol(service.url)
  const copy = new TestDevice(service.url, device.key, device.enrolment)
  await takeTurns(device, copy)
  const codes: string[] = []
  for (let i = 0; i < limits.deviceConnections * 2 && codes.at(-1) !== 'rate.limited'; i++) {
    await hello(copy, 'two')
    codes.push((await copy.hears('error')).code)
  }
  expect([codes[0], codes.at(-1)]).toEqual(['device.twice', 'rate.limited'])
})
