import { type SimulatedKind, simulatedKinds } from '../devices/models.ts'
import { places, type Places } from '../devices/places.ts'
import { startFleet, type Fleet } from '../fleet.ts'
import {
  agentsFolder,
  allowlistFrom,
  credentialFrom,
  dataHelp,
  networkHelp,
  networkOptions,
  parse,
  print,
  processHelp,
  processOptions,
  required,
  UsageError,
  wayFrom,
  wholeNumber,
  type Command,
} from './command.ts'
import { askedToEnd, processLog, releaseParent } from './process.ts'
import { restartHelp, restartMsFrom } from './remote-options.ts'

/** What is to stand in each room. @throws UsageError */
function kindFrom(said: string | undefined): { kind?: SimulatedKind } {
  if (said === undefined) return {}
  const kind = simulatedKinds.find((one) => one === said)
  if (!kind) throw new UsageError(`--kind must be one of ${simulatedKinds.join(', ')}, and is "${said}".`)
  return { kind }
}

/** Rooms that one process may run: sockets, files and ports of one machine end somewhere above it. */
const mostRooms = 20_000

export const fleetCommand: Command = {
  help: `Usage: npm run agent -- fleet --service URL --key-file FILE [options]

Runs N simulated rooms. Names and equipment depend on the seed; keys and journals are kept in the data folder, so the
same folder and seed are the same devices again. Ends with Ctrl-C.

  --rooms N                  how many (default 24: eight in each building)
  --seed S                   another seed, other rooms (default 1)
  --places NAME              whose buildings: contoso (default) or northwind
  --kind KIND                what stands in each room: windows, videoBar, panel (default: mostly windows)
  --hostile                  every string that the devices send is hostile, for tests
  --verbose-logs             a runtime log for every device, also in fleets of more than 100
  --bring-back               install again on rooms that were off-boarded
${restartHelp}
${networkHelp}
${dataHelp}
${processHelp}`,
  async run(args, system) {
    const { values } = parse(args, {
      ...networkOptions,
      ...processOptions,
      rooms: { type: 'string', default: '24' },
      seed: { type: 'string', default: '1' },
      places: { type: 'string', default: 'contoso' },
      kind: { type: 'string' },
      hostile: { type: 'boolean' },
      'verbose-logs': { type: 'boolean' },
      'bring-back': { type: 'boolean' },
      'restart-ms': { type: 'string' },
      data: { type: 'string' },
    })
    const log = processLog(values['log-level'])
    const credential = credentialFrom(values)
    using asked = askedToEnd(values['parent-pipe'] ?? false)
    let running: Fleet | undefined
    let ending = false
    const starting = startFleet({
      system,
      service: required(values.service, '--service'),
      ...wayFrom(values),
      note: (text) => {
        log.warn(text)
      },
      allowlist: allowlistFrom(values.allowlist),
      ...(credential ? { credential } : {}),
      rooms: wholeNumber(values.rooms, '--rooms', 1, mostRooms),
      seed: values.seed,
      places: placesNamed(values.places),
      folder: agentsFolder(values.data),
      ...kindFrom(values.kind),
      hostile: values.hostile ?? false,
      bringBack: values['bring-back'] ?? false,
      restartMs: restartMsFrom(values['restart-ms']),
      ...(values['verbose-logs'] ? { verboseLogs: true } : {}),
      onStarted: (fleet) => {
        running = fleet
      },
      onProgress: (ready, rooms) => {
        log.info({ ready, rooms }, 'rooms ready')
      },
      onRefused: (room, why) => {
        log.error({ room }, why)
      },
    }).then(
      (fleet) => {
        if (values.json) print(JSON.stringify({ ready: true, rooms: fleet.connected() }))
        else print(`${fleet.connected()} of ${fleet.devices.length} rooms are connected. Ctrl-C ends them.`)
      },
      (error: unknown) => {
        if (!ending) throw error
      },
    )
    // Asked to end while it still starts, it ends all the same; what fails at the start ends it too.
    const why = await Promise.race([asked.end, starting.then(() => asked.end)])
    log.info({ why }, 'ending')
    ending = true
    await running?.stop()
    await starting
    releaseParent()
    return 0
  },
}

function placesNamed(name: string): Places {
  if (name === 'contoso' || name === 'northwind') return name
  throw new UsageError(`--places: ${Object.keys(places).join(' or ')}, not "${name}".`)
}
