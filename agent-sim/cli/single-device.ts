import { DeviceProfile, KeyProtection } from '../../contract/entities.ts'
import { limits } from '../../contract/limits.ts'
import type { System } from '../../contract/system.ts'
import { hostFacts } from '../devices/host-remote.ts'
import { HostDevice } from '../devices/host.ts'
import { buildings, roomsOf } from '../devices/places.ts'
import { SimulatedDevice } from '../devices/simulated.ts'
import { seededRandom } from '../random.ts'
import { openSingle, type Single } from '../single.ts'
import {
  agentsFolder,
  allowlistFrom,
  credentialFrom,
  networkOptions,
  type Options,
  parse,
  required,
  UsageError,
  wayFrom,
  wholeNumber,
} from './command.ts'
import { remoteFrom, remoteHelp, remoteOptions, restartHelp, restartMsFrom, type RemoteValues } from './remote-options.ts'
import { withSettings } from './settings.ts'

/** Options of the commands that are about one device: run, enrol, offboard. */
export const singleOptions = {
  ...networkOptions,
  device: { type: 'string', default: 'host' },
  room: { type: 'string' },
  building: { type: 'string' },
  city: { type: 'string' },
  country: { type: 'string' },
  floor: { type: 'string' },
  key: { type: 'string' },
  profile: { type: 'string' },
  'poll-ms': { type: 'string' },
  'restart-ms': { type: 'string' },
  ...remoteOptions,
  data: { type: 'string' },
} as const

export const singleHelp = `  --device host|sim          this machine (default), or a simulated room device
  --profile windows-mtr|generic   what this machine is: a certified room device, whose prerequisites are checked
                             before it enrols, or any other (default)
  --room NAME                name of the room (default: the host's name; for sim a made-up one)
  --building, --city, --country, --floor TEXT   where the room is
  --key tpm|software         where the device's key is kept (default: where it is; at first, the TPM of a real machine that
                             has one)
  --poll-ms N                how often this machine is read (default ${limits.hostPollMs})
${remoteHelp}
${restartHelp}
  --settings FILE            options as JSON, {"room":"4.12","screen":["console=127.0.0.1:5901"]}, as if they stood before
                             the others`

type Values = Partial<Record<Exclude<keyof typeof singleOptions, keyof RemoteValues>, string>> & RemoteValues & { device: string }

/** How a command opens its device: listening for others, wanting another key where `--key` says. */
interface Opening {
  system: System
  control: boolean
  newKey?: boolean | undefined
  /** Is told what stands between the device and its service. */
  note: (text: string) => void
}

/** Opens the device that the options name. @throws UsageError, KeyStoreError, ProxyError */
export function openDevice(values: Values, { system, control, newKey = false, note }: Opening): Promise<Single> {
  const { device: kind } = values
  if (kind !== 'host' && kind !== 'sim') throw new UsageError(`--device must be host or sim, and is "${kind}".`)
  const pollMs = values['poll-ms'] === undefined ? limits.hostPollMs : wholeNumber(values['poll-ms'], '--poll-ms', 100, 86_400_000)
  const keys = values.key === undefined ? undefined : KeyProtection.safeParse(values.key).data
  if (values.key !== undefined && keys === undefined) throw new UsageError(`--key must be tpm or software, and is "${values.key}".`)
  const profile = values.profile === undefined ? undefined : DeviceProfile.safeParse(values.profile).data
  if (values.profile !== undefined && (profile === undefined || kind === 'sim')) {
    throw new UsageError(`--profile is for --device host, and one of ${DeviceProfile.options.join(', ')}.`)
  }
  const given = { building: values.building, city: values.city, country: values.country, floor: values.floor }
  const place = Object.fromEntries(Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])))
  const simulated = kind === 'sim'
  const host = remoteFrom(values, simulated)
  const restartMs = restartMsFrom(values['restart-ms'])
  const device = simulated
    ? simulatedDevice(values.room, place, system.ids())
    : new HostDevice({
        system,
        roomName: values.room,
        place,
        pollMs,
        remote: host && hostFacts(host),
        screens: host?.screens,
        ...(profile ? { profile } : {}),
      })
  return openSingle(
    {
      system,
      service: required(values.service, '--service'),
      ...wayFrom(values),
      note,
      allowlist: allowlistFrom(values.allowlist),
      credential: credentialFrom(values),
      folder: agentsFolder(values.data),
      id: simulated ? `sim-${Buffer.from(device.roomName).toString('hex').slice(0, 60)}` : 'host',
      device,
      keys,
      newKey,
      control,
      host,
      restartMs,
    },
    simulated,
  )
}

/** The values of a command about one device, those of its settings file among them. @throws UsageError */
export const parseSingle = <O extends Options>(args: readonly string[], more: O) =>
  parse(withSettings(args), { ...singleOptions, ...more }).values

function simulatedDevice(name: string | undefined, place: Partial<SimulatedDevice['place']>, boot: string): SimulatedDevice {
  const [building] = buildings
  if (!building) throw new RangeError('There are no buildings.')
  const made = roomsOf(building, seededRandom('single')).next()
  if (made.done) throw new RangeError('The building ran out of rooms.')
  const room = made.value
  return new SimulatedDevice({ roomName: name ?? room.name, place: { ...room.place, ...place }, seed: 'single', kind: 'windows', boot })
}
