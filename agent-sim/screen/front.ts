import { drawAvatar } from './console-call.ts'
import { colors, type SceneBuilder } from './parts.ts'
import type { RoomModel } from './room-model.ts'
import { gridOf, rectOf } from './scene.ts'

/** The first display at the front: the room's clock and next meeting, or everybody who is in the meeting. 1920 × 1080. */
export function drawFront1(scene: SceneBuilder, room: RoomModel, alone: boolean): void {
  if (alone && room.switches.sharing) drawSlide(scene, room)
  else if (room.meeting) drawGallery(scene, room)
  else drawAmbient(scene, room)
}

/** The second one: what is shared, else nothing but the wallpaper and the time. 1920 × 1080. */
export function drawFront2(scene: SceneBuilder, room: RoomModel): void {
  if (room.switches.sharing) drawSlide(scene, room)
  else scene.text(rectOf(1420, 56, 420, 60), room.clock.time(room.now()), { size: 44, weight: 400, color: colors.soft, align: 'right' })
}

function drawAmbient(scene: SceneBuilder, room: RoomModel): void {
  const { clock, words, switches } = room
  const now = room.now()
  scene.text(rectOf(104, 210, 1100, 280), clock.time(now), { size: 280, weight: 250 })
  scene.text(rectOf(116, 520, 1100, 64), clock.date(now), { size: 46, color: colors.soft })
  if (switches.roomNameShown) {
    scene.text(rectOf(116, 84, 1300, 64), room.name, { size: 46, weight: 640 })
    scene.text(rectOf(1300, 84, 504, 64), room.place, { size: 26, color: colors.soft, align: 'right' })
  }
  const [next] = room.meetings()
  if (!switches.nextMeetingShown || !next) return
  const busy = next.start <= now
  scene.box(rectOf(104, 716, 1712, 260), 'rgba(12, 12, 30, 0.36)', 36, { line: colors.line })
  scene.box(rectOf(148, 768, 8, 156), scene.accent, 4)
  const day = clock.isSameDay(next.start, now) || busy ? '' : `${words.tomorrow} `
  scene.text(rectOf(188, 756, 1000, 40), busy ? words.now : words.nextMeeting, { size: 26, color: colors.soft })
  scene.text(rectOf(188, 800, 1080, 72), next.title, { size: 54, weight: 640 })
  scene.text(rectOf(188, 880, 1080, 48), `${day}${clock.time(next.start)} – ${clock.time(next.end)} · ${next.organiser}`, {
    size: 30,
    color: colors.soft,
  })
  scene.text(rectOf(1290, 800, 470, 72), words.joinHint, { size: 28, weight: 520, align: 'right' })
}

const seatsShown = 9

function drawGallery(scene: SceneBuilder, room: RoomModel): void {
  const { meeting, words, switches } = room
  if (!meeting) return
  const seats = meeting.people.slice(0, seatsShown)
  scene.text(rectOf(64, 60, 1200, 60), meeting.title, { size: 38, weight: 620 })
  scene.text(rectOf(1300, 60, 556, 60), room.clock.time(room.now()), { size: 36, color: colors.soft, align: 'right' })
  gridOf(seats.length, rectOf(64, 150, 1792, 860), 24).forEach((rect, index) => {
    const name = seats[index] ?? ''
    scene.box(rect, 'rgba(255, 255, 255, 0.1)', 28, { line: colors.line })
    const side = Math.min(220, rect.height * 0.46)
    drawAvatar(scene, name, rect.x + (rect.width - side) / 2, rect.y + (rect.height - side) / 2 - 14, side)
    scene.text(rectOf(rect.x + 28, rect.y + rect.height - 64, rect.width - 56, 44), name, { size: 28, weight: 540 })
  })
  const camera = room.problem('peripherals.camera')
  const said = camera ?? (switches.videoOff ? words.videoOff : switches.muted ? words.microphoneOff : undefined)
  if (said === undefined) return
  scene.box(rectOf(1478, 928, 340, 60), 'rgba(8, 8, 20, 0.7)', 30, { line: colors.line })
  scene.icon(
    rectOf(1502, 944, 28, 28),
    camera === undefined && !switches.videoOff ? 'micOff' : 'videoOff',
    camera === undefined ? colors.text : colors.warning,
  )
  scene.text(rectOf(1544, 928, 258, 60), said, { size: 22, weight: 540 })
}

const bars = [0.42, 0.55, 0.5, 0.68, 0.61, 0.74, 0.86, 0.8, 0.92]

/** What comes from the HDMI cable: somebody's slide. */
function drawSlide(scene: SceneBuilder, room: RoomModel): void {
  const { words } = room
  const ink = '#22243a'
  scene.box(rectOf(0, 0, 1920, 1080), '#101018')
  scene.box(rectOf(96, 54, 1728, 972), ['#ffffff', '#f4f4f8'], 8)
  scene.text(rectOf(168, 120, 1500, 88), words.slideTitle, { size: 60, weight: 680, color: ink })
  scene.box(rectOf(170, 216, 120, 8), scene.accent, 4)
  bars.forEach((share, index) => {
    const height = Math.round(share * 560)
    scene.box(rectOf(172 + index * 112, 900 - height, 76, height), index === bars.length - 1 ? scene.accent : '#c9cae0', 8)
    scene.text(rectOf(152 + index * 112, 912, 116, 36), String(27 + index), { size: 24, color: '#77798f', align: 'center' })
  })
  words.slideFacts.forEach((label, index) => {
    const y = 300 + index * 210
    scene.text(rectOf(1260, y, 480, 110), words.slideValues[index] ?? '', { size: 92, weight: 660, color: ink })
    scene.text(rectOf(1262, y + 112, 480, 44), label, { size: 30, color: '#5d5f77' })
  })
  scene.text(rectOf(168, 968, 900, 36), words.sharing, { size: 22, color: '#8a8ca3' })
}
