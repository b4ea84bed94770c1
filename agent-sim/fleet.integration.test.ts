import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Report } from '../contract/agent.ts'
import { limits } from '../contract/limits.ts'
import { signalsOf } from '../contract/signals.ts'
import { realSystem } from '../contract/testing/system.ts'
import { playDelay, until } from '../contract/testing/wait.ts'
import { ActionError } from './actions.ts'
import { startFleet, type Fleet, type FleetOptions } from './fleet.ts'
import { pick, seededRandom } from './random.ts'
import { FakeService, type FakeDevice, type Mood } from './testing/fake-service.ts'

let folder: string
let service: FakeService
let fleets: Fleet[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fleet-'))
  service = new FakeService()
  fleets = []
  await service.start()
})
afterEach(async () => {
  await Promise.all(fleets.map((fleet) => fleet.stop()))
  await service.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function start(options: Partial<FleetOptions> = {}): Promise<Fleet> {
  const fleet = await startFleet({
    system: realSystem,
    service: service.url,
    credential: { kind: 'key', secret: service.key },
    rooms: 3,
    kind: 'windows',
    folder,
    control: false,
    ...options,
  })
  fleets.push(fleet)
  return fleet
}

function firstRoom(fleet: Fleet): string {
  const [room] = fleet.devices
  if (!room) throw new Error('no rooms')
  return room.name
}

/** All that arrived from a device, one journal after the other. */
const arrived = (device: FakeDevice): Report[] => [...device.journals.values()].flat()

/** The details of the camera in the order of their arrival, a repeated one once: full reports say again what was said. */
function cameraStory(device: FakeDevice): string[] {
  const story: string[] = []
  for (const { signals } of arrived(device)) {
    const detail = signals['peripherals.camera']?.detail
    if (detail !== undefined && detail !== story.at(-1)) story.push(detail)
  }
  return story
}

const steps = (count: number, from = 1) => Array.from({ length: count }, (_, index) => `step ${index + from}`)

describe('a fleet', () => {
  it('enrols its devices once, shows everything at connecting, and only what changes afterwards', async () => {
    const fleet = await start()
    expect(service.devices.size).toBe(3)
    expect(fleet.connected()).toBe(3)
    const device = service.deviceOf(firstRoom(fleet))
    await until('the full report', () => arrived(device).length === 1)
    expect(arrived(device)[0]).toMatchObject({ number: 1, full: true, facts: { inCall: false } })
    expect(Object.keys(arrived(device)[0]?.signals ?? {}).sort()).toEqual([...signalsOf('windows')].sort())

    await fleet.setSignal(firstRoom(fleet), 'peripherals.camera', 'unhealthy', 'gone')
    await fleet.setSignal(firstRoom(fleet), 'peripherals.camera', 'unhealthy', 'gone')
    await fleet.act([{ do: 'facts', room: firstRoom(fleet), facts: { inCall: true } }])
    await until('two more', () => arrived(device).length === 3)
    const [, second, third] = arrived(device)
    expect(second).toMatchObject({ number: 2, signals: { 'peripherals.camera': { value: 'unhealthy', detail: 'gone' } } })
    expect(Object.keys(second?.signals ?? {})).toHaveLength(1)
    expect(third).toMatchObject({ number: 3, signals: {}, facts: { inCall: true } })
    expect(service.offences).toEqual([])
  })

  it('is the same devices after a restart, with the state that they were given', async () => {
    const first = await start()
    const names = first.devices.map(({ name }) => name)
    await first.setSignal(firstRoom(first), 'audio.speaker', 'misconfigured', 'wrong output')
    await first.stop()
    const ids = [...service.devices.keys()]
    const again = await start()
    expect(again.devices.map(({ name }) => name)).toEqual(names)
    expect([...service.devices.keys()]).toEqual(ids)
    const device = service.deviceOf(firstRoom(again))
    await until('its full report', () => arrived(device).filter(({ full }) => full).length === 2)
    expect(arrived(device).at(-1)?.signals['audio.speaker']).toEqual({ value: 'misconfigured', detail: 'wrong output' })
  })

  it('keeps what happens while the service is away, and sends it once, in order, afterwards', async () => {
    const fleet = await start()
    const device = service.deviceOf(firstRoom(fleet))
    await service.stop()
    for (const detail of steps(250)) await fleet.setSignal(firstRoom(fleet), 'peripherals.camera', 'unhealthy', detail)
    await service.start()
    await until('all of it', () => cameraStory(device).at(-1) === 'step 250')
    expect(cameraStory(device).slice(1)).toEqual(steps(250))
    expect(device.journals.size).toBe(1)
  })

  it('gets every report across once and in order, whatever the service does', async () => {
    const random = seededRandom('moods', 7)
    const moods: Mood[] = ['acknowledge', 'acknowledge', 'late', 'twice', 'dropBefore', 'dropAfter', 'dropMidBatch', 'askAgain']
    const fleet = await start({ rooms: 2 })
    service.mood = () => pick(random, moods)
    const device = service.deviceOf(firstRoom(fleet))
    for (const detail of steps(120)) {
      await fleet.setSignal(firstRoom(fleet), 'peripherals.camera', 'unhealthy', detail)
      // Some one by one, some together, so that batches of all sizes meet every mood.
      if (random() < 0.2) await playDelay(20)
    }
    service.mood = () => 'acknowledge'
    await until('all of it', () => cameraStory(device).at(-1) === 'step 120')
    expect(cameraStory(device).slice(1)).toEqual(steps(120))
    for (const reports of device.journals.values())
      expect(reports.map(({ number }) => number)).toEqual(reports.map((_, index) => index + 1))
    expect(service.offences).toEqual([])
  })

  it('tells a service that was set back what it forgot, as far as a full report can', async () => {
    const fleet = await start({ rooms: 1 })
    const device = service.deviceOf(firstRoom(fleet))
    for (const detail of steps(5)) await fleet.setSignal(firstRoom(fleet), 'peripherals.camera', 'unhealthy', detail)
    await until('five', () => cameraStory(device).at(-1) === 'step 5')
    const [room] = fleet.devices
    await until('acknowledged', async () => (await room?.status())?.waiting === 0)
    service.forget(device, 3)
    await until('a new journal', () => device.journals.size === 2)
    await until('the state', () => [...device.journals.values()].at(-1)?.at(-1)?.signals['peripherals.camera']?.detail === 'step 5')
    await fleet.setSignal(firstRoom(fleet), 'peripherals.camera', 'healthy', 'step 6')
    await until('the next', () => cameraStory(device).at(-1) === 'step 6')
    expect(service.offences).toEqual([])
  })

  it('goes on writing while the network of a room is cut', async () => {
    const fleet = await start()
    const room = firstRoom(fleet)
    const device = service.deviceOf(room)
    await fleet.act([{ do: 'network', room, up: false }])
    await until('the socket to be gone', () => device.socket?.readyState === 3)
    for (const detail of steps(3)) await fleet.setSignal(room, 'peripherals.camera', 'unhealthy', detail)
    expect(cameraStory(device)).toHaveLength(1)
    await fleet.act([{ do: 'network', room, up: true }])
    await until('all of it', () => cameraStory(device).at(-1) === 'step 3')
    expect(cameraStory(device).slice(1)).toEqual(steps(3))
  })

  it('off-boards a device that the service lets go, and does not bring it back', async () => {
    const fleet = await start()
    const [room] = fleet.devices
    if (!room) throw new Error('no rooms')
    const device = service.deviceOf(room.name)
    expect(existsSync(join(room.folder, 'key.pem'))).toBe(true)
    service.offboard(device)
    await until('the farewell', () => device.offboarded)
    expect(existsSync(room.folder)).toBe(false)
    await fleet.stop()
    const again = await start()
    expect(again.connected()).toBe(2)
    expect(device.connections).toBe(1)
    await again.stop()
    const back = await start({ bringBack: true })
    expect(back.connected()).toBe(3)
  })

  it('names the rooms that come near to one that does not exist', async () => {
    const fleet = await start()
    await expect(fleet.setSignal(`${firstRoom(fleet)}x`, 'audio.speaker', 'healthy')).rejects.toThrow(ActionError)
    await expect(fleet.setSignal(`${firstRoom(fleet)}x`, 'audio.speaker', 'healthy')).rejects.toThrow(firstRoom(fleet))
  })

  it('says when the service does not want a device, and goes on with the others', async () => {
    const fleet = await start()
    await fleet.stop()
    const name = firstRoom(fleet)
    service.devices.delete(service.deviceOf(name).device)
    const refused: string[] = []
    const again = await start({ onRefused: (room) => refused.push(room) })
    expect(refused).toEqual([name])
    expect(again.connected()).toBe(2)
  })

  it('keeps its keys to itself', async () => {
    const fleet = await start()
    for (const room of fleet.devices) {
      expect(readFileSync(join(room.folder, 'key.pem'), 'utf8')).toContain('BEGIN PRIVATE KEY')
      expect(statSync(join(room.folder, 'key.pem')).mode & 0o777).toBe(0o600)
      expect(statSync(room.folder).mode & 0o777).toBe(0o700)
    }
  })

  it('with hostile devices sends what the protocol takes', async () => {
    const fleet = await start({ rooms: 12, hostile: true })
    const devices = [...service.devices.values()]
    await until('their reports', () => devices.every((device) => arrived(device).length > 0))
    await fleet.setSignal(firstRoom(fleet), 'peripherals.camera', 'unhealthy')
    expect(fleet.connected()).toBe(12)
    const said = JSON.stringify(devices.map(arrived))
    expect(said).toContain('<script>')
    expect(said).toContain('DROP TABLE')
    expect(service.offences).toEqual([])
  })
})

describe('enrolling', () => {
  it('waits where the service asks for it, and enrols once', async () => {
    let asked = 0
    service.enrolmentTrouble = () => {
      asked += 1
      if (asked === 1) return { status: 503 }
      return asked === 2 ? { status: 429, code: 'rate.limited', retryAfter: '1' } : undefined
    }
    const fleet = await start({ rooms: 1 })
    expect(service.enrolmentRequests).toBe(3)
    expect(service.devices.size).toBe(1)
    const log = readFileSync(join(fleet.devices[0]?.folder ?? '', 'installation.log'), 'utf8')
    expect(log).toMatch(/answers 503[^]*answers 429 rate\.limited[^]*Enrolled as device/u)
    expect(log).not.toContain(service.key)
  })

  it('fails at once with a key that is refused', async () => {
    await expect(start({ credential: { kind: 'key', secret: 'wrong' } })).rejects.toMatchObject({ code: 'enrol.keyInvalid' })
    expect(service.devices.size).toBe(0)
    // Nothing is left running, and the folder is free.
    const fleet = await start()
    expect(fleet.connected()).toBe(3)
  })

  it('can be ended while the service is away', async () => {
    await service.stop()
    let running: Fleet | undefined
    const starting = startFleet({
      system: realSystem,
      service: service.url,
      credential: { kind: 'key', secret: service.key },
      rooms: 50,
      folder,
      control: false,
      onStarted: (fleet) => {
        running = fleet
      },
    })
    const outcome = starting.then(
      () => 'started',
      () => 'ended',
    )
    await until('a first try', () => existsSync(join(folder, 'devices')))
    await running?.stop()
    expect(await outcome).toBe('ended')
    await service.start()
  })
})

describe('many devices', () => {
  it('connect and report together, cheaply enough for one process', async () => {
    const rooms = 120
    const fleet = await start({ rooms })
    expect(fleet.connected()).toBe(rooms)
    await Promise.all(
      fleet.devices.map(({ name }, index) => fleet.setSignal(name, 'peripherals.camera', 'unhealthy', `all at once ${index}`)),
    )
    const devices = [...service.devices.values()]
    await until('all of them', () => devices.every((device) => cameraStory(device).at(-1)?.startsWith('all at once')))
    expect(devices.every((device) => device.connections === 1)).toBe(true)
    expect(limits.agentsAtOnce).toBeLessThan(rooms)
  })
})
