import { beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import type { DisplayId } from '../../contract/remoteFacts.ts'
import { cases } from '../../contract/testing/chance.ts'
import { hostileTexts } from '../devices/hostile.ts'
import { pick, randomInt, seededRandom } from '../random.ts'
import { alike, area, makeScreens, pixel, place, ring, same, viewer, whole } from '../testing/room-screens.ts'
import { loadCanvas } from './canvas.ts'
import { keys } from './keyboard.ts'
import { noAttention } from './parts.ts'
import { pictureOf } from './pictures.ts'
import { restartShownMs } from './room-model.ts'

beforeAll(async () => {
  await loadCanvas()
})

describe('SimulatedRoomScreens', () => {
  it('shows the same picture for the same seed and time, and another for another', async () => {
    const [one, other, seed, french] = await Promise.all([
      makeScreens(),
      makeScreens(),
      makeScreens({ seed: 2 }),
      makeScreens({ language: 'fr' }),
    ])
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
    const { screens } = await makeScreens({}, false)
    expect(screens.displays).toEqual(['console', 'frontOfRoom1'])
    expect(() => screens.screen('frontOfRoom2')).toThrow(RangeError)
    expect(screens.screen('console')).toMatchObject({ name: 'Lyon 1.14 Gerland – Console', width: 1280, height: 800 })
    expect(screens.screen('frontOfRoom1')).toMatchObject({ width: 1920, height: 1080 })
  })

  it('waits for nothing while nobody looks', async () => {
    const { screens, room, clock } = await makeScreens()
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
    const { clock, console: screen } = await makeScreens()
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
    const { screens, room, clock, console: screen } = await makeScreens()
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
    const { screens } = await makeScreens()
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

  it('is in a call when its device is, without telling it again', async () => {
    const { screens, room, told } = await makeScreens()
    screens.update({ facts: { inCall: true } })
    expect(room.page).toBe('meeting')
    screens.update({ facts: { inCall: false } })
    expect([room.page, told]).toEqual(['home', []])
    expect((await makeScreens({ facts: { ...room.facts, inCall: true } })).room.page).toBe('meeting')
  })

  it('shows faults of the device where they are seen in a room, and switches that react', async () => {
    const { screens, room, press, console: screen } = await makeScreens()
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
    const { screens, press, room } = await makeScreens()
    const front = screens.screen('frontOfRoom2')
    const before = pixel(front, 960, 400)
    room.open('share')
    screens.update({ signals: { 'peripherals.hdmiIngest': { value: 'healthy' } } })
    press('shareNow')
    expect(pixel(front, 960, 200)).not.toEqual(before)
    expect(Math.min(...pixel(front, 960, 240))).toBeGreaterThan(0xf0)
  })

  it('restarts when it is told to or when Restart is pressed, and comes back', async () => {
    const { screens, room, clock, told, press, tap, console: screen } = await makeScreens()
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
      const { screens, room } = await makeScreens({ roomName: text, place: { ...place, building: text, floor: text, timeZone: text } })
      room.go('settings')
      screens.showSession(text, 'view')
      expect(screens.screen('console').read({ x: 0, y: 0, width: 9, height: 9 })).toHaveLength(324)
      expect(room.name.length).toBeLessThanOrEqual(limits.nameChars)
    }
  })

  it('gives black for what is not on the screen', async () => {
    const { console: screen } = await makeScreens()
    expect(screen.read({ x: 1_270, y: 0, width: 20, height: 1 })).toEqual(new Uint8Array(80))
  })
})
