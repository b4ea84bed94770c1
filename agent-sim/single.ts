import { hasTpm, TpmKeyStore } from './agent/tpm.ts'
import { SoftwareKeyStore, type KeyStore } from './agent/identity.ts'
import type { Credential } from './agent/enrol.ts'
import { enrolmentIn } from './agent/installation.ts'
import { systemTimers } from './agent/timers.ts'
import type { KeyProtection } from '../contract/entities.ts'
import { join } from 'node:path'
import { startControl } from './control/server.ts'
import { closeContext, openContext, type NetworkOptions } from './context.ts'
import type { Device } from './devices/device.ts'
import type { HostRemote } from './remote/host-options.ts'
import { AgentRoom } from './room.ts'

export interface SingleOptions extends NetworkOptions {
  credential: Credential | undefined
  /** The folder of all agents; this device gets its own in it. */
  folder: string
  /** Name of the device's folder. */
  id: string
  device: Device
  /** Where the key is kept; by default in the TPM where there is one. */
  keys?: KeyProtection | undefined
  /** What a real machine offers to remote sessions. */
  host?: HostRemote | undefined
  /** How long a simulated device is away when it restarts, in ms. */
  restartMs?: number | undefined
  /** Listens on loopback for `rooms` and, for a simulated device, `fault`. */
  control: boolean
}

/** One device with its own folder and journal. */
export interface Single {
  room: AgentRoom
  stop(): Promise<void>
}

/**
 * The store for a device's key. Without a choice: the one that it enrolled with, or else the TPM where there is one, for a device
 * that is real. So a TPM that is turned on later, or is away for one start, does not make another device of it.
 */
export function keyStoreFor(folder: string, keys: KeyProtection | undefined, simulated: boolean, isTpmThere = hasTpm): KeyStore {
  const kept = enrolmentIn(folder) && (SoftwareKeyStore.isIn(folder) ? 'software' : TpmKeyStore.isIn(folder) ? 'tpm' : undefined)
  const where = keys ?? kept ?? (!simulated && isTpmThere() ? 'tpm' : 'software')
  return where === 'tpm' ? new TpmKeyStore(folder) : new SoftwareKeyStore(folder)
}

/** Opens one device's folder. It is enrolled and connected by its room. @throws JournalStoreError where it is in use */
export async function openSingle(options: SingleOptions, simulated: boolean): Promise<Single> {
  const home = join(options.folder, options.id)
  const context = await openContext({ ...options, folder: home, timers: systemTimers, verboseLogs: true, durable: true })
  const room = new AgentRoom(context, {
    name: options.device.roomName,
    folder: 'device',
    device: options.device,
    keys: (path) => keyStoreFor(path, options.keys, simulated),
    host: options.host,
  })
  const act = (actions: Parameters<AgentRoom['act']>[0][]) => Promise.all(actions.map((action) => room.act(action))).then(() => undefined)
  const control = options.control ? await startControl(home, [room], (actions) => act([...actions])) : undefined
  return {
    room,
    stop: async () => {
      await control?.stop()
      await room.stop()
      closeContext(context)
    },
  }
}
