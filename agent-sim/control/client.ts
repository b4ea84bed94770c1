import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import { limits } from '../../contract/limits.ts'
import type { Timers } from '../../contract/system.ts'
import { ActionError, findRoom, type Action, type RawFault } from '../actions.ts'
import { readIfThere } from '../agent/files.ts'
import { request } from '../agent/http.ts'
import {
  ControlFile,
  controlFileName,
  DoneAnswer,
  RefusedAnswer,
  RoomsAnswer,
  secretHeader,
  type ActionsRequest,
  type RoomStatus,
} from './protocol.ts'

/** A process that runs rooms, with the rooms it had when it was asked. */
interface Running {
  control: ControlFile
  rooms: RoomStatus[]
}

/** The processes that run rooms under a data folder, seen from another process (the command line). */
export class RunningRooms {
  readonly #running: readonly Running[]
  readonly #timers: Timers

  private constructor(running: readonly Running[], timers: Timers) {
    this.#running = running
    this.#timers = timers
  }

  /** Asks every process whose control file lies in the folder. @throws ActionError where none answers. */
  static async find(folder: string, timers: Timers): Promise<RunningRooms> {
    const files = [join(folder, controlFileName), ...subfolders(folder).map((name) => join(folder, name, controlFileName))]
    const asked = files.flatMap((file) => {
      const control = controlIn(file)
      return control ? [ask(control, timers)] : []
    })
    const running = (await Promise.all(asked)).filter((one) => one !== undefined)
    if (running.length === 0) {
      throw new ActionError(
        `No rooms are running with the data folder ${folder}. Start them with "npm start", or with "npm run agent -- fleet --service URL ` +
          '--key-file FILE"; name the folder with --data if it is another.',
      )
    }
    return new RunningRooms(running, timers)
  }

  get rooms(): RoomStatus[] {
    return this.#running.flatMap(({ rooms }) => rooms)
  }

  /** Applies a fault; returns the room's own name. @throws ActionError where room, signal or value do not exist. */
  async fault(fault: RawFault): Promise<string> {
    const owner = this.#ownerOf(fault.room)
    const { room = fault.room } = await this.#post(owner.control, '/fault', fault, DoneAnswer)
    return room
  }

  /** Applies actions, each in the process that runs its room. @throws ActionError */
  async act(actions: readonly Action[]): Promise<void> {
    const parts = new Map<Running, Action[]>()
    for (const action of actions) {
      const owner = this.#ownerOf(action.room)
      parts.set(owner, [...(parts.get(owner) ?? []), action])
    }
    await Promise.all(
      [...parts].map(([{ control }, part]) => {
        const body: z.input<typeof ActionsRequest> = { actions: part }
        return this.#post(control, '/actions', body, DoneAnswer)
      }),
    )
  }

  /** Off-boards a room; returns its own name, and what could not be removed. @throws ActionError */
  async offboard(room: string): Promise<{ name: string; left: readonly string[] }> {
    const { room: name = room, left = [] } = await this.#post(this.#ownerOf(room).control, '/offboard', { room }, DoneAnswer)
    return { name, left }
  }

  async #post<T extends z.ZodType>(control: ControlFile, path: string, body: unknown, schema: T): Promise<z.output<T>> {
    const answer = await request(new URL(path, control.url), {
      timers: this.#timers,
      method: 'POST',
      headers: { [secretHeader]: control.secret, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const content: unknown = JSON.parse(answer.text)
    if (answer.status !== 200) throw new ActionError(RefusedAnswer.parse(content).message)
    return schema.parse(content)
  }

  #ownerOf(room: string): Running {
    const name = findRoom(
      this.rooms.map((one) => one.name),
      room,
    )
    const owner = this.#running.find(({ rooms }) => rooms.some((one) => one.name === name))
    if (!owner) throw new ActionError(`There is no room "${room}".`)
    return owner
  }
}

function subfolders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
  } catch {
    return []
  }
}

function controlIn(file: string): ControlFile | undefined {
  try {
    const text = readIfThere(file)
    return text === undefined ? undefined : ControlFile.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Undefined where a process ended without taking its control file along. */
async function ask(control: ControlFile, timers: Timers): Promise<Running | undefined> {
  const headers = { [secretHeader]: control.secret }
  const asked = { timers, method: 'GET', headers, maxBytes: limits.roomsAnswerBytes }
  const answer = await request(new URL('/rooms', control.url), asked).catch(() => undefined)
  return answer?.status === 200 ? { control, rooms: RoomsAnswer.parse(JSON.parse(answer.text)).rooms } : undefined
}
