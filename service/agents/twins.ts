import type { DeviceId, RoomId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { deviceText } from '../../contract/text.ts'

/** Who says hello with a device's key. */
export interface Machine {
  /** Of one start of its agent, or, from an agent that does not say it, of its boot. Never comes back once another one was there. */
  readonly run: string
  readonly boot: string
  readonly address: string | undefined
}

interface DeviceAt {
  readonly device: DeviceId
  readonly tenant: TenantId
  readonly room: RoomId
}

/** Two machines with one key, from when that was seen until only one has been seen for a while. */
export interface Twins extends DeviceAt {
  /** Their addresses and boots; hostile text, cleaned. */
  readonly detail: string
  /** Hellos that one of them said while another one held the connection, or had just had it; absent: this service saw none. */
  readonly times?: number
}

interface Known {
  current: Machine
  /** Those before, newest last; few. */
  former: Machine[]
  /** When one of those came back, UTC ms; within the window. */
  returns: number[]
  several: { at: DeviceAt; times: number; lastAt: number } | undefined
}

const clean = deviceText()

/**
 * Finds devices whose key is on two machines: a disk was copied (decision 0047). A device that restarts has another run, one that roams
 * another address; neither comes back as the one that it was before. Copies do, in turns. In memory: after a start of the service it
 * takes two more turns.
 */
export class TwinWatch {
  readonly #known = new Map<DeviceId, Known>()
  readonly #several = new Map<DeviceId, Known>()
  readonly #most: number

  /** `most`: devices that are remembered; those of which there are several are, however many they are. */
  constructor(most: number = limits.bootsInMemory) {
    this.#most = most
  }

  /**
   * A hello that was proved. `holder`: the run of the device's connection that stands and is heard, if one does. While there are
   * several, a run that nobody has seen is the restart of one of them, unless another one holds the connection. `now`: UTC ms.
   * @returns whether there are several of it; `began`: this hello has shown it
   */
  hello(at: DeviceAt, machine: Machine, holder: string | undefined, now: number): { several: boolean; began?: Twins } {
    const known = this.#known.get(at.device)
    if (!known) {
      this.#add(at.device, { current: machine, former: [], returns: [], several: undefined })
      return { several: false }
    }
    const other = known.current.run !== machine.run
    const isBack = other && known.former.some(({ run }) => run === machine.run)
    if (other) {
      if (isBack) known.returns = [...known.returns, now]
      known.former = [...known.former.filter(({ run }) => run !== machine.run), known.current].slice(-limits.twinRuns)
    }
    known.current = machine
    known.returns = known.returns.filter((time) => now - time < limits.twinWindowMs)
    const { several } = known
    if (several) {
      if (isBack || (holder !== undefined && holder !== machine.run)) {
        several.times++
        several.lastAt = now
      }
      return { several: true }
    }
    if (known.returns.length < limits.twinReturns) return { several: false }
    known.several = { at, times: known.returns.length, lastAt: now }
    this.#several.set(at.device, known)
    return { several: true, began: twinsOf(known, known.several) }
  }

  /**
   * Takes up what was found before this service started: the device's room still says that there are several. It ends as any other does.
   * @param now UTC ms; the quiet time counts from here
   */
  recall(at: DeviceAt, now: number): void {
    const known = this.#known.get(at.device)
    if (!known || known.several) return
    known.several = { at, times: 0, lastAt: now }
    this.#several.set(at.device, known)
  }

  isSeveral(device: DeviceId): boolean {
    return this.#several.has(device)
  }

  /** Those of which only one has been seen for long enough; each is named once. `now`: UTC ms. */
  over(now: number): Twins[] {
    const found: Twins[] = []
    for (const [device, known] of this.#several) {
      const { several } = known
      if (several && now - several.lastAt < limits.twinOverMs) continue
      this.#several.delete(device)
      if (several) found.push(twinsOf(known, several))
      known.several = undefined
      known.former = []
      known.returns = []
    }
    return found
  }

  #add(device: DeviceId, known: Known): void {
    this.#known.set(device, known)
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= this.#most) break
      if (!this.#several.has(oldest)) this.#known.delete(oldest)
    }
  }
}

const twinsOf = ({ former, current }: Known, { at, times }: NonNullable<Known['several']>): Twins => ({
  ...at,
  detail: inWords([...former, current]),
  ...(times > 0 ? { times } : {}),
})

/** "10.0.0.5 (boot 018f3c2a) ⇄ 10.0.0.9 (boot 7d1e90bb)": each pair once. */
function inWords(machines: readonly Machine[]): string {
  const parts = machines.map(({ address = '?', boot }) => `${address} (boot ${boot.slice(0, 8)})`)
  return clean.parse([...new Set(parts)].join(' ⇄ ')).slice(0, limits.deviceTextChars)
}
