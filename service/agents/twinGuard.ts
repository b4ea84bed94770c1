import { RoomkeeperError } from '../../contract/errors.ts'
import type { RoomState } from '../incidents/state.ts'
import type { IntakeItem } from './intakeItems.ts'
import type { AgentSession, DeviceIdentity } from './session.ts'
import { TwinWatch } from './twins.ts'

type TwinsItem = Extract<IntakeItem, { kind: 'twins' }>

/** A connection that was heard within so many heartbeats is held by somebody. */
const heardBeats = 2

/** Keeps two machines with one key from taking turns: the one that comes waits while the other one is heard (decision 0047). */
export class TwinGuard {
  readonly #watch = new TwinWatch()
  readonly #heartbeatMs: number
  readonly #add: (item: IntakeItem) => void
  #unsaid: { readonly item: TwinsItem; readonly from: number }[] = []

  /** `add`: puts what rooms are to know into the intake. */
  constructor(heartbeatMs: number, add: (item: IntakeItem) => void) {
    this.#heartbeatMs = heartbeatMs
    this.#add = add
  }

  /** A hello that was proved; `holder`: the device's session so far. `at`: UTC ms. @throws RoomkeeperError device.twice */
  hello(
    session: AgentSession,
    at: DeviceIdentity,
    said: { readonly run?: string | undefined; readonly boot: string },
    holder: AgentSession | undefined,
    now: number,
  ): void {
    const run = said.run ?? said.boot
    session.run = run
    const held = holder && now - holder.heardAt < this.#heartbeatMs * heardBeats ? holder.run : undefined
    const { several, began } = this.#watch.hello(at, { run, boot: said.boot, address: session.address }, held, now)
    if (began) this.#add({ kind: 'twins', over: false, ...began })
    if (several && held !== undefined && held !== run) throw new RoomkeeperError('device.twice')
  }

  /** A device was taken in whose room may say so of an earlier run of the service. */
  welcomed(at: DeviceIdentity, state: RoomState | undefined, now: number): void {
    if (state?.signals['connectivity.identity']?.value === 'unhealthy') this.#watch.recall(at, now)
  }

  /** Its room could not be told: it will be by the next look, `from` then on (UTC ms), where it is still so. */
  unsaid(item: TwinsItem, from: number): void {
    this.#unsaid.push({ item, from })
  }

  sweep(now: number): void {
    const due = this.#unsaid.filter(({ from }) => now >= from)
    this.#unsaid = this.#unsaid.filter(({ from }) => now < from)
    for (const { item } of due) if (this.#watch.isSeveral(item.device) !== item.over) this.#add(item)
    for (const twins of this.#watch.over(now)) this.#add({ kind: 'twins', over: true, ...twins })
  }
}
