import type { DeviceFacts, Observation } from '../../contract/agent.ts'
import type { DeviceProfile, Place } from '../../contract/entities.ts'
import type { SignalId } from '../../contract/signals.ts'

/** What a device shows of its signals. */
export type Observations = Partial<Record<SignalId, Observation>>

/** What a device shows at once: its signals, and what it says of itself. */
export interface Reading {
  signals: Observations
  facts: DeviceFacts
}

/** What of a reading changed. */
export interface Change {
  signals?: Observations
  facts?: Partial<DeviceFacts>
}

/** The answers to the questions of the installer (ENR-2). Each may take a moment: real ones ask the system. */
export interface PrerequisiteAnswers {
  elevated(): Promise<boolean>
  /** Whether a TPM is there and switched on. */
  tpmReady(): Promise<boolean>
  hasAccount(name: string): Promise<boolean>
}

/** A device that an agent watches. The agent neither knows nor asks whether it is simulated. */
export interface Device {
  /** The name that its room is given when it enrols. */
  readonly roomName: string
  readonly place: Place
  readonly profile: DeviceProfile
  /** Id of the installation, where the device has one that outlives its files; else each installation makes one. */
  readonly installation?: string
  /** Identifies this boot of the device. */
  readonly boot: string
  readonly answers: PrerequisiteAnswers
  /** Everything as it is now. @throws never: what cannot be read is unknown. */
  read(): Promise<Reading>
  /** Calls with what changed, until undone. What a listener returns is awaited by the device that can. */
  watch(listener: (change: Change) => Promise<void>): () => void
}
