import { initials } from './meetings.ts'
import { colors, type SceneBuilder } from './parts.ts'
import type { RoomModel } from './room-model.ts'
import { rectOf } from './scene.ts'

const digits = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'] as const
const rowsShown = 6

/** Who of the contacts goes with what was typed. */
export function foundPeople(room: RoomModel): string[] {
  const part = folded(room.search)
  return room.contacts.filter((name) => folded(name).includes(part))
}

/** Whom the field means: the first of the people found, else what stands there as it is; '' where it is empty. */
export const wanted = (room: RoomModel): string => (room.search.trim() ? (foundPeople(room)[0] ?? room.search.trim()) : '')

const folded = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().trim()

/** Looks for somebody by name, or dials a number. 1280 × 800. */
export function drawCall(scene: SceneBuilder, room: RoomModel): void {
  const { words } = room
  drawHeader(scene, room, words.call)
  drawField(scene, room)
  drawPeople(scene, room)
  scene.card(rectOf(800, 232, 432, 520))
  digits.forEach((digit, index) => {
    const rect = rectOf(828 + (index % 3) * 128, 256 + Math.floor(index / 3) * 92, 120, 80)
    scene.ground(`digit ${digit}`, rect, 18)
    scene.text(rect, digit, { size: 30, weight: 500, align: 'center' })
    scene.target(`digit ${digit}`, rect, () => {
      room.type(digit)
    })
  })
  const who = wanted(room)
  scene.button(
    rectOf(828, 640, 376, 80),
    { id: 'dial', label: `${words.callNumber} ${who}`.trim(), icon: 'phone', tone: who ? 'accent' : 'plain', radius: 18, size: 20 },
    () => {
      room.dial(who)
    },
  )
}

/** The back button and the name of a page. */
export function drawHeader(scene: SceneBuilder, room: RoomModel, title: string): void {
  scene.button(rectOf(48, 52, 56, 56), { id: 'back', icon: 'back', radius: 28 }, () => {
    room.go('home')
  })
  scene.text(rectOf(128, 52, 520, 56), title, { size: 31, weight: 650 })
  scene.text(rectOf(1032, 52, 200, 56), room.clock.time(room.now()), { size: 26, weight: 500, color: colors.soft, align: 'right' })
}

function drawField(scene: SceneBuilder, room: RoomModel): void {
  const { search, words } = room
  const rect = rectOf(48, 144, 1184, 64)
  scene.box(rect, 'rgba(10, 10, 26, 0.42)', 18, { line: 'rgba(255, 255, 255, 0.42)', lineWidth: 1.5 })
  scene.icon(rectOf(rect.x + 20, rect.y + 20, 24, 24), 'search', colors.soft)
  scene.text(rectOf(rect.x + 62, rect.y, rect.width - 150, rect.height), search || words.search, {
    size: 22,
    color: search ? colors.text : colors.faint,
  })
  if (!search) return
  scene.button(rectOf(rect.x + rect.width - 60, rect.y + 8, 48, 48), { id: 'erase', icon: 'erase', radius: 14 }, () => {
    room.erase()
  })
}

function drawPeople(scene: SceneBuilder, room: RoomModel): void {
  const { words } = room
  scene.card(rectOf(48, 232, 728, 520))
  scene.text(rectOf(76, 246, 600, 40), words.people, { size: 20, weight: 620 })
  const found = foundPeople(room)
  if (found.length === 0) scene.text(rectOf(76, 296, 600, 40), words.nobody, { size: 18, color: colors.soft })
  found.slice(0, rowsShown).forEach((name, index) => {
    const y = 292 + index * 75
    drawAvatar(scene, name, 76, y + 8, 52)
    scene.text(rectOf(148, y + 8, 400, 52), name, { size: 20, weight: 540 })
    scene.button(rectOf(692, y + 8, 56, 52), { id: `call ${name}`, icon: 'phone', radius: 26 }, () => {
      room.dial(name)
    })
  })
}

const avatarColors = ['#7c6cf0', '#d0568f', '#2f9e8a', '#c77b30', '#4c86d9', '#a3546b', '#6a9a3a', '#8f63c9'] as const

/** A round picture of somebody: their initials, on a colour of their own. */
export function drawAvatar(scene: SceneBuilder, name: string, x: number, y: number, side: number): void {
  const sum = [...name].reduce((total, character) => total + (character.codePointAt(0) ?? 0), 0)
  const rect = rectOf(x, y, side, side)
  scene.box(rect, avatarColors[sum % avatarColors.length] ?? '#666666', side / 2)
  scene.text(rect, initials(name), { size: Math.round(side * 0.38), weight: 600, align: 'center' })
}
