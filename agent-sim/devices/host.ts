import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { DeviceFacts, Observation } from '../../contract/agent.ts'
import type { DeviceProfile, Place } from '../../contract/entities.ts'
import { limits } from '../../contract/limits.ts'
import type { RemoteFacts } from '../../contract/remoteFacts.ts'
import type { SignalId } from '../../contract/signals.ts'
import type { Ids, System, Timers, Undo } from '../../contract/system.ts'
import { agentVersion } from '../version.ts'
import type { Change, Device, PrerequisiteAnswers, Reading, Observations } from './device.ts'
import { hostAnswers } from './host-answers.ts'
import * as machineParts from './host-facts.ts'
import type { HostRemote } from './host-remote.ts'

/** Less free space than this share of the disk, or than this many bytes, and the system cannot take its updates. */
const fullShare = 0.03
const fullBytes = 512 * 1024 * 1024

/** Weaker Wi-Fi than this (dBm) does not carry a meeting. */
const weakWifi = -75

const notApplicable: Observation = { value: 'notApplicable' }
const unanswered: Observation = { value: 'unknown', detail: 'The machine did not answer in time' }

export type HostParts = typeof machineParts

export interface HostDeviceOptions {
  system: Pick<System, 'clock' | 'ids'>
  roomName?: string | undefined
  place?: Partial<Place>
  profile?: DeviceProfile
  pollMs?: number
  probeMs?: number
  /** What it offers to remote sessions (REM-9); nothing where left out. */
  remote?: RemoteFacts | undefined
  /** The VNC servers behind those displays. */
  screens?: HostRemote['screens'] | undefined
  /** Where the answers come from; tests bring their own machine. */
  parts?: HostParts
}

/**
 * The machine that the agent runs on. A part it never had is not applicable; one that was there and is gone is
 * unhealthy; one that cannot be asked in time is unknown. It never throws, whatever the machine lacks.
 */
export class HostDevice implements Device {
  readonly roomName: string
  readonly place: Place
  readonly profile: DeviceProfile
  readonly boot: string
  readonly answers: PrerequisiteAnswers = hostAnswers()
  readonly #remote: RemoteFacts | undefined
  /** One probe for each, which stays the same from reading to reading. */
  readonly #screens: readonly { readonly signal: SignalId; readonly place: string; readonly listens: () => Promise<boolean> }[]
  readonly #options: Required<Pick<HostDeviceOptions, 'pollMs' | 'probeMs' | 'parts'>> & { readonly timers: Timers }
  /** The most of each part that was ever seen since the agent started. */
  readonly #seen = new Map<SignalId, string>()
  /** Probes that have not answered yet: one that hangs is not started again beside itself. */
  readonly #slow = new Set<() => Promise<unknown>>()
  #facts: DeviceFacts | undefined

