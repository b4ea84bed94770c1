import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { RoomkeeperError } from '../../contract/errors.ts'
import { until } from '../../contract/testing/wait.ts'
import { AheadClock } from '../testing/agents/clock.ts'
import { TestDevice } from '../testing/agents/device.ts'
import { type Parts, startParts } from '../testing/agents/parts.ts'

/** Another program holds the database: what the service noticed meanwhile is not lost. */

const disconnectAfterMs = 20_000
let service: Parts
let clock: AheadClock

beforeEach(async () => {
  clock = new AheadClock()
  service = await startParts({ clock, timing: { disconnectAfterMs, agentHelloMs: 15_000, heartbeatMs: 100 } })
})
afterEach(async () => {
  await service.close()
})

const room = (device: TestDevice) => service.deps.store.read(service.tenant, 'wholeTenant').get('room', device.enrolment.room)

it('[ROM-1] a room is called disconnected once a lock is gone that was in the way; agents hear of it, the log is not filled', async () => {
  const [gone, there] = [await TestDevice.enrol(service.url), await TestDevice.enrol(service.url)]
  for (const device of [gone, there]) await device.connect()
  await until('both rooms to be connected', async () => (await room(gone))?.connected && (await room(there))?.connected)
  const locked = vi.spyOn(service.deps.store, 'writeMany').mockRejectedValue(new RoomkeeperError('store.locked'))
  onTestFinished(() => locked.mockRestore())
  const errors = vi.spyOn(service.deps.log, 'error')
  there.report({ 'audio.speaker': 'healthy' })
  expect(await there.hears('error')).toMatchObject({ code: 'store.locked', retry: true })
  gone.drop()
  await until('the end of the connections', () => service.deps.metrics.agents.get().then(({ values }) => values[0]?.value === 0))
  const before = locked.mock.calls.length
  clock.pass(disconnectAfterMs)
  await until('the silence to be tried again', () => locked.mock.calls.length > before + 2)
  expect(errors).not.toHaveBeenCalled()
  expect((await room(gone))?.connected).toBe(true)
  locked.mockRestore()
  await until('the room to be disconnected', async () => (await room(gone))?.connected === false)
})
