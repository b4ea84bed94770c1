import { Discovery, SetupAnswer, type SetupRequest } from '../contract/api.ts'
import type { Clock, Undo } from '../contract/system.ts'
import { Emitter } from './emitter.ts'
import type { ServiceClient } from './sync/http.ts'

/** While the answer may still change, the service is asked this often. */
const askEveryMs = 5_000

/** Whether the service has its first tenant. Asked until it has one: that never changes back. */
export class ServiceSetup {
  readonly onChange = new Emitter<boolean | null>()
  readonly #client: ServiceClient
  readonly #clock: Clock
  #required: boolean | null = null
  #next: Undo | null = null
  #on = false

  constructor(client: ServiceClient, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** Null while the service could not be asked. */
  get required(): boolean | null {
    return this.#required
  }

  /** Starts or stops asking. */
  poll(on: boolean): void {
    this.stop()
    this.#on = on
    if (on) void this.#ask()
  }

  /** Makes the first tenant. Errors: `setup.done`, `request.invalid`, and those of the network. */
  async setUp(request: SetupRequest): Promise<void> {
    await this.#client.json(SetupAnswer, { method: 'POST', path: '/v1/setup', body: request, open: true })
    this.#set(false)
  }

  stop(): void {
    this.#on = false
    this.#next?.()
    this.#next = null
  }

  async #ask(): Promise<void> {
    try {
      const { setupRequired } = await this.#client.json(Discovery, { path: '/.well-known/roomkeeper', open: true })
      this.#set(setupRequired)
    } catch {
      // Not reached: what was known stays known.
    }
    if (this.#on && this.#required !== false) this.#next = this.#clock.after(askEveryMs, () => void this.#ask())
  }

  #set(required: boolean): void {
    if (required === this.#required) return
    this.#required = required
    this.onChange.emit(required)
  }
}
