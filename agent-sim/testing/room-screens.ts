import { FakeClock } from '../../contract/testing/clock.ts'
import { SimulatedDevice } from '../devices/simulated.ts'
import type { Rect, Screen } from '../rfb/interfaces.ts'
import { noAttention } from '../screen/parts.ts'
import { pictureOf } from '../screen/pictures.ts'
import { SimulatedRoomScreens, type RoomScreensOptions } from '../screen/room-screens.ts'

export const place = { country: 'France', city: 'Lyon', building: 'Lyon – Confluence', floor: '2', timeZone: 'Europe/Paris' }
/** Early in the minute and in the afternoon: 14:07:20 in the room. */
const startAt = Date.parse('2026-11-19T13:07:20Z')

/** A room with a second display (or without one), as it is at `startAt`, and what it tells its device. */
export async function makeScreens(over: Partial<RoomScreensOptions> = {}, second = true) {
  let device = new SimulatedDevice({ roomName: 'Lyon 1.14 Gerland', place, seed: 0, boot: 'boot' })
  for (let seed = 1; ((await device.read()).facts.remote?.displays.length === 3) !== second; seed += 1) {
    device = new SimulatedDevice({ roomName: 'Lyon 1.14 Gerland', place, seed, boot: 'boot' })
  }
  const clock = new FakeClock()
  const began = clock.now()
  const told: string[] = []
  const screens = new SimulatedRoomScreens({
    ...(await device.read()),
    roomName: device.roomName,
    place,
    seed: 1,
    now: () => startAt + clock.now() - began,
    timers: clock,
    onCall: (inCall) => told.push(inCall ? 'call' : 'no call'),
    onRestart: () => told.push('restart'),
    ...over,
  })
  await screens.ready()
  const press = (id: string) => {
    const { x, y, width, height } = targetOf(screens, id)
    const screen = screens.screen('console')
    screen.pointer(x + width / 2, y + height / 2, 0)
    screen.pointer(x + width / 2, y + height / 2, 1)
    screen.pointer(x + width / 2, y + height / 2, 0)
  }
  const type = (text: string) => {
    for (const character of text) {
      const point = character.codePointAt(0) ?? 0
      tap(point < 0x100 ? point : 0x0100_0000 + point)
    }
  }
  const tap = (keysym: number) => {
    screens.screen('console').key(keysym, true)
    screens.screen('console').key(keysym, false)
  }
  return { screens, room: screens.room, clock, told, press, type, tap, console: screens.screen('console') }
}

/** Where on the console that is which one presses. */
export const targetOf = ({ room, displays }: SimulatedRoomScreens, id: string): Rect => {
  const found = pictureOf('console', room, noAttention, displays).targets.find((target) => target.id === id)
  if (!found) throw new Error(`There is nothing to press called "${id}".`)
  return found.rect
}
export const whole = ({ width, height }: Screen): Rect => ({ x: 0, y: 0, width, height })
export const pixel = (screen: Screen, x: number, y: number) => [...screen.read({ x, y, width: 1, height: 1 })].slice(0, 3)
export const same = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0
/** The same but for a few pixels of soft edges, which round otherwise where they are drawn within another rectangle. */
export function alike(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  if (same(one, other)) return true
  const off = one.map((value, at) => Math.abs(value - (other[at] ?? 0))).filter((by) => by > 4)
  return off.length < 200 && off.every((by) => by < 40)
}
export const area = (rects: readonly Rect[]) => rects.reduce((sum, { width, height }) => sum + width * height, 0)
export const ring = [0xe5, 0x23, 0x2e]

/** What a viewer has who fetches what it is told has changed, and nothing else. */
export function viewer(screen: Screen) {
  const { width } = screen
  const damage: Rect[] = []
  const undo = screen.onDamage((rect) => damage.push(rect))
  const pixels = Buffer.from(screen.read(whole(screen)))
  const fetch = () => {
    for (const { x, y, width: wide, height } of damage) {
      const fresh = screen.read({ x, y, width: wide, height })
      for (let row = 0; row < height; row += 1)
        pixels.set(fresh.subarray(row * wide * 4, (row + 1) * wide * 4), ((y + row) * width + x) * 4)
    }
    return damage.splice(0)
  }
  return { pixels, fetch, undo }
}
