import type { IconName } from './icons.ts'
import { colors, type SceneBuilder } from './parts.ts'
import { rectOf } from './scene.ts'
import type { RoomModel, Switches } from './room-model.ts'
import { drawAvatar } from './console-call.ts'

const tilesShown = 6

/** The console while the room is in a meeting or a call. 1280 × 800. */
export function drawMeetingPage(scene: SceneBuilder, room: RoomModel): void {
  const { meeting, words, switches } = room
  if (!meeting) return
  const minutes = Math.max(0, Math.floor((room.now() - meeting.since) / 60_000))
  scene.text(rectOf(48, 52, 800, 42), meeting.title, { size: 31, weight: 650 })
  scene.text(rectOf(48, 94, 800, 26), `${words.since(minutes)} · ${words.participants(meeting.people.length + 1)}`, { size: 17, color: colors.soft })
  scene.text(rectOf(1032, 52, 200, 56), room.clock.time(room.now()), { size: 26, weight: 500, color: colors.soft, align: 'right' })
  const camera = room.problem('peripherals.camera')
  const seats = [...meeting.people.slice(0, tilesShown - 1), room.name]
  const columns = seats.length <= 2 ? 2 : 3
  const rows = Math.ceil(seats.length / columns)
  const width = (1184 - (columns - 1) * 20) / columns
  const height = (452 - (rows - 1) * 20) / rows
  seats.forEach((name, index) => {
    const rect = rectOf(48 + (index % columns) * (width + 20), 144 + Math.floor(index / columns) * (height + 20), width, height)
    scene.card(rect)
    drawAvatar(scene, name, rect.x + rect.width / 2 - 44, rect.y + rect.height / 2 - 62, 88)
    const here = index === seats.length - 1
    scene.text(rectOf(rect.x + 16, rect.y + rect.height / 2 + 36, rect.width - 32, 32), name, { size: 19, weight: 560, align: 'center' })
    if (here) scene.text(rectOf(rect.x + 16, rect.y + rect.height / 2 + 66, rect.width - 32, 26), camera ?? words.inRoom, { size: 15, color: camera === undefined ? colors.soft : colors.warning, align: 'center' })
  })
  const controls: [keyof Switches, IconName, IconName, string, string][] = [
    ['muted', 'mic', 'micOff', words.microphoneOn, words.microphoneOff],
    ['videoOff', 'video', 'videoOff', words.videoOn, words.videoOff],
    ['handUp', 'hand', 'hand', words.hand, words.handUp],
    ['sharing', 'share', 'share', words.share, words.stopSharing],
  ]
  controls.forEach(([name, whenOff, whenOn, labelOff, labelOn], index) => {
    const on = switches[name]
    scene.button(rectOf(48 + index * 238, 640, 222, 88), { id: `control ${name}`, icon: on ? whenOn : whenOff, label: on ? labelOn : labelOff, tone: on ? 'on' : 'plain', radius: 20 }, () => {
      room.flip(name)
    })
  })
  scene.button(rectOf(1000, 640, 232, 88), { id: 'leave', icon: 'leave', label: words.leave, tone: 'danger', radius: 20, size: 20 }, () => {
    room.leave()
  })
}
