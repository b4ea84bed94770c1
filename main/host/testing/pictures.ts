import type { CallInput, CallName } from '../../../contract/bridge.ts'
import type { pictureCalls } from '../../../contract/pictures.ts'

/** What the pictures of many rooms are asked, for a test that asks for everything. */
export const askedPictures: { [N in keyof typeof pictureCalls & CallName]: { input: CallInput<N> } } = {
  'overview.read': { input: {} },
  'rooms.tiles': { input: { filter: {}, offset: 0, limit: 2_000 } },
  'wall.read': { input: { by: 'city', places: [] } },
  'handover.read': { input: { hours: 8 } },
}

/** Those whose answers name a time. */
export const movingPictures: readonly (keyof typeof askedPictures)[] = ['overview.read', 'wall.read', 'handover.read']
