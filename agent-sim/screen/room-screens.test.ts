import { beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import type { DisplayId } from '../../contract/remoteFacts.ts'
import { cases } from '../../contract/testing/chance.ts'
import { hostileTexts } from '../devices/hostile.ts'
import { SimulatedDevice } from '../devices/simulated.ts'
import { pick, randomInt, seededRandom } from '../random.ts'
import type { Rect, Screen } from '../rfb/interfaces.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { loadCanvas } from './canvas.ts'
import { keys } from './keyboard.ts'
import { noAttention } from './parts.ts'
import { pictureOf } from './pictures.ts'
import { restartShownMs } from './room-model.ts'
import { SimulatedRoomScreens, type RoomScreensOptions } from './room-screens.ts'

const place = { country: 'France', city: 'Lyon', building: 'Lyon – Confluence', floor: '2', timeZone: 'Europe/Paris' }
/** Early in the minute and in the afternoon: 14:07:20 in the room. */
const startAt = Date.parse('2026-11-19T13:07:20Z')

/** A room with a second display (or without one), as it is at `startAt`, and what it tells its device. */
async function make(over: Partial<RoomScreensOptions> = {}, second = true) {
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

const targetOf = ({ room, displays }: SimulatedRoomScreens, id: string): Rect => {
  const found = pictureOf('console', room, noAttention, displays).targets.find((target) => target.id === id)
  if (!found) throw new Error(`There is nothing to press called "${id}".`)
  return found.rect
}
const whole = ({ width, height }: Screen): Rect => ({ x: 0, y: 0, width, height })
const pixel = (screen: Screen, x: number, y: number) => [...screen.read({ x, y, width: 1, height: 1 })].slice(0, 3)
const same = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0
/** The same but for a few pixels of soft edges, which round otherwise where they are drawn within another rectangle. */
function alike(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  if (same(one, other)) return true
  const off = one.map((value, at) => Math.abs(value - (other[at] ?? 0))).filter((by) => by > 4)
  return off.length < 200 && off.every((by) => by < 40)
}
const area = (rects: readonly Rect[]) => rects.reduce((sum, { width, height }) => sum + width * height, 0)
const ring = [0xe5, 0x23, 0x2e]

/** What a viewer has who fetches what it is told has changed, and nothing else. */
function viewer(screen: Screen) {
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

beforeAll(async () => {
  await loadCanvas()
})

describe('SimulatedRoomScreens', () => {
  it('shows the same picture for the same seed and time, and another for another', async () => {
    const [one, other, seed, french] = await Promise.all([make(), make(), make({ seed: 2 }), make({ language: 'fr' })])
    for (const display of ['console', 'frontOfRoom1', 'frontOfRoom2'] as const) {
      const picture = one.screens.screen(display)
      const pixels = picture.read(whole(picture))
      expect(pixels).toHaveLength(picture.width * picture.height * 4)
      expect(same(pixels, other.screens.screen(display).read(whole(picture)))).toBe(true)
    }
    expect(same(one.console.read(whole(one.console)), seed.console.read(whole(one.console)))).toBe(false)
    expect(same(one.console.read(whole(one.console)), french.console.read(whole(one.console)))).toBe(false)
    other.clock.advance(60_000)
    expect(same(one.console.read(whole(one.console)), other.console.read(whole(one.console)))).toBe(false)
  })

  it('has the displays of its device, and no others', async () => {
    const { screens } = await make({}, false)
    expect(screens.displays).toEqual(['console', 'frontOfRoom1'])
    expect(() => screens.screen('frontOfRoom2')).toThrow(RangeError)
    expect(screens.screen('console')).toMatchObject({ name: 'Lyon 1.14 Gerland – Console', width: 1280, height: 800 })
    expect(screens.screen('frontOfRoom1')).toMatchObject({ width: 1920, height: 1080 })
  })

  it('waits for nothing while nobody looks', async () => {
    const { screens, room, clock } = await make()
    room.go('call')
    expect(clock.waiting).toBe(0)
    const undo = screens.displays.map((display) => screens.screen(display).onDamage(() => undefined))
    expect(clock.waiting).toBe(1)
    clock.advance(600_000)
    expect(clock.waiting).toBe(1)
    for (const one of undo) {
      one()
      one()
    }
    expect(clock.waiting).toBe(0)
    screens.update({ signals: { 'peripherals.camera': { value: 'unhealthy' } } })
    expect(clock.waiting).toBe(0)
  })

  it('says what changed: the clock every minute, and little else', async () => {
    const { clock, console: screen } = await make()
    const { pixels, fetch } = viewer(screen)
    clock.advance(39_000)
    expect(fetch()).toEqual([])
    clock.advance(1_001)
    const damage = fetch()
    expect(area(damage)).toBeGreaterThan(0)
    expect(area(damage)).toBeLessThan(0.12 * screen.width * screen.height)
    expect(same(pixels, screen.read(whole(screen)))).toBe(true)
  })

  it('never says too little, and draws parts as it draws the whole, whatever is done to it', async () => {
    const random = seededRandom('inputs', 7)
    const { screens, room, clock, console: screen } = await make()
    const displays: DisplayId[] = ['console', 'frontOfRoom1', 'frontOfRoom2']
    let viewers = displays.map((display) => viewer(screens.screen(display)))
    const known = Object.values(keys)
    const actions: (() => void)[] = [
      () => {
        screen.pointer(randomInt(random, 1_280), randomInt(random, 800), randomInt(random, 2))
      },
      () => {
        const { targets } = pictureOf('console', room, noAttention, screens.displays)
        if (targets.length === 0) return
        const { x, y } = pick(random, targets).rect
        screen.pointer(x + 2, y + 2, 1)
        screen.pointer(x + 2, y + 2, 0)
      },
      () => {
        screen.key(random() < 0.5 ? pick(random, known) : randomInt(random, 0x0110_ffff), random() < 0.7)
      },
      () => {
        screens.update({
          signals: {
            [pick(random, ['peripherals.camera', 'audio.microphone', 'display.frontOfRoom1'] as const)]: {
              value: pick(random, ['healthy', 'unhealthy', 'unknown'] as const),
            },
          },
        })
      },
      () => {
        if (random() < 0.5) screens.showSession('Emma Rossi', pick(random, ['view', 'modify'] as const))
        else screens.hideSession()
      },
      () => {
        clock.advance(randomInt(random, 90_000))
      },
    ]
    for (let round = 0; round < cases(30); round += 1) {
      for (let step = 0; step < 12; step += 1) pick(random, actions)()
      for (const [index, display] of displays.entries()) {
        const one = screens.screen(display)
        viewers[index]?.fetch()
        expect(same(viewers[index]?.pixels ?? new Uint8Array(), one.read(whole(one))), `${display}, round ${round}`).toBe(true)
      }
      if (round % 6 !== 5) continue
      const parts = displays.map((display) => screens.screen(display).read(whole(screens.screen(display))))
      for (const one of viewers) one.undo()
      // Nobody looks: the canvas is gone, and the whole is drawn anew.
      for (const [index, display] of displays.entries()) {
        expect(
          alike(parts[index] ?? new Uint8Array(), screens.screen(display).read(whole(screens.screen(display)))),
          `${display} anew, round ${round}`,
        ).toBe(true)
      }
      viewers = displays.map((display) => viewer(screens.screen(display)))
    }
  })

  it('shows a red ring with the name of who is there on every display, and takes it away', async () => {
    const { screens } = await make()
    for (const display of screens.displays) {
      const screen = screens.screen(display)
      const before = screen.read(whole(screen))
      const { fetch, undo } = viewer(screen)
      screens.showSession('Emma Rossi', 'modify')
      const { width, height } = screen
      for (const [x, y] of [
        [1, height / 2],
        [width - 2, height / 2],
        [width / 4, 1],
        [width / 4, height - 2],
        [width / 2 - 0.2 * width, 20],
      ] as const) {
        expect(pixel(screen, Math.round(x), y)).toEqual(ring)
      }
      expect(pixel(screen, 40, height / 2)).not.toEqual(ring)
      // The edge, and not what is in it.
      expect(area(fetch())).toBeLessThan(0.08 * width * height)
      const controlling = screen.read(whole(screen))
      screens.showSession('Emma Rossi', 'view')
      expect(same(controlling, screen.read(whole(screen)))).toBe(false)
      screens.hideSession()
      expect(alike(before, screen.read(whole(screen)))).toBe(true)
      undo()
    }
  })

  it('starts a meeting by pointer and leaves it, which its device is told', async () => {
    const { room, told, press, console: screen } = await make()
    press('newMeeting')
    expect([room.page, told]).toEqual(['meeting', ['call']])
    press('control muted')
    expect(room.switches.muted).toBe(true)
    press('leave')
    expect([room.page, told, room.switches.muted]).toEqual(['home', ['call', 'no call'], false])
    const [next] = room.meetings()
    press(`join ${next?.id ?? ''}`)
    expect(room.meeting?.title).toBe(next?.title)
    expect(pixel(screen, 60, 60)).toHaveLength(3)
  })

  it('is in a call when its device is, without telling it again', async () => {
    const { screens, room, told } = await make()
    screens.update({ facts: { inCall: true } })
    expect(room.page).toBe('meeting')
    screens.update({ facts: { inCall: false } })
    expect([room.page, told]).toEqual(['home', []])
    expect((await make({ facts: { ...room.facts, inCall: true } })).room.page).toBe('meeting')
  })

  it('does nothing when the pointer slides away before it lifts, or with another button', async () => {
    const { room, console: screen, screens } = await make()
    const { x, y } = targetOf(screens, 'newMeeting')
    screen.pointer(x + 5, y + 5, 1)
    screen.pointer(640, 300, 1)
    screen.pointer(640, 300, 0)
    screen.pointer(x + 5, y + 5, 4)
    screen.pointer(x + 5, y + 5, 0)
    expect(room.page).toBe('home')
  })

  it('shows where the pointer is and what is held, and only that', async () => {
    const { console: screen, screens } = await make()
    const rect = targetOf(screens, 'call')
    const { pixels, fetch } = viewer(screen)
    const calm = Buffer.from(pixels)
    screen.pointer(rect.x + 10, rect.y + 10, 0)
    const damage = fetch()
    expect(
      damage.every(
        (one) =>
          one.x >= rect.x && one.y >= rect.y && one.x + one.width <= rect.x + rect.width && one.y + one.height <= rect.y + rect.height,
      ),
    ).toBe(true)
    expect(alike(calm, screen.read(whole(screen)))).toBe(false)
    screen.pointer(600, 300, 0)
    expect(alike(calm, screen.read(whole(screen)))).toBe(true)
    screen.pointer(600, 301, 0)
    fetch()
    screen.pointer(600, 302, 0)
    expect(fetch()).toEqual([])
  })

  it('is driven by the keyboard alone', async () => {
    const { room, tap, type, told, console: screen } = await make()
    const { fetch } = viewer(screen)
    screen.key(keys.shiftLeft, true)
    tap(keys.tab)
    screen.key(keys.shiftLeft, false)
    expect(fetch().length).toBeGreaterThan(0)
    tap(keys.enter)
    expect(room.panel).toBe('more')
    tap(keys.escape)
    expect(room.panel).toBeUndefined()
    room.go('call')
    fetch()
    type('Grà')
    expect(room.search).toBe('Grà')
    expect(area(fetch())).toBeGreaterThan(0)
    tap(keys.backspace)
    tap(keys.backspace)
    tap(keys.backspace)
    type('+33 4 72')
    expect(room.search).toBe('+33 4 72')
    tap(keys.enter)
    expect([room.meeting?.title, told]).toEqual(['Call with +33 4 72', ['call']])
  })

  it('takes the operator’s clipboard into the field, and gives the field to it', async () => {
    const { room, console: screen, tap, screens } = await make()
    const copied: string[] = []
    const undo = screens.screen('frontOfRoom1').onCutText((text) => copied.push(text))
    room.go('call')
    screen.cutText('Alex\nWilber\u0007')
    screen.key(keys.controlLeft, true)
    tap(0x76)
    expect(room.search).toBe('Alex Wilber')
    tap(0x63)
    undo()
    tap(0x63)
    screen.key(keys.controlLeft, false)
    expect(copied).toEqual(['Alex Wilber'])
    screen.cutText('x'.repeat(limits.clipboardBytes))
    screen.key(keys.controlRight, true)
    tap(0x76)
    expect(room.search).toHaveLength(64)
  })

  it('shows faults of the device where they are seen in a room, and switches that react', async () => {
    const { screens, room, press, console: screen } = await make()
    const { pixels, fetch } = viewer(screen)
    const healthy = Buffer.from(pixels)
    screens.update({ signals: { 'peripherals.camera': { value: 'unhealthy' } } })
    const words = () =>
      pictureOf('console', room, noAttention, screens.displays).shapes.flatMap((shape) => (shape.kind === 'text' ? [shape.text] : []))
    expect(words()).toContain('Camera not found')
    expect(area(fetch())).toBeGreaterThan(0)
    screens.update({ signals: { 'peripherals.camera': { value: 'healthy' } } })
    expect(alike(healthy, screen.read(whole(screen)))).toBe(true)
    press('more')
    press('settings')
    expect(words()).toEqual(expect.arrayContaining([room.facts.serial, room.facts.os, 'Europe/Paris']))
    press('tab camera')
    press('switch cameraOn')
    expect(room.switches.cameraOn).toBe(false)
    expect(words()).toContain('The camera is off')
    press('tab displays')
    const front = screens.screen('frontOfRoom1')
    const named = front.read(whole(front))
    press('switch roomNameShown')
    expect(same(named, front.read(whole(front)))).toBe(false)
  })

  it('shows what is shared at the front', async () => {
    const { screens, press, room } = await make()
    const front = screens.screen('frontOfRoom2')
    const before = pixel(front, 960, 400)
    room.open('share')
    screens.update({ signals: { 'peripherals.hdmiIngest': { value: 'healthy' } } })
    press('shareNow')
    expect(pixel(front, 960, 200)).not.toEqual(before)
    expect(Math.min(...pixel(front, 960, 240))).toBeGreaterThan(0xf0)
  })

  it('restarts when it is told to or when Restart is pressed, and comes back', async () => {
    const { screens, room, clock, told, press, tap, console: screen } = await make()
    const { fetch } = viewer(screen)
    room.join(room.meetings()[0] ?? { id: '', title: '', organiser: '', start: 0, end: 0 })
    screens.restart()
    expect(told).toEqual(['call', 'no call'])
    expect(pixel(screen, 100, 700)).toEqual([5, 5, 12])
    tap(keys.windows)
    expect(room.panel).toBeUndefined()
    fetch()
    clock.advance(restartShownMs)
    expect(room.page).toBe('home')
    expect(area(fetch())).toBe(1280 * 800)
    screen.key(keys.controlLeft, true)
    screen.key(keys.altLeft, true)
    tap(keys.delete)
    screen.key(keys.altLeft, false)
    screen.key(keys.controlLeft, false)
    press('restartNow')
    expect(told).toEqual(['call', 'no call', 'restart'])
    expect(room.restarting).toBe(true)
  })

  it('draws whatever a hostile device is called, in whatever time zone', async () => {
    for (const text of hostileTexts) {
      const { screens, room } = await make({ roomName: text, place: { ...place, building: text, floor: text, timeZone: text } })
      room.go('settings')
      screens.showSession(text, 'view')
      expect(screens.screen('console').read({ x: 0, y: 0, width: 9, height: 9 })).toHaveLength(324)
      expect(room.name.length).toBeLessThanOrEqual(limits.nameChars)
    }
  })

  it('gives black for what is not on the screen', async () => {
    const { console: screen } = await make()
    expect(screen.read({ x: 1_270, y: 0, width: 20, height: 1 })).toEqual(new Uint8Array(80))
  })
})
