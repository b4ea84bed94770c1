import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { until } from '../contract/testing/wait.ts'
import { enrolmentErrors } from './agent/enrolment-errors.ts'
import { RoomStatus } from './control/protocol.ts'
import { runAgents, type Run } from './testing/child.ts'
import { FakeService } from './testing/fake-service.ts'
import { portOf, startProxy } from './testing/proxy.ts'
import { testCertificate } from './testing/tls.ts'

let data: string
let service: FakeService
let keyFile: string
let runs: Run[]

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'cli-'))
  service = new FakeService()
  keyFile = join(data, 'key')
  writeFileSync(keyFile, `${service.key}\n`)
  runs = []
  await service.start()
})
afterEach(async () => {
  for (const run of runs) run.child.kill('SIGKILL')
  await Promise.all(runs.map(({ ended }) => ended))
  await service.stop()
  rmSync(data, { recursive: true, force: true })
})

function start(...args: string[]): Run {
  const run = runAgents(...args)
  runs.push(run)
  return run
}

/** Runs a command to its end. */
async function call(...args: string[]): Promise<{ code: number | string | null; output: string; problems: string }> {
  const run = start(...args)
  const code = await run.ended
  return { code, output: run.output(), problems: run.problems() }
}

async function fleet(...args: string[]): Promise<Run> {
  const run = start(
    'fleet',
    '--service',
    service.url,
    '--key-file',
    keyFile,
    '--data',
    data,
    '--rooms',
    '3',
    '--kind',
    'windows',
    '--json',
    ...args,
  )
  await until(`the fleet: ${run.problems()}`, () => run.output().includes('\n') || run.child.exitCode !== null)
  expect(run.problems()).toBe('')
  return run
}

async function rooms(): Promise<RoomStatus[]> {
  const { output } = await call('rooms', '--json', '--data', data)
  return z.array(RoomStatus).parse(JSON.parse(output))
}

const camera = (name: string) => {
  const reports = [...service.deviceOf(name).journals.values()].flat()
  return reports.findLast(({ signals }) => signals['peripherals.camera'])?.signals['peripherals.camera']
}

