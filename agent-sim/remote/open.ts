import type { LogLevel } from '../agent/log.ts'
import type { Device } from '../devices/device.ts'
import { hostFacts, type HostRemote } from '../devices/host-remote.ts'
import { SimulatedDevice } from '../devices/simulated.ts'
import type { RemoteParts } from './parts.ts'
import { RoomRemote, type RoomRemoteOptions } from './room-remote.ts'

export interface OpenOptions extends Omit<RoomRemoteOptions, 'parts'> {
  readonly device: Device
  /** What a real machine offers. */
  readonly host: HostRemote | undefined
  /** A simulated device is to restart now. */
  readonly restart: () => void
}

/** The remote access of a room, with the parts of its kind of device, which are loaded when a session needs them. */
export function openRoomRemote({ device, host, restart, ...options }: OpenOptions): RoomRemote {
  const { timers, now } = options.context
  const onNote = (level: LogLevel, text: string) => {
    options.log.event(level, text)
  }
  const room: RoomRemote = new RoomRemote({
    ...options,
    parts: async (): Promise<RemoteParts | undefined> => {
      if (device instanceof SimulatedDevice) {
        const { SimulatedParts } = await import('./simulated.ts')
        return SimulatedParts.of({
          device,
          now,
          timers,
          onNote,
          restart,
          onAsked: () => {
            room.restartAsked()
          },
        })
      }
      const facts = host && hostFacts(host)
      if (!host || !facts) return undefined
      const { HostParts } = await import('./host.ts')
      return new HostParts({ remote: host, facts, timers, onNote })
    },
  })
  return room
}
