import { beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { alike, area, makeScreens, pixel, targetOf, viewer, whole } from '../testing/room-screens.ts'
import { loadCanvas } from './canvas.ts'
import { keys } from './keyboard.ts'

beforeAll(async () => {
  await loadCanvas()
})

describe('SimulatedRoomScreens', () => {
  it('starts a meeting by pointer and leaves it, which its device is told', async () => {
    const { room, told, press, console: screen } = await makeScreens()
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

  it('does nothing when the pointer slides away before it lifts, or with another button', async () => {
    const { room, console: screen, screens } = await makeScreens()
    const { x, y } = targetOf(screens, 'newMeeting')
    screen.pointer(x + 5, y + 5, 1)
    screen.pointer(640, 300, 1)
    screen.pointer(640, 300, 0)
    screen.pointer(x + 5, y + 5, 4)
    screen.pointer(x + 5, y + 5, 0)
    expect(room.page).toBe('home')
  })

  it('shows where the pointer is and what is held, and only that', async () => {
    const { console: screen, screens } = await makeScreens()
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
    const { room, tap, type, told, console: screen } = await makeScreens()
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
    const { room, console: screen, tap, screens } = await makeScreens()
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
})
