import { limits } from '../contract/limits.ts'
import type { SignalId, SignalValue } from '../contract/signals.ts'
import type { System } from '../contract/system.ts'
import { ActionError, findRoom, type Action } from './actions.ts'
import type { Credential } from './agent/enrol.ts'
import { SoftwareKeyStore } from './agent/identity.ts'
import { TimerWheel } from './agent/timers.ts'
import { closeContext, openContext, type Context, type NetworkOptions } from './context.ts'
import { startControl } from './control/server.ts'
import type { SimulatedKind } from './devices/models.ts'
import { places, type Places, roomsOf } from './devices/places.ts'
import { parseChanges, SimulatedDevice } from './devices/simulated.ts'
import { seededRandom } from './random.ts'
import { AgentRoom } from './room.ts'

export interface FleetOptions extends NetworkOptions {
  system: System
  /** How devices that are not enrolled yet are let in. */
  credential?: Credential
  rooms: number
  /** Names, places and equipment depend on it and on nothing else. */
  seed?: string | number
  /** Whose buildings the rooms are in; contoso where left out. */
  places?: Places
  /** Keys, journals and logs are kept here: the same folder and seed are the same devices. */
  folder: string
  /** What stands in every room; a mix where left out. */
  kind?: SimulatedKind
  /** Every string that the devices send is hostile. */
  hostile?: boolean
  /** Rooms that were off-boarded are installed again. */
  bringBack?: boolean
  /** Runtime logs of every device; by default only for fleets of up to `verboseRooms`. */
  verboseLogs?: boolean
  /** How long a device is away when it restarts, in ms. */
  restartMs?: number | undefined
  /** Listens on loopback for `fault`, `rooms` and `scenario` (default true). */
  control?: boolean
  /** Is told how many devices are connected, or have stopped for good, while the fleet starts. */
  onProgress?: (ready: number, rooms: number) => void
  /** Is told of a device that the service does not want. */
  onRefused?: (room: string, why: string) => void
  /** Is given the fleet before its devices are enrolled and connected, so that it can be driven and stopped meanwhile. */
  onStarted?: (fleet: Fleet) => void
}

/** Running simulated rooms. */
export interface Fleet {
  readonly devices: readonly AgentRoom[]
  /** Resolves when the change is journaled and, where the room is connected, sent. @throws ActionError */
  setSignal(room: string, signal: SignalId, value: SignalValue, detail?: string): Promise<void>
  /** Does what was asked, all at once. @throws ActionError where a room does not exist. */
  act(actions: readonly Action[]): Promise<void>
  /** Rooms whose connection stands. */
  connected(): number
  /** Closes connections and files. What the journals hold is sent after the next start. */
  stop(): Promise<void>
}

/** Larger fleets write no runtime logs unless asked. */
const verboseRooms = 100

/**
 * Starts rooms in the buildings of a simulated organisation. Resolves when all are enrolled and connected, except
 * those that the service does not want; while the service is away it waits.
 * @throws the first refusal of an enrolment, JournalStoreError, ServiceAddressError, ProxyError
 */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const context = openContext({
    ...options,
    credential: options.credential,
    timers: new TimerWheel(options.system.clock),
    durable: false,
    verboseLogs: options.verboseLogs ?? options.rooms <= verboseRooms,
  })
  const devices = makeRooms(context, options)
  const byName = new Map(devices.map((device) => [device.name, device]))
  const act = async (actions: readonly Action[]) => {
    const found = actions.map((action) => {
      const room = byName.get(action.room) ?? byName.get(findRoom([...byName.keys()], action.room))
      if (!room) throw new ActionError(`There is no room "${action.room}".`)
      return { room, action }
    })
    await Promise.all(found.map(({ room, action }) => room.act(action)))
  }
  const control = options.control === false ? undefined : await startControl(options.folder, devices, act, options.system.random)
  let stopped: Promise<void> | undefined
  const fleet: Fleet = {
    devices,
    act,
    setSignal: (room, signal, value, detail) => act([{ do: 'signal', room, signal, value, ...(detail === undefined ? {} : { detail }) }]),
    connected: () => devices.filter(({ agent }) => agent?.connection.state.state === 'connected').length,
    stop: () => {
      stopped ??= (async () => {
        await control?.stop()
        await Promise.all(devices.map((device) => device.stop()))
        closeContext(context)
      })()
      return stopped
    },
  }
  options.onStarted?.(fleet)
  try {
    await bringUp(devices, options)
  } catch (error) {
    await fleet.stop()
    throw error
  }
  return fleet
}

/** The rooms of a fleet, round the buildings; the first ones are the same whatever their number. */
function makeRooms(context: Context, options: FleetOptions): AgentRoom[] {
  const { rooms, seed = 1, hostile = false, kind, places: organisation = 'contoso' } = options
  const sources = places[organisation].map((building) => roomsOf(building, seededRandom('building', seed, building.name)))
  return Array.from({ length: rooms }, (_, index) => {
    const next = sources[index % sources.length]?.next()
    if (!next || next.done) throw new RangeError('A building ran out of rooms.')
    const { name, place } = next.value
    const folder = `devices/${slug(String(seed))}-${String(index + 1).padStart(5, '0')}`
    if (options.bringBack) context.store.setOffboarded(folder, false)
    const changes = parseChanges(context.store.remembered(folder))
    const own = { roomName: name, place, seed, boot: context.newId(), hostile, changes }
    const device = new SimulatedDevice({ ...own, ...(kind === undefined ? {} : { kind }) })
    return new AgentRoom(context, { name, folder, device, keys: (path) => new SoftwareKeyStore(path, false) })
  })
}

/** A seed as part of a folder's name. */
const slug = (seed: string): string =>
  /^[\w.]{1,40}$/u.test(seed) && !seed.startsWith('.') ? seed : Buffer.from(seed).toString('hex').slice(0, 80)

async function bringUp(devices: readonly AgentRoom[], options: FleetOptions): Promise<void> {
  const wanted = devices.filter((device) => !device.offboarded)
  // First all that are enrolled begin to watch, so that nothing is missed while the others wait for the service.
  for (const device of wanted) await device.resume()
  let ready = 0
  const rest = [...wanted]
  const work = async () => {
    for (let device = rest.shift(); device; device = rest.shift()) {
      await device.enrol()
      const state = await device.connect()
      if ('why' in state) options.onRefused?.(device.name, state.why)
      ready += 1
      options.onProgress?.(ready, wanted.length)
    }
  }
  await Promise.all(Array.from({ length: limits.agentsAtOnce }, work))
}
