/** Work that waits for a thread. `owner` and `group`: whose it is, and of which tenant. */
export interface Waiting<J> {
  readonly group: string
  readonly owner: string
  readonly job: J
}

export interface FairQueueLimits {
  /** Jobs that wait, of all groups and of one. The first of a group has a place however many the others have. */
  readonly waiting: number
  readonly waitingOfGroup: number
  /** Jobs of one group that run at the same time. */
  readonly runningOfGroup: number
}

/**
 * Who is next: one job of an owner at a time, and groups in turn, so that one with many jobs, or slow ones, waits for itself
 * alone. Pure: what runs is told by `next` and `done`.
 */
export class FairQueue<J> {
  readonly #limits: FairQueueLimits
  /** In the order of their turns; the group that was served last is the last. */
  readonly #groups = new Map<string, Waiting<J>[]>()
  readonly #running = new Map<string, number>()
  /** Owners whose job waits or runs. */
  readonly #owners = new Set<string>()
  #waiting = 0

  constructor(limits: FairQueueLimits) {
    this.#limits = limits
  }

  /** False where it is not taken: its owner has a job already, or too many wait. */
  add(waiting: Waiting<J>): boolean {
    const { group, owner } = waiting
    const own = this.#groups.get(group) ?? []
    if (this.#owners.has(owner) || own.length >= this.#limits.waitingOfGroup) return false
    if (this.#waiting >= this.#limits.waiting && own.length > 0) return false
    this.#groups.set(group, own)
    own.push(waiting)
    this.#owners.add(owner)
    this.#waiting += 1
    return true
  }

  /** The job whose turn it is, which runs from now on; undefined where none may. */
  next(): Waiting<J> | undefined {
    for (const [group, own] of this.#groups) {
      const running = this.#running.get(group) ?? 0
      if (running >= this.#limits.runningOfGroup) continue
      const first = own.shift()
      this.#groups.delete(group)
      if (own.length > 0) this.#groups.set(group, own)
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
    const all = [...this.#groups.values()].flat()
    this.#groups.clear()
    this.#waiting = 0
    for (const { owner } of all) this.#owners.delete(owner)
    return all
  }
}