describe('the command line', () => {
  it('runs a fleet, lists its rooms, gives them faults, plays a scenario, and ends with its parent', async () => {
    const run = await fleet('--parent-pipe')
    expect(JSON.parse(run.output())).toEqual({ ready: true, rooms: 3 })
    const control = join(data, 'agents/control.json')
    expect(statSync(control).mode & 0o777).toBe(0o600)
    const [room] = await rooms()
    if (!room) throw new Error('no rooms')
    expect(room).toMatchObject({ simulated: true, connection: 'connected', lifecycle: 'onboarding' })

    const done = await call(
      'fault',
      '--room',
      room.name.toUpperCase(),
      '--signal',
      'peripherals.camera',
      '--value',
      'unhealthy',
      '--detail',
      'gone',
      '--data',
      data,
    )
    expect(done).toEqual({ code: 0, output: `${room.name}: peripherals.camera is now unhealthy.\n`, problems: '' })
    await until('the fault', () => camera(room.name)?.detail === 'gone')
    const { output: table } = await call('rooms', '--data', data)
    expect(table).toContain('peripherals.camera=unhealthy')

    const wrong = await call('fault', '--room', `${room.name}x`, '--signal', 'peripherals.camera', '--value', 'unhealthy', '--data', data)
    expect(wrong.code).toBe(1)
    expect(wrong.problems).toContain(`Nearest: "${room.name}"`)

    const file = join(data, 'scenario.json')
    const steps = [
      { at: '0s', rooms: { name: room.name }, set: { 'peripherals.camera': 'healthy' } },
      { at: '50ms', rooms: { random: 1 }, network: 'down' },
    ]
    writeFileSync(file, JSON.stringify({ name: 'mine', description: 'a test', steps }))
    const played = await call('scenario', file, '--data', data)
    expect(played.problems).toBe('')
    await until('the camera', () => camera(room.name)?.value === 'healthy')
    expect((await rooms()).filter(({ why }) => why === 'network cut')).toHaveLength(1)

    run.child.stdin?.end()
    expect(await run.ended).toBe(0)
    expect(existsSync(control)).toBe(false)
  })

  it('lists and drives hostile rooms like any others', async () => {
    await fleet('--hostile')
    const [room] = await rooms()
    expect(room?.connection).toBe('connected')
    const { code } = await call('fault', '--room', room?.name ?? '', '--signal', 'audio.speaker', '--value', 'unhealthy', '--data', data)
    expect(code).toBe(0)
  })

  it('answers nobody who does not know the secret', async () => {
    await fleet()
    const { url } = z.object({ url: z.string() }).parse(JSON.parse(readFileSync(join(data, 'agents/control.json'), 'utf8')))
    expect((await fetch(`${url}/rooms`)).status).toBe(401)
    expect((await fetch(`${url}/rooms`, { headers: { 'x-roomkeeper-agents': 'guess' } })).status).toBe(401)
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('ends at %s in good order', async (signal) => {
    const run = await fleet()
    run.child.kill(signal)
    expect(await run.ended).toBe(0)
    expect(run.problems()).toBe('')
  })

  it('says when the folder is in use', async () => {
    await fleet()
    const second = await call('fleet', '--service', service.url, '--key-file', keyFile, '--data', data)
    expect(second.code).toBe(1)
    expect(second.problems).toContain('Another agent process')
    expect(second.problems.trim().split('\n')).toHaveLength(1)
  })

  it('runs this machine as a room, and off-boards it', async () => {
    const run = start(
      'run',
      '--device',
      'host',
      '--room',
      'The machine',
      '--service',
      service.url,
      '--key-file',
      keyFile,
      '--data',
      data,
      '--json',
    )
    await until('it to be ready', () => run.output().includes('ready'))
    const [room] = await rooms()
    expect(room).toMatchObject({ name: 'The machine', simulated: false, connection: 'connected' })
    expect(room?.signals['versioning.os']?.value).not.toBe('notApplicable')
    const refused = await call('fault', '--room', 'The machine', '--signal', 'audio.speaker', '--value', 'unhealthy', '--data', data)
    expect(refused.problems).toContain('real machine')
    expect((await call('offboard', '--room', 'the machine', '--data', data)).code).toBe(0)
    await until('the farewell', () => service.deviceOf('The machine').offboarded)
    expect(existsSync(join(data, 'agents/host/device/key.pem'))).toBe(false)
  })

  it('enrols one device, twice the same', async () => {
    const args = ['enrol', '--device', 'sim', '--room', 'Alone', '--service', service.url, '--key-file', keyFile, '--data', data, '--json']
    const first = await call(...args)
    expect(first.code).toBe(0)
    expect(await call(...args)).toEqual(first)
    expect(service.devices.size).toBe(1)
  })

  it('[ENR-5] off-boards a device that has lost what it enrolled as', async () => {
    const options = ['--device', 'sim', '--room', 'Alone', '--service', service.url, '--data', data]
    expect((await call('offboard', ...options)).problems).toContain('No agent is installed')
    expect((await call('enrol', ...options, '--key-file', keyFile)).code).toBe(0)
    const folder = join(data, 'agents', `sim-${Buffer.from('Alone').toString('hex')}`, 'device')
    writeFileSync(join(folder, 'installation.json'), '')
    const gone = await call('offboard', ...options)
    expect([gone.code, gone.problems]).toEqual([0, ''])
    expect(gone.output).toContain('is off-boarded; the service could not be told')
    expect(existsSync(folder)).toBe(false)
  })

  it('enrols no certified device that lacks what it must have, and names the first thing that check names', async () => {
    const checked = await call('check', '--no-hosts', '--json')
    const { prerequisites } = z
      .object({ prerequisites: z.array(z.object({ error: z.string().optional() })) })
      .parse(JSON.parse(checked.output))
    const [missing] = prerequisites.flatMap(({ error }) => error ?? [])
    const enrolled = await call('enrol', '--profile', 'windows-mtr', '--service', service.url, '--key-file', keyFile, '--data', data)
    expect(enrolled.code).toBe(missing === undefined ? 0 : 1)
    const texts: Record<string, { message: { en: string } }> = enrolmentErrors
    if (missing !== undefined) expect(enrolled.problems).toContain(texts[missing]?.message.en)
    expect(service.devices.size).toBe(missing === undefined ? 1 : 0)
  })

  it('checks hosts of its own list, and fails by those of the enrolment only', async () => {
    const server = createServer({ cert: testCertificate.cert, key: testCertificate.key })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const list = join(data, 'hosts.json')
    const hosts = (second: string) =>
      JSON.stringify({
        port: portOf(server),
        hosts: [
          { host: 'localhost', for: ['enrolment'] },
          { host: 'nowhere.invalid', for: [second] },
        ],
      })
    const check = () => call('check', '--profile', 'generic', '--allowlist', list, '--ca', testCertificate.certFile)
    writeFileSync(list, hosts('remoteAccess'))
    expect((await check()).code).toBe(0)
    writeFileSync(list, hosts('enrolment'))
    const failed = await check()
    expect(failed.code).toBe(1)
    expect(failed.output).toContain('FAILED: resolve')
    await new Promise((done) => server.close(done))
  })

  it('[ENR-2] says what stands in the way, and ends an enrolment that no further try can help', async () => {
    const proxy = await startProxy({ credentials: 'ada:secret' })
    const strange = createServer({ cert: testCertificate.cert, key: testCertificate.key })
    await new Promise<void>((done) => strange.listen(0, '127.0.0.1', done))
    const enrol = (url: string, ...way: string[]) =>
      call('enrol', '--device', 'sim', '--service', url, '--key-file', keyFile, '--data', data, ...way)
    try {
      const asked = await enrol(service.url, '--proxy', `http://127.0.0.1:${proxy.port}`)
      expect(asked).toMatchObject({ code: 1, problems: expect.stringMatching(/407, by Basic.*--proxy-credentials FILE/su) })
      const untrusted = await enrol(`https://localhost:${portOf(strange)}`)
      expect(untrusted).toMatchObject({
        code: 1,
        problems: expect.stringMatching(/CN=Roomkeeper test, issued by CN=Roomkeeper test.*--ca FILE/su),
      })
      expect([asked.problems, untrusted.problems].join('')).not.toContain('    at ')

      // No PAC file at the start: directly, which leads there.
      expect(await enrol(service.url, '--pac', 'http://127.0.0.1:1')).toMatchObject({
        code: 0,
        problems: expect.stringContaining('the way is direct'),
      })
      const run = start('run', '--device', 'sim', '--service', service.url, '--data', data, '--proxy', `127.0.0.1:${proxy.port}`)
      await until('what the proxy asks for', () => run.problems().includes('407, by Basic'))
      run.child.kill('SIGTERM')
      expect(await run.ended).toBe(0)
    } finally {
      await proxy.stop()
      strange.close()
    }
  })

  it.each([
    [[], 2, ''],
    [['fleet', '--bogus'], 2, '--bogus'],
    [['fleet', '--service', 'http://rooms.example.com'], 1, 'must be https'],
  ])('%j ends with %i and no stack', async (args, code, text) => {
    const ended = await call(...args)
    expect(ended.code).toBe(code)
    expect(ended.problems).toContain(text)
    expect(ended.problems).not.toContain('    at ')
  })
})