  constructor(options: HostDeviceOptions) {
    this.roomName = options.roomName ?? hostname()
    const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone
    this.place = { country: '', city: '', building: '', floor: '', timeZone, ...options.place }
    this.profile = options.profile ?? 'generic'
    this.boot = bootId(options.system.ids)
    this.#remote = options.remote
    this.#options = {
      pollMs: options.pollMs ?? limits.hostPollMs,
      probeMs: options.probeMs ?? limits.hostProbeMs,
      timers: options.system.clock,
      parts: options.parts ?? machineParts,
    }
    this.#screens = (options.screens ?? []).map(({ display, host, port }) => ({
      signal: `display.${display}`,
      place: `${host}:${port}`,
      listens: () => this.#options.parts.listens({ host, port }),
    }))
  }

  async read(): Promise<Reading> {
    const { parts } = this.#options
    const [displays, audio, cameras, network, system, disk, failing, wifi, machine, tpm] = await Promise.all([
      this.#ask(parts.displays),
      this.#ask(parts.audio),
      this.#ask(parts.cameras),
      this.#ask(parts.network),
      this.#ask(parts.operatingSystem),
      this.#ask(parts.systemDisk),
      this.#ask(parts.failingDisks),
      this.#ask(parts.wifiStrength),
      this.#ask(parts.machine),
      this.#ask(parts.tpm),
    ])
    const signals: Observations = { 'display.console': notApplicable }
    signals['display.frontOfRoom1'] = this.#part('display.frontOfRoom1', displays && { found: displays.found?.[0] })
    signals['display.frontOfRoom2'] = this.#part('display.frontOfRoom2', displays && { found: displays.found?.[1] })
    // A display that only its VNC server knows of is as well as that.
    for (const { signal, place, listens } of this.#screens) {
      if (signals[signal]?.value !== 'notApplicable') continue
      const answer = await this.#ask(listens)
      if (!answer) signals[signal] = unanswered
      else
        signals[signal] = {
          value: answer.found ? 'healthy' : 'unhealthy',
          detail: answer.found ? `Its VNC server ${place} answers` : `No VNC server at ${place}`,
        }
    }
    signals['audio.microphone'] = this.#part('audio.microphone', audio && { found: audio.found?.microphones[0] })
    signals['audio.speaker'] = this.#part('audio.speaker', audio && { found: audio.found?.speakers[0] })
    signals['peripherals.camera'] = this.#part('peripherals.camera', cameras && { found: cameras.found?.[0] })
    signals['connectivity.network'] = networkSignal(network)
    signals['connectivity.wifiOnly'] = wifiOnlySignal(network)
    signals['connectivity.wifiStrength'] = wifiSignal(wifi)
    signals['peripherals.diskSpace'] = spaceSignal(disk)
    signals['peripherals.diskHealth'] = healthSignal(failing)
    signals['versioning.os'] = system?.found ? { value: 'healthy', detail: system.found.name } : unanswered
    const before = this.#facts
    const facts: DeviceFacts = {
      platform: system?.found ? `${system.found.platform}, ${tpm?.found ?? 'no TPM'}` : (before?.platform ?? process.platform),
      os: system?.found?.name ?? before?.os ?? '',
      manufacturer: machine?.found?.manufacturer ?? before?.manufacturer ?? '',
      model: machine?.found?.model ?? before?.model ?? '',
      serial: machine?.found?.serial ?? before?.serial ?? '',
      agentVersion,
      appVersion: '',
      address: network?.found?.address ?? parts.quickAddress(),
      inCall: false,
      ...(this.#remote ? { remote: this.#remote } : {}),
    }
    this.#facts = facts
    return { signals, facts }
  }

  watch(listener: (change: Change) => Promise<void>): Undo {
    const { timers, pollMs } = this.#options
    let undo: Undo = () => undefined
    let ended = false
    const poll = async () => {
      const reading = await this.read()
      // The agent takes what changed. What it cannot write is in its next full report, and it has logged why.
      if (!ended) await listener(reading).catch(() => undefined)
    }
    const wait = () => {
      undo = timers.after(pollMs, () => {
        void poll().finally(() => {
          if (!ended) wait()
        })
      })
    }
    wait()
    return () => {
      ended = true
      undo()
    }
  }

  /** The answer, as `found` (undefined: there is none); undefined itself where no answer came in time. */
  async #ask<T>(probe: () => Promise<T>): Promise<{ found: T } | undefined> {
    const { timers, probeMs } = this.#options
    if (this.#slow.has(probe)) return undefined
    this.#slow.add(probe)
    let undo: Undo = () => undefined
    const late = new Promise<undefined>((done) => {
      undo = timers.after(probeMs, () => {
        done(undefined)
      })
    })
    const answer = Promise.resolve()
      .then(probe)
      .then(
        (found) => ({ found }),
        () => undefined,
      )
      .finally(() => this.#slow.delete(probe))
    try {
      return await Promise.race([answer, late])
    } finally {
      undo()
    }
  }

  #part(id: SignalId, answer: { found: string | undefined } | undefined): Observation {
    if (!answer) return unanswered
    const { found } = answer
    const before = this.#seen.get(id)
    if (found !== undefined) {
      this.#seen.set(id, found)
      return { value: 'healthy', detail: found }
    }
    return before === undefined ? notApplicable : { value: 'unhealthy', detail: `${before} is gone` }
  }
}

function networkSignal(answer: { found: machineParts.NetworkPart | undefined } | undefined): Observation {
  if (!answer) return unanswered
  const { found } = answer
  if (!found) return { value: 'unhealthy', detail: 'No network interface' }
  const speed = found.speed === undefined ? '' : `, ${found.speed} Mbit/s`
  return found.up
    ? { value: 'healthy', detail: `${found.name} is up${speed}, ${found.address}` }
    : { value: 'unhealthy', detail: `${found.name} is down` }
}

type Answer<T> = { found: T } | undefined

function wifiOnlySignal(answer: Answer<machineParts.NetworkPart | undefined>): Observation {
  if (!answer) return unanswered
  return answer.found?.wireless
    ? { value: 'unhealthy', detail: `${answer.found.name} is Wi-Fi, and no cable is plugged in` }
    : { value: 'healthy' }
}

function wifiSignal(answer: Answer<number | undefined>): Observation {
  if (!answer) return unanswered
  if (answer.found === undefined) return { value: 'notPresent' }
  // In coarse steps: a strength that merely wavers is no news.
  const detail = `${Math.round(answer.found / 5) * 5} dBm`
  return { value: answer.found < weakWifi ? 'unhealthy' : 'healthy', detail }
}

function spaceSignal(answer: Answer<machineParts.DiskPart | undefined>): Observation {
  if (!answer) return unanswered
  const disk = answer.found
  if (!disk) return notApplicable
  // In coarse steps, so that a disk that is merely in use does not send a report with every poll.
  const space = `${Math.round((disk.freeBytes / disk.sizeBytes) * 20) * 5} % of ${Math.round(disk.sizeBytes / 1e9)} GB free`
  const full = disk.freeBytes < Math.min(fullBytes, disk.sizeBytes * fullShare)
  return full ? { value: 'unhealthy', detail: `${space}, too little for updates` } : { value: 'healthy', detail: space }
}

function healthSignal(answer: Answer<string[] | undefined>): Observation {
  if (!answer) return unanswered
  if (answer.found === undefined) return notApplicable
  return answer.found.length > 0 ? { value: 'unhealthy', detail: answer.found.join('; ') } : { value: 'healthy' }
}

/** The system's own id of this boot where it has one, else one of this start of the agent. */
function bootId(ids: Ids): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ids()
  }
}
