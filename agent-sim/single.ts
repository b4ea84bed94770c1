import { join } from 'node:path'
import type { KeyProtection } from '../contract/entities.ts'
import type { System } from '../contract/system.ts'
import type { Credential } from './agent/enrol.ts'
import { adoptNextKey, keyStoreFor, nextKeyStoreFor } from './agent/key-choice.ts'
import { closeContext, openContext, type NetworkOptions } from './context.ts'
import { startControl } from './control/server.ts'
import type { Device } from './devices/device.ts'
import type { HostRemote } from './devices/host-remote.ts'
import { AgentRoom } from './room.ts'

export interface SingleOptions extends NetworkOptions {
  system: System
  credential: Credential | undefined
  /** The folder of all agents; this device gets its own in it. */
  folder: string
  /** Name of the device's folder. */
  id: string
  device: Device
  /** Where the key is kept; by default where the device was installed with it, or in the TPM where there is one. */
  keys?: KeyProtection | undefined
  /** Another key is wanted: `keys` says where that one is kept. */
  newKey?: boolean
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

/** Opens one device's folder. It is enrolled and connected by its room. @throws JournalStoreError where it is in use; KeyStoreError */
export async function openSingle(options: SingleOptions, simulated: boolean): Promise<Single> {
  const home = join(options.folder, options.id)
  const context = openContext({ ...options, folder: home, timers: options.system.clock, verboseLogs: true, durable: true })
  const room = new AgentRoom(context, {
    name: options.device.roomName,
    folder: 'device',
    device: options.device,
    keys: (path) => keyStoreFor(path, { keys: options.newKey ? undefined : options.keys, simulated }),
    nextKey: {
      store: (path) => nextKeyStoreFor(path, { keys: options.keys, simulated }),
      adopt: adoptNextKey,
    },
    host: options.host,
  })
  const act = (actions: Parameters<AgentRoom['act']>[0][]) => Promise.all(actions.map((action) => room.act(action))).then(() => undefined)
  const control = options.control ? await startControl(home, [room], (actions) => act([...actions]), options.system.random) : undefined
  return {
    room,
    stop: async () => {
      await control?.stop()
      await room.stop()
      closeContext(context)
    },
  }
}
