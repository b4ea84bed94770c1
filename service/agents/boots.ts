import type { BootId, DeviceId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'

/**
 * The last boot of each device that was here, so that a restart stands in its room's history also where it was back before
 * anyone called it disconnected. In memory: the first hello after a start of the service tells of none.
 */
export class Boots {
  readonly #known = new Map<DeviceId, { boot: BootId | undefined; saidAt: number }>()

  /** Whether the device has restarted since it was last here; said at most once in `limits.restartSaidMs`. `now`: UTC ms. */
  restarted(device: DeviceId, boot: BootId, now: number): boolean {
    const known = this.#known.get(device)
    this.#known.delete(device)
    const said = known !== undefined && known.boot !== boot && now - known.saidAt >= limits.restartSaidMs
    this.#known.set(device, { boot, saidAt: said ? now : (known?.saidAt ?? 0) })
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= limits.bootsInMemory) break
      this.#known.delete(oldest)
    }
    return said
  }

  /** That it has restarted could not be kept: its next hello says so again. */
  unsaid(device: DeviceId): void {
    this.#known.set(device, { boot: undefined, saidAt: 0 })
  }
}
