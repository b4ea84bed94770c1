import { z } from 'zod'
import { DeviceFacts, Observation } from '../../contract/agent.ts'
import type { DeviceProfile, Place } from '../../contract/entities.ts'
import { SignalId, signals, type SignalValue, signalsOf } from '../../contract/signals.ts'
import { randomInt, seededRandom, seededUuid } from '../random.ts'
import { agentVersion } from '../version.ts'
import type { Change, Device, PrerequisiteAnswers, Reading, Observations } from './device.ts'
import { hostile, hostileFacts, hostileObservations } from './hostile.ts'
import { equip, type Equipment, kindBy, type SimulatedKind } from './models.ts'

/** What of a simulated device is not as it came: kept over a restart. */
export const SimulatedChanges = z.object({
  signals: z.partialRecord(SignalId, Observation),
  facts: DeviceFacts.partial(),
})
export type SimulatedChanges = z.infer<typeof SimulatedChanges>

export interface SimulatedDeviceOptions {
  roomName: string
  place: Place
  /** With the name it decides the equipment, so that the same room is the same one at the next start. */
  seed: string | number
  boot: string
  /** What stands in the room; absent: by the seed. */
  kind?: SimulatedKind
  /** Puts hostile text into every string that the device sends, its room's name among them. */
  hostile?: boolean
  /** What the device was told to be before the process ended. */
  changes?: SimulatedChanges
  /** Answers to the installer's questions; by default all is as it should be. */
  answers?: Partial<{ elevated: boolean; tpm: boolean; accounts: readonly string[] }>
}

/** The changes that were kept as text; none where the text is not of this form. */
export function parseChanges(text: string | undefined): SimulatedChanges {
  try {
    return SimulatedChanges.parse(JSON.parse(text ?? ''))
  } catch {
    return { signals: {}, facts: {} }
  }
}

/** A simulated Teams Rooms device. It is healthy until someone says otherwise. */
export class SimulatedDevice implements Device {
  readonly roomName: string
  readonly place: Place
  /** What is no Windows device has no TPM to ask for, and no such accounts. */
  readonly profile: DeviceProfile
  /** By seed and name, so that a room whose files were removed comes back as the same room. */
  readonly installation: string
  readonly answers: PrerequisiteAnswers
  #boot: string
  readonly #hostile: boolean
  readonly #healthy: Observations
  readonly #listeners = new Set<(change: Change) => Promise<void>>()
  #changes: SimulatedChanges
  #signals: Observations
  #facts: DeviceFacts

