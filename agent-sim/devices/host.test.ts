import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { Report } from '../../contract/agent.ts'
import { isReportable, SignalId, signalsOf } from '../../contract/signals.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { fakeSystem, realSystem } from '../../contract/testing/system.ts'
import { settle } from '../../contract/testing/wait.ts'
import type { Change } from './device.ts'
import * as real from './host-facts.ts'
import { HostDevice, type HostParts } from './host.ts'

/** A machine with everything. */
const laptop = (): HostParts => ({
  ...real,
  displays: () => Promise.resolve(['DELL U2723QE, 3840×2160']),
  audio: () => Promise.resolve({ microphones: ['Array'], speakers: ['Built-in'] }),
  cameras: () => Promise.resolve(['Integrated Camera']),
  network: () => Promise.resolve({ name: 'eth0', up: true, address: '192.0.2.7', speed: 1_000 }),
  operatingSystem: () => Promise.resolve({ name: 'Debian 12', platform: 'linux x64' }),
  systemDisk: () => Promise.resolve({ freeBytes: 50e9, sizeBytes: 100e9 }),
  failingDisks: () => Promise.resolve([]),
  wifiStrength: () => Promise.resolve(-58),
  machine: () => Promise.resolve({ manufacturer: 'Dell', model: 'Latitude', serial: '123' }),
  tpm: () => Promise.resolve('TPM 2.0'),
})
const nothing = (): HostParts => ({
  ...laptop(),
  displays: () => Promise.resolve([]),
  audio: () => Promise.resolve({ microphones: [], speakers: [] }),
  cameras: () => Promise.resolve([]),
  network: () => Promise.resolve(undefined),
  systemDisk: () => Promise.resolve(undefined),
  failingDisks: () => Promise.resolve(undefined),
  wifiStrength: () => Promise.resolve(undefined),
  tpm: () => Promise.resolve(undefined),
})
describe('HostDevice', () => {
  it('shows what the machine has', async () => {
    const { signals, facts } = await new HostDevice({ system: realSystem, parts: laptop() }).read()
    expect(signals['display.frontOfRoom1']).toEqual({ value: 'healthy', detail: 'DELL U2723QE, 3840×2160' })
    expect(signals['display.frontOfRoom2']).toEqual({ value: 'notApplicable' })
    expect(signals['connectivity.network']).toEqual({ value: 'healthy', detail: 'eth0 is up, 1000 Mbit/s, 192.0.2.7' })
    expect(signals['connectivity.wifiOnly']).toEqual({ value: 'healthy' })
    expect(signals['connectivity.wifiStrength']).toEqual({ value: 'healthy', detail: '-60 dBm' })
    expect(signals['peripherals.diskSpace']).toEqual({ value: 'healthy', detail: '50 % of 100 GB free' })
    expect(signals['peripherals.diskHealth']).toEqual({ value: 'healthy' })
    expect(signals['versioning.os']).toEqual({ value: 'healthy', detail: 'Debian 12' })
    expect(facts).toMatchObject({ platform: 'linux x64, TPM 2.0', model: 'Latitude', address: '192.0.2.7' })
  })

  it('[REM-9] knows a display by its VNC server where the machine does not see it itself', async () => {
    const up = new Set([5901])
    const screens = [
      { display: 'frontOfRoom1' as const, host: '127.0.0.1', port: 5900 },
      { display: 'frontOfRoom2' as const, host: '127.0.0.1', port: 5902 },
      { display: 'console' as const, host: '127.0.0.1', port: 5901 },
    ]
    const device = new HostDevice({
      system: realSystem,
      parts: { ...laptop(), listens: ({ port }) => Promise.resolve(up.has(port)) },
      screens,
    })
    const { signals } = await device.read()
    expect(signals['display.frontOfRoom1']?.detail).toContain('DELL')
    expect(signals['display.frontOfRoom2']).toEqual({ value: 'unhealthy', detail: 'No VNC server at 127.0.0.1:5902' })
    expect(signals['display.console']).toEqual({ value: 'healthy', detail: 'Its VNC server 127.0.0.1:5901 answers' })
    up.clear()
    expect((await device.read()).signals['display.console']?.value).toBe('unhealthy')
  })

  it('offers to remote sessions what it was told to offer, and else nothing', async () => {
    const remote = { displays: ['console' as const], terminal: true, restart: false }
    expect((await new HostDevice({ system: realSystem, parts: laptop(), remote }).read()).facts.remote).toEqual(remote)
    expect((await new HostDevice({ system: realSystem, parts: laptop() }).read()).facts).not.toHaveProperty('remote')
  })

  it('calls not applicable what the machine never had', async () => {
    const { signals, facts } = await new HostDevice({ system: realSystem, parts: nothing() }).read()
    for (const id of [
      'display.frontOfRoom1',
      'audio.microphone',
      'audio.speaker',
      'peripherals.camera',
      'peripherals.diskSpace',
      'peripherals.diskHealth',
    ] as const) {
      expect(signals[id]).toEqual({ value: 'notApplicable' })
    }
    expect(signals['connectivity.network']?.value).toBe('unhealthy')
    expect(signals['connectivity.wifiStrength']?.value).toBe('notPresent')
    expect(signals).not.toHaveProperty('connectivity.signInTeams')
    expect(facts.platform).toBe('linux x64, no TPM')
  })

  it('calls unhealthy what was there and is gone, and healthy when it is back', async () => {
    let here = true
    const parts = { ...laptop(), cameras: () => Promise.resolve(here ? ['Integrated Camera'] : []) }
    const device = new HostDevice({ system: realSystem, parts })
    await device.read()
    here = false
    expect((await device.read()).signals['peripherals.camera']).toEqual({ value: 'unhealthy', detail: 'Integrated Camera is gone' })
    here = true
    expect((await device.read()).signals['peripherals.camera']?.value).toBe('healthy')
  })

  it('calls unknown what does not answer in time or fails, and starts a probe that hangs only once', async () => {
    const clock = new FakeClock()
    let asked = 0
    const parts: HostParts = {
      ...laptop(),
      cameras: () => {
        asked += 1
        return new Promise(() => undefined)
      },
      network: () => Promise.reject(new Error('broken')),
    }
    const device = new HostDevice({ parts, system: fakeSystem(clock), probeMs: 100 })
    for (let reading = 0; reading < 3; reading += 1) {
      const read = device.read()
      await settle()
      clock.advance(100)
      const { signals } = await read
      expect(signals['peripherals.camera']?.value).toBe('unknown')
      expect(signals['connectivity.network']?.value).toBe('unknown')
      expect(signals['audio.speaker']?.value).toBe('healthy')
    }
    expect(asked).toBe(1)
  })

  it('is read at its interval until it is no longer watched', async () => {
    const clock = new FakeClock()
    const told: Change[] = []
    const device = new HostDevice({ parts: laptop(), system: fakeSystem(clock), pollMs: 1_000 })
    const undo = device.watch((change) => {
      told.push(change)
      return Promise.resolve()
    })
    for (let poll = 0; poll < 3; poll += 1) {
      clock.advance(1_000)
      await settle()
    }
    expect(told).toHaveLength(3)
    undo()
    clock.advance(10_000)
    await settle()
    expect(told).toHaveLength(3)
  })

  it('says that a full disk keeps the system from its updates', async () => {
    const parts = { ...laptop(), systemDisk: () => Promise.resolve({ freeBytes: 1e8, sizeBytes: 100e9 }) }
    expect((await new HostDevice({ system: realSystem, parts }).read()).signals['peripherals.diskSpace']?.value).toBe('unhealthy')
  })

  it('runs on this machine, whatever it has', async () => {
    const { signals, facts } = await new HostDevice({ system: realSystem, probeMs: 4_000 }).read()
    for (const id of signalsOf('host')) expect(signals[id], id).toBeDefined()
    for (const [id, observation] of Object.entries(signals)) expect(isReportable(SignalId.parse(id), observation.value), id).toBe(true)
    expect(Report.safeParse({ number: 1, observedAt: 1, full: true, signals, facts }).error).toBeUndefined()
    expect(signals['versioning.os']?.value).not.toBe('notApplicable')
  })

  it.runIf(process.platform === 'linux')('says of the disk and the system what their own tools say', async () => {
    const { signals } = await new HostDevice({ system: realSystem, probeMs: 10_000 }).read()
    const df = execFileSync('df', ['-P', '-B1', '/'], { encoding: 'utf8' }).split('\n')[1]?.split(/\s+/u) ?? []
    const [, size, , free] = df.map(Number)
    const said = /^(\d+) % of (\d+) GB free/u.exec(signals['peripherals.diskSpace']?.detail ?? '')
    expect(Number(said?.[1]) - ((free ?? 0) / (size ?? 1)) * 100).toBeCloseTo(0, -1)
    expect(Number(said?.[2])).toBeCloseTo((size ?? 0) / 1e9, -1)
    expect(signals['versioning.os']?.detail).toContain(execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim())
  })

  it('calls a disk that expects to fail unhealthy, and Wi-Fi that does not carry a meeting', async () => {
    const parts: HostParts = {
      ...laptop(),
      failingDisks: () => Promise.resolve(['SSD 970: Predicted Failure']),
      wifiStrength: () => Promise.resolve(-81),
      network: () => Promise.resolve({ name: 'wlan0', up: true, address: '192.0.2.7', speed: undefined, wireless: true }),
    }
    const { signals } = await new HostDevice({ system: realSystem, parts }).read()
    expect(signals['peripherals.diskHealth']).toEqual({ value: 'unhealthy', detail: 'SSD 970: Predicted Failure' })
    expect(signals['connectivity.wifiStrength']).toEqual({ value: 'unhealthy', detail: '-80 dBm' })
    expect(signals['connectivity.wifiOnly']?.value).toBe('unhealthy')
  })
})

describe('linuxWifi', () => {
  it('reads the strongest radio of the kernel’s table', () => {
    const table = `Inter-| sta-|   Quality        |   Discarded packets
 face | tus | link level noise |  nwid  crypt   frag  retry   misc
 wlan0: 0000   54.  -56.  -256        0      0      0      0     12        0
 wlan1: 0000   30.  -80.  -256        0      0      0      0      1        0
`
    expect(real.linuxWifi(table)).toBe(-56)
    expect(real.linuxWifi('Inter-| sta-|\n face |\n')).toBeUndefined()
    expect(real.linuxWifi('')).toBeUndefined()
  })
})

describe('linuxAudio', () => {
  it('reads the list of the kernel', () => {
    const pcm = '00-00: ALC257 Analog : ALC257 Analog : playback 1 : capture 1\n00-03: HDMI 0 : HDMI 0 : playback 1\n'
    expect(real.linuxAudio(pcm)).toEqual({ microphones: ['ALC257 Analog'], speakers: ['ALC257 Analog', 'HDMI 0'] })
    expect(real.linuxAudio('')).toEqual({ microphones: [], speakers: [] })
  })
})
