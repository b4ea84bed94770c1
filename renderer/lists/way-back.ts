import type { RouteLocationNormalized } from 'vue-router'

/** Where the list of rooms was left: with its filters, its search and its order. */
let rooms = '/rooms'

/** Keeps the address of a list that is left. */
export function leftList({ name, fullPath }: Pick<RouteLocationNormalized, 'name' | 'fullPath'>): void {
  if (name === 'rooms') rooms = fullPath
}

/** The way back to the list of rooms, as it was left. */
export const backToRooms = (): string => rooms
