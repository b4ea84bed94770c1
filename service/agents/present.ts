import type { DeviceId, RoomId } from '../../contract/ids.ts'
import type { AgentSession } from './session.ts'

/** The one session of each known device, and of its room: the newest wins. */
export class Present {
  readonly #byDevice = new Map<DeviceId, AgentSession>()
  readonly #byRoom = new Map<RoomId, AgentSession>()

  get devices(): number {
    return this.#byDevice.size
  }

  of(device: DeviceId): AgentSession | undefined {
    return this.#byDevice.get(device)
  }

  has(room: RoomId): boolean {
    return this.#byRoom.has(room)
  }

  /** Takes a session in. Answers the one that it takes the place of. */
  come(session: AgentSession, device: DeviceId, room: RoomId): AgentSession | undefined {
    const older = this.#byDevice.get(device)
    this.#byDevice.set(device, session)
    this.#byRoom.set(room, session)
    return older
  }

  /** A session is over. Whether it was that of its device, and of its room, until now. */
  go(session: AgentSession): { device: boolean; room: boolean } {
    const { identity } = session
    const was = {
      device: identity !== undefined && this.#byDevice.get(identity.device) === session,
      room: identity !== undefined && this.#byRoom.get(identity.room) === session,
    }
    if (identity && was.device) this.#byDevice.delete(identity.device)
    if (identity && was.room) this.#byRoom.delete(identity.room)
    return was
  }
}
