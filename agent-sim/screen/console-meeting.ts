import { drawAvatar } from './console-call.ts'
import type { IconName } from './icons.ts'
import { colors, type SceneBuilder } from './parts.ts'
import type { RoomModel, Switches } from './room-model.ts'
import { gridOf, inset, rectOf } from './scene.ts'

const tilesShown = 6

/** The console while the room is in a meeting or a call. 1280 × 800. */
export function drawMeetingPage(scene: SceneBuilder, room: RoomModel): void {
  const { meeting, words, switches } = room
  if (!meeting) return
  // Both in whole minutes of the clock, which is when the picture changes.
  const minutes = Math.max(0, Math.floor(room.now() / 60_000) - Math.floor(meeting.since / 60_000))
  scene.text(rectOf(48, 52, 800, 42), meeting.title, { size: 31, weight: 650 })
  scene.text(rectOf(48, 94, 800, 26), `${words.since(minutes)} · ${words.participants(meeting.people.length + 1)}`, {
    size: 17,
    color: colors.soft,
  })
  scene.text(rectOf(1032, 52, 200, 56), room.clock.time(room.now()), { size: 26, weight: 500, color: colors.soft, align: 'right' })
  const camera = room.problem('peripherals.camera')
  const seats = [...meeting.people.slice(0, tilesShown - 1), room.name]
  const places = gridOf(seats.length, rectOf(48, 144, 1184, 468), 20)
  places.forEach((rect, index) => {
    const name = seats[index] ?? ''
    scene.card(rect)
    const here = index === seats.length - 1
    const face = rectOf(rect.x + rect.width / 2 - 44, rect.y + rect.height / 2 - 62, 88, 88)
    if (here) {
      scene.box(face, 'rgba(255, 255, 255, 0.2)', 44)
      scene.icon(inset(face, 24), 'people')
    } else {
      drawAvatar(scene, name, face.x, face.y, face.width)
    }
    scene.text(rectOf(rect.x + 16, rect.y + rect.height / 2 + 36, rect.width - 32, 32), name, { size: 19, weight: 560, align: 'center' })
    if (here)
      scene.text(rectOf(rect.x + 16, rect.y + rect.height / 2 + 66, rect.width - 32, 26), camera ?? words.inRoom, {
        size: 15,
        color: camera === undefined ? colors.soft : colors.warning,
        align: 'center',
      })
  })
  const controls: [keyof Switches, IconName, IconName, string, string][] = [
    ['muted', 'mic', 'micOff', words.microphoneOn, words.microphoneOff],
    ['videoOff', 'video', 'videoOff', words.videoOn, words.videoOff],
    ['handUp', 'hand', 'hand', words.hand, words.handUp],
    ['sharing', 'share', 'share', words.share, words.stopSharing],
  ]
  controls.forEach(([name, whenOff, whenOn, labelOff, labelOn], index) => {
    const on = switches[name]
    scene.button(
      rectOf(48 + index * 238, 640, 222, 88),
      { id: `control ${name}`, icon: on ? whenOn : whenOff, label: on ? labelOn : labelOff, tone: on ? 'on' : 'plain', radius: 20 },
      () => {
        room.flip(name)
      },
    )
  })
  scene.button(rectOf(1000, 640, 232, 88), { id: 'leave', icon: 'leave', label: words.leave, tone: 'danger', radius: 20, size: 20 }, () => {
    room.leave()
  })
}
