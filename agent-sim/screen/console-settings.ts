import type { SignalId } from '../../contract/signals.ts'
import { drawHeader } from './console-call.ts'
import type { IconName } from './icons.ts'
import { colors, type SceneBuilder } from './parts.ts'
import { settingsTabs, type RoomModel, type SettingsTab, type Switches } from './room-model.ts'
import { rectOf } from './scene.ts'

const left = 352
const width = 880
const top = 144
const tabIcons: Record<SettingsTab, IconName> = { about: 'info', displays: 'display', audio: 'speaker', camera: 'video' }

/** What the device is, what it has, and what can be switched on and off. 1280 × 800. */
export function drawSettings(scene: SceneBuilder, room: RoomModel): void {
  const { words } = room
  drawHeader(scene, room, words.settings)
  scene.card(rectOf(48, top, 280, 608))
  settingsTabs.forEach((tab, index) => {
    const rect = rectOf(60, top + 14 + index * 68, 256, 60)
    if (tab === room.tab) scene.box(rect, 'rgba(255, 255, 255, 0.16)', 14)
    drawNavigation(scene, `tab ${tab}`, rect, tabIcons[tab], words[tab], () => {
      room.select(tab)
    })
  })
  drawNavigation(scene, 'restart', rectOf(60, top + 534, 256, 60), 'restart', words.restart, () => {
    room.open('restart')
  })
  scene.card(rectOf(left, top, width, 608))
  const pages: Record<SettingsTab, () => void> = {
    about: () => {
      drawAbout(scene, room)
    },
    displays: () => {
      drawDisplays(scene, room)
    },
    audio: () => {
      drawAudio(scene, room)
    },
    camera: () => {
      drawCamera(scene, room)
    },
  }
  pages[room.tab]()
}

function drawNavigation(
  scene: SceneBuilder,
  id: string,
  rect: ReturnType<typeof rectOf>,
  icon: IconName,
  label: string,
  press: () => void,
): void {
  scene.quiet(id, rect, 14)
  scene.icon(rectOf(rect.x + 18, rect.y + 18, 24, 24), icon, colors.soft)
  scene.text(rectOf(rect.x + 56, rect.y, rect.width - 58, rect.height), label, { size: 17, weight: 540 })
  scene.target(id, rect, press)
}

function drawAbout(scene: SceneBuilder, room: RoomModel): void {
  const { words, facts } = room
  const rows: [string, string][] = [
    [words.room, room.name],
    [words.place, room.place],
    [words.timeZone, room.clock.zone],
    [words.model, `${facts.manufacturer} ${facts.model}`],
    [words.serial, facts.serial],
    [words.system, facts.os],
    [words.app, facts.appVersion],
    [words.agent, facts.agentVersion],
    [words.address, facts.address],
  ]
  rows.forEach(([label, value], index) => {
    const y = rowAt(scene, index, 64)
    scene.text(rectOf(left + 32, y, 300, 64), label, { color: colors.soft })
    scene.text(rectOf(left + 320, y, width - 352, 64), value, { weight: 540 })
  })
}

function drawDisplays(scene: SceneBuilder, room: RoomModel): void {
  const { words } = room
  let row = 0
  for (const [signal, label] of [
    ['display.console', words.console],
    ['display.frontOfRoom1', words.frontOfRoom1],
    ['display.frontOfRoom2', words.frontOfRoom2],
  ] as const) {
    if (room.has(signal)) drawPart(scene, room, row++, signal, label, 'display')
  }
  drawSwitch(scene, room, row++, 'roomNameShown', words.roomNameShown)
  drawSwitch(scene, room, row, 'nextMeetingShown', words.nextMeetingShown)
}

function drawAudio(scene: SceneBuilder, room: RoomModel): void {
  const { words, volume } = room
  drawPart(scene, room, 0, 'audio.microphone', words.microphone, 'mic')
  drawPart(scene, room, 1, 'audio.speaker', words.speaker, 'speaker')
  const y = rowAt(scene, 2, 88)
  scene.text(rectOf(left + 32, y, 300, 88), words.volume, { size: 20, weight: 560 })
  scene.button(rectOf(left + 360, y + 20, 48, 48), { id: 'quieter', icon: 'minus', radius: 24 }, () => {
    room.turnVolume(-1)
  })
  for (let step = 0; step < 10; step += 1) {
    scene.box(rectOf(left + 428 + step * 34, y + 38, 28, 12), step < volume ? scene.accent : 'rgba(255, 255, 255, 0.16)', 6)
  }
  scene.button(rectOf(left + width - 80, y + 20, 48, 48), { id: 'louder', icon: 'plus', radius: 24 }, () => {
    room.turnVolume(1)
  })
  drawSwitch(scene, room, 3, 'noise', words.noise)
}

