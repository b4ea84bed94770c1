/**
 * Work that waits for a thread. `owner`: whose it is; `group`: of which tenant or address; `lane`: of which kind there, where it has
 * several.
 */
export interface Waiting<J> {
  readonly group: string
  readonly lane?: string
  readonly owner: string
  readonly job: J
}

export interface FairQueueLimits {
  /** Jobs that wait, of all groups and in one lane. The first of a lane has a place however many the others have. */
  readonly waiting: number
  readonly waitingOfLane: number
  /** Jobs of one group that run at the same time. */
  readonly runningOfGroup: number
}

/**
 * Who is next: one job of an owner at a time, groups in turn, and in a group its lanes, so that one with many jobs, or slow ones,
 * waits for itself alone. Pure: what runs is told by `next` and `done`.
 */
export class FairQueue<J> {
  readonly #limits: FairQueueLimits
  /** Groups, and their lanes, in the order of their turns: what was served last is the last. */
  readonly #groups = new Map<string, Map<string, Waiting<J>[]>>()
  readonly #running = new Map<string, number>()
  /** Owners whose job waits or runs. */
  readonly #owners = new Set<string>()
  #waiting = 0

  constructor(limits: FairQueueLimits) {
    this.#limits = limits
  }

  /** False where it is not taken: its owner has a job already, or too many wait. */
  add(waiting: Waiting<J>): boolean {
    const { group, lane = '', owner } = waiting
    const lanes = this.#groups.get(group) ?? new Map<string, Waiting<J>[]>()
    const own = lanes.get(lane) ?? []
    if (this.#owners.has(owner) || own.length >= this.#limits.waitingOfLane) return false
    if (this.#waiting >= this.#limits.waiting && own.length > 0) return false
    own.push(waiting)
    lanes.set(lane, own)
    this.#groups.set(group, lanes)
    this.#owners.add(owner)
    this.#waiting += 1
    return true
  }

  /** The job whose turn it is, which runs from now on; undefined where none may. */
  next(): Waiting<J> | undefined {
    for (const [group, lanes] of this.#groups) {
      const running = this.#running.get(group) ?? 0
      if (running >= this.#limits.runningOfGroup) continue
      const [lane = '', own = []] = lanes.entries().next().value ?? []
      const first = own.shift()
      lanes.delete(lane)
      if (own.length > 0) lanes.set(lane, own)
      this.#groups.delete(group)
      if (lanes.size > 0) this.#groups.set(group, lanes)
      if (!first) continue
      this.#waiting -= 1
      this.#running.set(group, running + 1)
      return first
    }
    return undefined
  }

  /** A job that ran is over. */
  done({ group, owner }: Pick<Waiting<J>, 'group' | 'owner'>): void {
    this.#owners.delete(owner)
    const left = (this.#running.get(group) ?? 1) - 1
    if (left > 0) this.#running.set(group, left)
    else this.#running.delete(group)
  }

  /** Takes out all that wait. */
  clear(): Waiting<J>[] {
    const all = [...this.#groups.values()].flatMap((lanes) => [...lanes.values()].flat())
    this.#groups.clear()
    this.#waiting = 0
    for (const { owner } of all) this.#owners.delete(owner)
    return all
  }
}
