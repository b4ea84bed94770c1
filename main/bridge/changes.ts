import type { TopicOutput } from '../../contract/bridge.ts'
import type { Kind } from '../../contract/entities.ts'
import { IncidentId, RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { Clock, Undo } from '../../contract/system.ts'
import type { ShownChange } from '../views/shown.ts'

type Changes = TopicOutput<'changes'>

const namedAtMost = 1_000

/**
 * Gathers changes into few messages: the first is told at once, so that a fault is on the screen without delay, and
 * what follows within `changesEveryMs` in one message after it. Each has a higher revision than the one before.
 */
export class Changeset {
  readonly #clock: Clock
  readonly #listeners = new Set<(changes: Changes) => void>()
  #revision = 0
  #gathered: { kinds: Set<Kind>; rooms: Set<string> | null; incidents: Set<string> | null } | null = null
  #pause: Undo | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get revision(): number {
    return this.#revision
  }

  add(change: ShownChange): void {
    const gathered = (this.#gathered ??= { kinds: new Set(), rooms: new Set(), incidents: new Set() })
    for (const kind of change.kinds) gathered.kinds.add(kind)
    gathered.rooms = joined(gathered.rooms, change.rooms)
    gathered.incidents = joined(gathered.incidents, change.incidents)
    if (this.#pause === null) this.#tell()
  }

  /** Returns its undo. */
  listen(listener: (changes: Changes) => void): Undo {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The message that a new listener gets: read everything. */
  everything(kinds: readonly Kind[]): Changes {
    return { revision: this.#revision, kinds: [...kinds] }
  }

  stop(): void {
    this.#pause?.()
    this.#pause = null
    this.#listeners.clear()
  }

  #tell(): void {
    this.#pause = null
    const gathered = this.#gathered
    if (gathered === null) return
    this.#gathered = null
    this.#revision++
    const { kinds, rooms, incidents } = gathered
    const named = rooms !== null && incidents !== null
    const changes: Changes = {
      revision: this.#revision,
      kinds: [...kinds],
      ...(named ? { rooms: [...rooms].map((id) => RoomId.parse(id)), incidents: [...incidents].map((id) => IncidentId.parse(id)) } : {}),
    }
    this.#pause = this.#clock.after(named ? limits.changesEveryMs : unnamedEveryMs, () => this.#tell())
    for (const listener of this.#listeners) listener(changes)
  }
}

/** Changes of everything (a snapshot that comes in) make every list anew: they are told less often. */
const unnamedEveryMs = 200

function joined(known: Set<string> | null, more: readonly string[] | undefined): Set<string> | null {
  if (known === null || more === undefined) return null
  for (const id of more) known.add(id)
  return known.size > namedAtMost ? null : known
}