function drawCamera(scene: SceneBuilder, room: RoomModel): void {
  const { words, switches } = room
  drawPart(scene, room, 0, 'peripherals.camera', words.camera, 'video')
  drawSwitch(scene, room, 1, 'cameraOn', words.cameraOn)
  drawSwitch(scene, room, 2, 'framing', words.framing)
  const rect = rectOf(left + 32, top + 288, 496, 288)
  const problem = room.problem('peripherals.camera')
  if (problem === undefined && switches.cameraOn) {
    drawTable(scene, rect.x, rect.y, rect.width, rect.height)
    if (switches.framing)
      scene.box(rectOf(rect.x + 56, rect.y + 96, 384, 172), 'rgba(255, 255, 255, 0)', 10, { line: '#ffffff', lineWidth: 2 })
  } else {
    scene.box(rect, 'rgba(6, 6, 16, 0.6)', 16, { line: colors.line })
    scene.icon(rectOf(rect.x + rect.width / 2 - 28, rect.y + 88, 56, 56), 'videoOff', colors.faint)
    scene.text(rectOf(rect.x + 20, rect.y + 160, rect.width - 40, 40), problem ?? words.previewOff, {
      size: 18,
      color: colors.soft,
      align: 'center',
    })
  }
  scene.box(rectOf(rect.x + 16, rect.y + 16, 116, 36), 'rgba(8, 8, 20, 0.62)', 18)
  scene.text(rectOf(rect.x + 20, rect.y + 16, 108, 36), words.preview, { size: 15, weight: 540, align: 'center' })
}

/** What a camera sees of an empty room: wall, screen, table, chairs. */
function drawTable(scene: SceneBuilder, x: number, y: number, w: number, h: number): void {
  scene.box(rectOf(x, y, w, h), ['#c9c4ba', '#a49c8e'], 16)
  scene.box(rectOf(x, y + h * 0.72, w, h * 0.28), ['#7d7468', '#5f574d'], 16)
  scene.box(rectOf(x + w * 0.36, y + h * 0.14, w * 0.28, h * 0.24), ['#2c2f45', '#1d1f31'], 6)
  for (const at of [0.14, 0.32, 0.5, 0.68]) scene.box(rectOf(x + w * at, y + h * 0.46, w * 0.17, h * 0.3), ['#4b5670', '#3b4459'], 14)
  scene.box(rectOf(x + w * 0.08, y + h * 0.66, w * 0.84, h * 0.16), ['#d8a978', '#b98a5b'], 10)
}

/** One part of the device: its name, what it is, and how it is. */
function drawPart(scene: SceneBuilder, room: RoomModel, row: number, signal: SignalId, label: string, icon: IconName): void {
  const y = rowAt(scene, row, 88)
  const problem = room.problem(signal)
  scene.icon(rectOf(left + 32, y + 30, 28, 28), icon, colors.soft)
  const detail = room.detail(signal) ?? ''
  scene.text(rectOf(left + 84, detail ? y + 12 : y + 26, 420, 36), label, { size: 20, weight: 560 })
  scene.text(rectOf(left + 84, y + 46, 480, 28), detail, { size: 16, color: colors.soft })
  const state = rectOf(left + width - 312, y, 280, 88)
  scene.text(state, problem ?? room.words.healthy, {
    size: 17,
    weight: 560,
    color: problem === undefined ? colors.good : colors.warning,
    align: 'right',
  })
}

function drawSwitch(scene: SceneBuilder, room: RoomModel, row: number, name: keyof Switches, label: string): void {
  const y = rowAt(scene, row, 88)
  scene.toggle(rectOf(left + 20, y + 8, width - 40, 72), `switch ${name}`, room.switches[name], () => {
    room.flip(name)
  })
  scene.text(rectOf(left + 32, y, width - 160, 88), label, { size: 20, weight: 560 })
}

/** Where a row begins; all but the first have a line above them. */
function rowAt(scene: SceneBuilder, row: number, height: number): number {
  const y = top + 12 + row * height
  if (row > 0) scene.box(rectOf(left + 32, y, width - 64, 1), 'rgba(255, 255, 255, 0.1)')
  return y
}