  constructor(options: SimulatedDeviceOptions) {
    const random = seededRandom('device', options.seed, options.roomName)
    const kind = options.kind ?? kindBy(seededRandom('kind', options.seed, options.roomName)())
    const equipment = equip(random, kind)
    this.profile = kind === 'windows' ? 'windows-mtr' : 'generic'
    const { elevated = true, tpm = true, accounts = ['Admin', 'Skype'] } = options.answers ?? {}
    this.installation = seededUuid('installation', options.seed, options.roomName)
    this.#hostile = options.hostile ?? false
    this.roomName = this.#hostile ? hostile(options.roomName, randomInt(random, 12)) : options.roomName
    this.place = this.#hostile ? { ...options.place, building: hostile(options.place.building, 1) } : options.place
    this.#boot = options.boot
    this.answers = {
      elevated: () => Promise.resolve(elevated),
      tpmReady: () => Promise.resolve(tpm),
      hasAccount: (name) => Promise.resolve(accounts.includes(name)),
    }
    this.#healthy = healthySignals(equipment)
    this.#changes = options.changes ?? { signals: {}, facts: {} }
    this.#signals = { ...this.#healthy, ...this.#changes.signals }
    this.#facts = {
      ...(kind === 'windows' ? {} : { kind }),
      platform: `Microsoft Teams Rooms on ${kind === 'windows' ? 'Windows' : 'Android'} (simulated)`,
      os: equipment.os,
      manufacturer: equipment.manufacturer,
      model: equipment.model,
      serial: equipment.serial,
      agentVersion,
      appVersion: equipment.appVersion,
      address: `10.${20 + randomInt(random, 40)}.${randomInt(random, 256)}.${2 + randomInt(random, 250)}`,
      inCall: false,
      remote: {
        displays:
          kind === 'panel'
            ? ['console']
            : ['console', 'frontOfRoom1', ...(equipment.secondDisplay === undefined ? [] : ['frontOfRoom2' as const])],
        terminal: true,
        restart: true,
      },
      ...this.#changes.facts,
    }
  }

  get boot(): string {
    return this.#boot
  }

  /** The device has restarted: what was broken is still broken, and no call goes on. Tells nobody but through what changed. */
  async restarted(boot: string): Promise<void> {
    this.#boot = boot
    if (this.#facts.inCall) await this.setFacts({ inCall: false })
  }

  /** All that was changed since the device was made. */
  get changes(): SimulatedChanges {
    return this.#changes
  }

  read(): Promise<Reading> {
    return Promise.resolve(
      this.#hostile
        ? { signals: hostileObservations(this.#signals), facts: hostileFacts(this.#facts) }
        : { signals: { ...this.#signals }, facts: { ...this.#facts } },
    )
  }

  watch(listener: (change: Change) => Promise<void>): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /**
   * Sets a signal, where such a device has it. Without a detail, a healthy signal gets the one it began with and any other gets
   * none. Resolves when the agent has it in its journal and, where connected, on its way.
   */
  async setSignal(id: SignalId, value: SignalValue, detail?: string): Promise<void> {
    const usual = this.#healthy[id]
    if (!usual) return
    const said = detail ?? (usual.value === value ? usual.detail : undefined)
    const observation = { value, ...(said === undefined ? {} : { detail: said }) }
    this.#signals = { ...this.#signals, [id]: observation }
    this.#changes = { ...this.#changes, signals: { ...this.#changes.signals, [id]: observation } }
    const signals: Observations = { [id]: observation }
    await this.#tell({ signals: this.#hostile ? hostileObservations(signals) : signals })
  }

  /** Whether such a device has this part. */
  has(id: SignalId): boolean {
    return this.#healthy[id] !== undefined
  }

  /** Puts a signal back to what it was at first. Resolves like `setSignal`. */
  async mend(id: SignalId): Promise<void> {
    const usual = this.#healthy[id]
    if (usual) await this.setSignal(id, usual.value)
  }

  /** Changes what the device says of itself, such as `inCall`. Resolves like `setSignal`. */
  async setFacts(facts: Partial<DeviceFacts>): Promise<void> {
    this.#facts = { ...this.#facts, ...facts }
    this.#changes = { ...this.#changes, facts: { ...this.#changes.facts, ...facts } }
    await this.#tell({ facts: this.#hostile ? hostileFacts(facts) : facts })
  }

  async #tell(change: Change): Promise<void> {
    await Promise.all([...this.#listeners].map((listener) => listener(change)))
  }
}

/** Every signal of a room in which all is well. A part that it does not have is not present. */
function healthySignals(equipment: Equipment): Observations {
  const { display, secondDisplay, hdmiIngest, proximity, camera, microphone, speaker, kind } = equipment
  const details: Partial<Record<SignalId, string | undefined>> = {
    'display.frontOfRoom1': `${display}, 3840×2160 at 60 Hz`,
    'display.frontOfRoom2': secondDisplay && `${secondDisplay}, 3840×2160 at 60 Hz`,
    'display.console': equipment.console,
    'audio.microphone': microphone,
    'audio.speaker': speaker,
    'audio.configuredMicrophone': microphone,
    'audio.configuredSpeaker': speaker,
    'audio.defaultSpeaker': speaker,
    'audio.micPods': undefined,
    'audio.extraSpeakers': undefined,
    'peripherals.camera': camera,
    'peripherals.defaultCamera': camera,
    'peripherals.contentCamera': undefined,
    'peripherals.hdmiIngest': hdmiIngest ? 'HDMI ingest, no signal' : undefined,
    'peripherals.proximity': proximity ? 'Bluetooth beacon on' : undefined,
    'peripherals.bluetooth': proximity ? 'On' : undefined,
    'peripherals.pairing': kind === 'windows' ? undefined : 'Paired with its console',
    'peripherals.diskSpace': '62 % of 238 GB free',
    'connectivity.signInExchange': 'Signed in',
    'connectivity.signInTeams': 'Signed in',
    'connectivity.signInSfb': undefined,
    'connectivity.network': 'Wired, 1 Gbit/s',
    'connectivity.wifiStrength': undefined,
    'versioning.app': equipment.appVersion,
    'versioning.os': equipment.os,
    'software.wsus': undefined,
  }
  return Object.fromEntries(
    signalsOf(kind).map((id) => {
      const detail = details[id]
      const absent = id in details && detail === undefined && signals[id].values.includes('notPresent')
      return [id, absent ? { value: 'notPresent' } : { value: 'healthy', ...(detail === undefined ? {} : { detail }) }]
    }),
  )
}
