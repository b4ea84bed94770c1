import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { realSystem } from '../contract/testing/system.ts'
import { until } from '../contract/testing/wait.ts'
import { RunningRooms } from './control/client.ts'
import { randomInt, seededRandom } from './random.ts'
import { runAgents, type Run } from './testing/child.ts'
import { FakeService } from './testing/fake-service.ts'

let data: string
let service: FakeService
let run: Run | undefined

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'kill-'))
  service = new FakeService()
  await service.start()
  writeFileSync(join(data, 'key'), service.key)
})
afterEach(async () => {
  run?.child.kill('SIGKILL')
  await run?.ended
  await service.stop()
  rmSync(data, { recursive: true, force: true })
})

async function start(): Promise<Run> {
  run = runAgents('fleet', '--service', service.url, '--key-file', join(data, 'key'), '--data', data, '--rooms', '2', '--json')
  const started = run
  await until('the fleet to be ready', () => started.output().includes('ready'))
  return started
}

it('[rule 10] kill -9 under load: what was accepted arrives once and in order', { timeout: 120_000 }, async () => {
  const random = seededRandom('kill', 1)
  const accepted: string[] = []
  let given = 0
  for (let round = 0; round < 5; round += 1) {
    const running = await start()
    const rooms = await RunningRooms.find(join(data, 'agents'), realSystem.clock)
    const [room] = rooms.rooms
    if (!room) throw new Error('no rooms')
    // In every other round the service is away, so that the journal is what carries the reports over.
    if (round % 2 === 1) await service.stop()
    const victimAt = given + 20 + randomInt(random, 40)
    let alive = true
    while (alive) {
      const detail = `step ${(given += 1)}`
      // Not waited for: the process dies while some are on their way.
      const asked = rooms.fault({ room: room.name, signal: 'peripherals.camera', value: 'unhealthy', detail }).then(
        () => accepted.push(detail),
        () => {
          alive = false
        },
      )
      if (given === victimAt) running.child.kill('SIGKILL')
      await (given < victimAt ? asked : running.ended.then(() => asked))
    }
    await running.ended
    if (round % 2 === 1) await service.start()
  }
  await start()
  const [name] = (await RunningRooms.find(join(data, 'agents'), realSystem.clock)).rooms.map((room) => room.name)
  const device = service.deviceOf(name ?? '')
  const story = () => {
    const details: string[] = []
    for (const { signals } of [...device.journals.values()].flat()) {
      const detail = signals['peripherals.camera']?.detail
      if (detail?.startsWith('step') && detail !== details.at(-1)) details.push(detail)
    }
    return details
  }
  await until('the last accepted one', () => story().includes(accepted.at(-1) ?? ''))

  const numbers = story().map((detail) => Number(detail.slice('step '.length)))
  expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other))
  expect(accepted.filter((detail) => !story().includes(detail))).toEqual([])
  expect(accepted.length).toBeGreaterThan(80)
  for (const reports of device.journals.values()) expect(reports.map(({ number }) => number)).toEqual(reports.map((_, index) => index + 1))
  expect(service.offences).toEqual([])
})
