import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { realSystem } from '../../contract/testing/system.ts'
import { SimulatedDevice } from '../devices/simulated.ts'
import type { AgentRoom } from '../room.ts'
import { openSingle, type SingleOptions } from '../single.ts'
import { FakeService } from '../testing/fake-service.ts'

/** What an agent does whose files were damaged, and how it leaves a device. */

let folder: string
let service: FakeService

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'installation-'))
  service = new FakeService()
  await service.start()
})
afterEach(async () => {
  await service.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Opens the device, as each start of the agent does; `credential` undefined: it was deleted after the installation. */
async function started<T>(work: (room: AgentRoom) => Promise<T>, options: Partial<SingleOptions> = {}): Promise<T> {
  const device = new SimulatedDevice({
    roomName: '4.12',
    place: { country: '', city: '', building: '', floor: '', timeZone: 'UTC' },
    seed: 'installation',
    boot: v7(),
  })
  const { room, stop } = await openSingle(
    { system: realSystem, service: service.url, credential: undefined, folder, id: 'host', device, control: false, ...options },
    true,
  )
  try {
    return await work(room)
  } finally {
    await stop()
  }
}

const withKey = () => ({ credential: { kind: 'key' as const, secret: service.key } })
const file = (name: string) => join(folder, 'host/device', name)
const stored = () => JSON.parse(readFileSync(file('installation.json'), 'utf8')) as Record<string, unknown>
const enrolFirst = () => started((room) => room.enrol(), withKey())

describe('[ENR-3] an installation whose file was damaged, and its key was not', () => {
  it.each<[string, (whole: string) => string | undefined]>([
    ['zeroed', (whole) => '\0'.repeat(whole.length)],
    ['empty', () => ''],
    ['cut short', (whole) => whole.slice(0, whole.length / 2)],
    ['of another version', () => JSON.stringify({ version: 2, device: 'x' })],
    ['another thing', () => '[]'],
    ['missing', () => undefined],
  ])('%s: is the same device, without any credential, and its file is whole again', async (_, damage) => {
    await enrolFirst()
    const before = stored()
    const damaged = damage(readFileSync(file('installation.json'), 'utf8'))
    rmSync(file('installation.json'))
    if (damaged !== undefined) writeFileSync(file('installation.json'), damaged)
    await started(async (room) => {
      await room.enrol()
      expect((await room.connect()).state).toBe('connected')
    })
    expect(stored()).toMatchObject({ enrolment: before['enrolment'], keys: 'software' })
    expect(statSync(file('installation.json')).mode & 0o777).toBe(0o600)
    expect(service.devices.size).toBe(1)
    expect(service.offences).toEqual([])
  })

  it('is enrolled with its credential where the service does not know the key', async () => {
    await enrolFirst()
    service.devices.clear()
    rmSync(file('installation.json'))
    await expect(started((room) => room.enrol())).rejects.toThrow('neither a key nor an account')
    await enrolFirst()
    expect(service.devices.size).toBe(1)
  })
})

describe('[ENR-3] a key that cannot be used', () => {
  it.each<[string, () => void, RegExp]>([
    ['empty', () => writeFileSync(file('key.pem'), ''), /key\.pem/u],
    ['zeroed', () => writeFileSync(file('key.pem'), '\0'.repeat(241)), /key\.pem/u],
    ['gone', () => rmSync(file('key.pem')), /gone/u],
    ['a folder', () => (rmSync(file('key.pem')), mkdirSync(file('key.pem'))), /key\.pem/u],
  ])('%s: nothing is made in its place, and enrolling with another key is the way out', async (_, damage, what) => {
    await enrolFirst()
    const [device] = service.devices.values()
    damage()
    const failed = await started((room) => room.enrol(), withKey()).catch((error: unknown) => error)
    expect(failed).toMatchObject({ message: expect.stringMatching(what) })
    expect(service.enrolmentRequests).toBe(1)
    rmSync(file('key.pem'), { recursive: true, force: true })
    const proved = await started((room) => room.enrolWithNewKey(), { ...withKey(), newKey: true })
    expect(proved).toBe(false)
    await started(async (room) => {
      await room.enrol()
      expect((await room.connect()).state).toBe('connected')
    })
    expect([...service.devices.values()]).toEqual([device])
    expect(device?.formerProofs).toEqual([])
    expect(service.offences).toEqual([])
  })

  it('a key that can be used signs for the one that takes its place', async () => {
    await enrolFirst()
    const before = readFileSync(file('key.pem'), 'utf8')
    expect(await started((room) => room.enrolWithNewKey(), { ...withKey(), newKey: true })).toBe(true)
    const [device] = service.devices.values()
    expect(device?.formerProofs).toEqual([true])
    expect(readFileSync(file('key.pem'), 'utf8')).not.toBe(before)
    expect(existsSync(file('next-key'))).toBe(false)
  })

  it('the same new key is offered again where the answer was lost', async () => {
    await enrolFirst()
    service.enrolmentTrouble = () => ({ status: 403, code: 'enrol.softwareKeyRefused' })
    await expect(started((room) => room.enrolWithNewKey(), { ...withKey(), newKey: true })).rejects.toMatchObject({
      code: 'enrol.softwareKeyRefused',
    })
    const next = readFileSync(file('next-key/key.pem'), 'utf8')
    service.enrolmentTrouble = undefined
    await started((room) => room.enrol().then(() => room.connect()))
    await started((room) => room.enrolWithNewKey(), { ...withKey(), newKey: true })
    expect(readFileSync(file('key.pem'), 'utf8')).toBe(next)
  })
})

describe('[ENR-5] off-boarding', () => {
  it('runs to its end where the key cannot be used', async () => {
    await enrolFirst()
    writeFileSync(file('key.pem'), '')
    const left = await started(async (room) => {
      await expect(room.resume()).rejects.toThrow('key.pem')
      return room.offboard()
    })
    expect(left).toEqual([])
    expect(existsSync(join(folder, 'host/device'))).toBe(false)
  })

  it('goes on past what cannot be removed, tells the service, and names it', async () => {
    await enrolFirst()
    const [device] = service.devices.values()
    const left = await started(async (room) => {
      await room.enrol()
      await room.connect()
      rmSync(file('key.pem'))
      // What rm does not take for a file: a folder with something in it.
      mkdirSync(file('key.pem'))
      writeFileSync(file('key.pem/x'), '')
      return room.offboard()
    })
    expect(left).toEqual([expect.stringMatching(/^the key \(software\): /u)])
    expect(existsSync(join(folder, 'host/device'))).toBe(false)
    expect(device?.offboarded).toBe(true)
  })
})
