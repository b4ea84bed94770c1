import type { Doc } from '../../contract/entities.ts'
import type { RoomId } from '../../contract/ids.ts'
import type { StormCause } from '../../contract/storms.ts'
import type { Common, Fleet } from './group.ts'

/** What the enrolled rooms of a tenant have in common, kept as it changes: sizes are counted once. */
export class Rooms implements Fleet {
  readonly common = new Map<RoomId, Common>()
  readonly #places = new Map<RoomId, Pick<Common, 'building' | 'floor' | 'city'>>()
  readonly #devices = new Map<RoomId, Pick<Common, 'network' | 'app' | 'system'>>()
  readonly #sizes = new Map<string, number>()

  size(cause: StormCause, value: string): number {
    return cause === 'service' ? this.common.size : (this.#sizes.get(`${cause} ${value}`) ?? 0)
  }

  room({ id, lifecycle, place: { building, floor, city } }: Pick<Doc<'room'>, 'id' | 'lifecycle' | 'place'>): void {
    if (lifecycle === 'enrolled') this.#places.set(id, { building, city, floor: building && floor ? `${building} · ${floor}` : '' })
    else this.#places.delete(id)
    this.#join(id)
  }

  device({ id, device: { address, appVersion, os } }: Doc<'device'>): void {
    this.#devices.set(id, { network: networkOf(address), app: appVersion, system: os })
    this.#join(id)
  }

  #join(id: RoomId): void {
    const [place, before] = [this.#places.get(id), this.common.get(id)]
    const after = place && { ...place, ...(this.#devices.get(id) ?? { network: '', app: '', system: '' }) }
    if (before) this.#count(before, -1)
    if (after) {
      this.#count(after, 1)
      this.common.set(id, after)
    } else this.common.delete(id)
  }

  #count(common: Common, by: 1 | -1): void {
    for (const [cause, value] of Object.entries(common)) {
      const key = `${cause} ${value}`
      const size = (this.#sizes.get(key) ?? 0) + by
      if (size > 0) this.#sizes.set(key, size)
      else this.#sizes.delete(key)
    }
  }
}

/** The addresses that a switch usually has: 256 of version 4. A device's word, so anything else is none. */
function networkOf(address: string): string {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.\d{1,3}$/u.exec(address)
  return parts ? `${parts[1]}.${parts[2]}.${parts[3]}.0/24` : ''
}
