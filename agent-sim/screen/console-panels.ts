import type { IconName } from './icons.ts'
import { colors, type SceneBuilder } from './parts.ts'
import type { RoomModel } from './room-model.ts'
import { rectOf } from './scene.ts'

const ground = ['#2d2c55', '#242346'] as const

/** What lies over the page until it is answered or put away. 1280 × 800. */
export function drawPanel(scene: SceneBuilder, room: RoomModel): void {
  if (!room.panel) return
  scene.cover(rectOf(0, 0, 1280, 800), () => {
    room.open(undefined)
  })
  if (room.panel === 'more') drawMore(scene, room)
  else if (room.panel === 'share') drawShare(scene, room)
  else drawRestart(scene, room)
}

function drawMore(scene: SceneBuilder, room: RoomModel): void {
  const { words } = room
  scene.box(rectOf(912, 440, 320, 164), ground, 22, { line: colors.line, shadow: 24 })
  const rows: [string, IconName, string, () => void][] = [
    [
      'settings',
      'settings',
      words.settings,
      () => {
        room.go('settings')
      },
    ],
    [
      'restart',
      'restart',
      words.restart,
      () => {
        room.open('restart')
      },
    ],
  ]
  rows.forEach(([id, icon, label, press], index) => {
    const rect = rectOf(924, 454 + index * 70, 296, 66)
    scene.quiet(id, rect, 14)
    scene.icon(rectOf(rect.x + 18, rect.y + 20, 26, 26), icon)
    scene.text(rectOf(rect.x + 62, rect.y, rect.width - 74, rect.height), label, { size: 20, weight: 540 })
    scene.target(id, rect, press)
  })
}

function drawShare(scene: SceneBuilder, room: RoomModel): void {
  const { words } = room
  const has = room.has('peripherals.hdmiIngest')
  const problem = has ? room.problem('peripherals.hdmiIngest') : words.shareNone
  drawDialog(scene, words.shareTitle, words.shareHint)
  scene.box(rectOf(392, 374, 496, 72), 'rgba(255, 255, 255, 0.07)', 16)
  scene.icon(rectOf(414, 397, 26, 26), 'display', colors.soft)
  scene.text(rectOf(460, 374, 160, 72), words.shareCable, { weight: 560 })
  scene.text(rectOf(610, 374, 258, 72), problem ?? words.healthy, {
    size: 16,
    color: problem === undefined ? colors.good : colors.warning,
    align: 'right',
  })
  drawCancel(scene, room)
  if (problem !== undefined) return
  const { sharing } = room.switches
  scene.button(
    rectOf(648, 478, 240, 60),
    { id: 'shareNow', label: sharing ? words.stopSharing : words.shareStart, tone: sharing ? 'danger' : 'accent', radius: 16 },
    () => {
      room.open(undefined)
      room.flip('sharing')
    },
  )
}

function drawRestart(scene: SceneBuilder, room: RoomModel): void {
  const { words } = room
  drawDialog(scene, `${words.restart} ?`.replace(' ?', room.language === 'fr' ? '\u00a0?' : '?'), words.restartWhy)
  scene.icon(rectOf(612, 374, 56, 56), 'restart', colors.soft)
  drawCancel(scene, room)
  scene.button(rectOf(648, 478, 240, 60), { id: 'restartNow', label: words.restartNow, tone: 'danger', radius: 16 }, () => {
    room.pressRestart()
  })
}

function drawDialog(scene: SceneBuilder, title: string, hint: string): void {
  scene.box(rectOf(360, 244, 560, 326), ground, 26, { line: colors.line, shadow: 32 })
  scene.text(rectOf(392, 268, 496, 44), title, { size: 26, weight: 640 })
  scene.text(rectOf(392, 314, 496, 32), hint, { size: 17, color: colors.soft })
}

function drawCancel(scene: SceneBuilder, room: RoomModel): void {
  scene.button(rectOf(392, 478, 240, 60), { id: 'cancel', label: room.words.cancel, radius: 16 }, () => {
    room.open(undefined)
  })
}
