import type { RelaySide } from '../../relay.ts'
import type { Timers } from '../../system.ts'
import { chance } from '../../testing/chance.ts'
import { settle } from '../../testing/wait.ts'
import type { LinkOptions, LinkState } from '../interfaces.ts'
import { SealedLink } from '../link.ts'
import { type KeysOfBoth, makeKeys } from './grants.ts'
import { MemoryRelay } from './relay.ts'

/** Time that stands still until it is moved. */
export class Clock implements Timers {
  now = 1_000_000
  readonly #waits = new Set<{ at: number; run: () => void }>()

  after(ms: number, run: () => void): () => void {
    const wait = { at: this.now + ms, run }
    this.#waits.add(wait)
    return () => this.#waits.delete(wait)
  }

  /** Moves on to the next wait, and runs it. */
  next(): void {
    const [first] = [...this.#waits].sort((a, b) => a.at - b.at)
    if (!first) return
    this.#waits.delete(first)
    this.now = Math.max(this.now, first.at)
    first.run()
  }
}

/** What one end has sent and got. */
export interface End {
  readonly link: SealedLink
  readonly states: LinkState[]
  readonly got: { channel: number; bytes: Uint8Array }[]
  rooms: number
}

/** For tests: two ends, a relay in memory, and a clock, all moved by hand. */
export class World {
  readonly clock = new Clock()
  readonly relay: MemoryRelay
  readonly keys: KeysOfBoth
  readonly operator: End
  readonly device: End
  /** Asked for a fresh ticket. */
  onAsk: (side: RelaySide) => Promise<string>
  readonly #random: () => number

  private constructor(keys: KeysOfBoth, seed: number) {
    this.keys = keys
    this.#random = chance(seed)
    this.relay = new MemoryRelay(this.#random)
    this.onAsk = (side) => Promise.resolve(this.relay.ticket(side))
    this.operator = this.#end('operator')
    this.device = this.#end('device')
  }

  static async make(seed = 1): Promise<World> {
    return new World(await makeKeys(), seed)
  }

  /** Two ends that talk. */
  static async live(seed = 1): Promise<World> {
    const world = await World.make(seed)
    world.start()
    await world.until(() => world.operator.link.state.state === 'live' && world.device.link.state.state === 'live')
    return world
  }

  start(): void {
    this.operator.link.start()
    this.device.link.start()
  }

  /** Moves bytes, so many steps, without time passing. */
  async steps(count: number): Promise<void> {
    for (let done = 0; done < count; done++) {
      await settle()
      if (!this.relay.step()) return
    }
  }

  /** Moves bytes, and time where none move. @throws where it does not come true. */
  async until(holds: () => boolean, most = 200_000): Promise<void> {
    for (let done = 0; !holds(); done++) {
      if (done > most) throw new Error(`it does not come: ${JSON.stringify([this.operator.link.state, this.device.link.state])}`)
      // Promises of fresh tickets come before time.
      await settle()
      if (!this.relay.step()) this.clock.next()
    }
  }

  #end(side: RelaySide): End {
    const got: End['got'] = []
    const states: LinkState[] = []
    const options: LinkOptions = {
      side,
      keys: this.keys[side],
      dial: (_relay, authorization, events) => this.relay.dial(side, authorization, events),
      first: { ticket: this.relay.ticket(side) },
      freshTicket: async () => ({ ticket: await this.onAsk(side) }),
      timers: this.clock,
      now: () => this.clock.now,
      random: this.#random,
      onFrame: (channel, bytes) => got.push({ channel, bytes: Uint8Array.from(bytes) }),
      onState: (state) => states.push(state),
      onRoom: () => {
        end.rooms += 1
      },
    }
    const end: End = { link: new SealedLink(options), states, got, rooms: 0 }
    return end
  }
}
