import type { IconName } from './icons.ts'
import type { Meeting } from './meetings.ts'
import { colors, type SceneBuilder } from './parts.ts'
import type { RoomModel } from './room-model.ts'
import { rectOf } from './scene.ts'

/** A meeting can be joined this long before it begins, in ms. */
const joinEarlyMs = 15 * 60_000
const rowsShown = 4

/** The console when nobody meets: what time it is, what comes next, and what can be done. 1280 × 800. */
export function drawHome(scene: SceneBuilder, room: RoomModel): void {
  const { words } = room
  drawTitle(scene, room)
  drawClock(scene, room)
  drawMeetings(scene, room)
  const tiles: [string, IconName, string, () => void][] = [
    [
      'newMeeting',
      'video',
      words.newMeeting,
      () => {
        room.meetNow()
      },
    ],
    [
      'share',
      'share',
      words.share,
      () => {
        room.open('share')
      },
    ],
    [
      'call',
      'phone',
      words.call,
      () => {
        room.go('call')
      },
    ],
    [
      'more',
      'more',
      words.more,
      () => {
        room.open('more')
      },
    ],
  ]
  tiles.forEach(([id, icon, label, press], index) => {
    const rect = rectOf(48 + index * 301, 624, 281, 128)
    scene.ground(id, rect, 22, index === 0 ? 'accent' : 'plain')
    scene.icon(rectOf(rect.x + 24, rect.y + 24, 36, 36), icon)
    scene.text(rectOf(rect.x + 24, rect.y + 76, rect.width - 48, 32), label, { size: 21, weight: 600 })
    scene.target(id, rect, press)
  })
}

/** The room's name at the top left, and at the top right what is wrong with it. */
export function drawTitle(scene: SceneBuilder, room: RoomModel): void {
  scene.text(rectOf(48, 52, 640, 42), room.name, { size: 31, weight: 650 })
  scene.text(rectOf(48, 94, 640, 26), room.place, { size: 17, color: colors.soft })
  const problems = (
    [
      'connectivity.network',
      'connectivity.signInTeams',
      'connectivity.signInExchange',
      'peripherals.camera',
      'audio.microphone',
      'audio.speaker',
      'display.frontOfRoom1',
      'display.frontOfRoom2',
    ] as const
  )
    .map((signal) => room.problem(signal))
    .filter((problem) => problem !== undefined)
  const [first] = problems
  if (first === undefined) return
  const label = problems.length > 1 ? `${first}  +${problems.length - 1}` : first
  const rect = rectOf(872, 58, 360, 44)
  scene.box(rect, 'rgba(251, 191, 36, 0.16)', 22, { line: 'rgba(251, 191, 36, 0.55)' })
  scene.icon(rectOf(rect.x + 16, rect.y + 11, 22, 22), 'warning', colors.warning)
  scene.text(rectOf(rect.x + 50, rect.y, rect.width - 66, rect.height), label, { size: 17, weight: 560 })
}

function drawClock(scene: SceneBuilder, room: RoomModel): void {
  const { clock, words } = room
  const now = room.now()
  scene.text(rectOf(44, 206, 540, 150), clock.time(now), { size: 148, weight: 280 })
  scene.text(rectOf(50, 372, 540, 40), clock.date(now), { size: 27, color: colors.soft })
  const [next] = room.meetings()
  const busy = next !== undefined && next.start <= now
  const today = next !== undefined && clock.isSameDay(next.start, now)
  const said = busy ? words.busyUntil(clock.time(next.end)) : today ? words.freeUntil(clock.time(next.start)) : words.free
  const rect = rectOf(48, 436, 330, 48)
  scene.box(rect, colors.card, 24, { line: colors.line })
  scene.box(rectOf(rect.x + 20, rect.y + 18, 12, 12), busy ? colors.warning : colors.good, 6)
  scene.text(rectOf(rect.x + 46, rect.y, rect.width - 62, rect.height), said, { size: 18, weight: 540 })
}

function drawMeetings(scene: SceneBuilder, room: RoomModel): void {
  const { clock, words } = room
  const now = room.now()
  scene.card(rectOf(640, 140, 592, 444))
  const meetings = room.meetings().slice(0, rowsShown)
  const noneToday = !meetings.some(({ start }) => start <= now || clock.isSameDay(start, now))
  scene.text(rectOf(668, 154, 536, 40), noneToday ? words.tomorrow : words.today, { size: 20, weight: 620 })
  meetings.forEach((meeting, index) => {
    drawMeeting(scene, room, meeting, 200 + index * 94, !noneToday)
  })
}

function drawMeeting(scene: SceneBuilder, room: RoomModel, meeting: Meeting, y: number, namesDay: boolean): void {
  const { clock, words } = room
  const now = room.now()
  const running = meeting.start <= now
  const soon = meeting.start - now <= joinEarlyMs
  if (running) scene.box(rectOf(652, y - 2, 568, 88), 'rgba(255, 255, 255, 0.07)', 16)
  scene.box(rectOf(668, y + 12, 5, 62), soon ? scene.accent : 'rgba(255, 255, 255, 0.28)', 2)
  const later = namesDay && !running && !clock.isSameDay(meeting.start, now)
  scene.text(rectOf(692, y + 8, 92, 36), clock.time(meeting.start), { size: 20, weight: 600 })
  scene.text(rectOf(692, y + 42, 92, 30), later ? words.tomorrow : clock.time(meeting.end), { size: 16, color: colors.faint })
  scene.text(rectOf(790, y + 8, 286, 36), meeting.title, { size: 20, weight: 600 })
  scene.text(rectOf(790, y + 42, 286, 30), meeting.organiser, { size: 16, color: colors.soft })
  scene.button(
    rectOf(1092, y + 19, 112, 48),
    { id: `join ${meeting.id}`, label: words.join, tone: soon ? 'accent' : 'plain', radius: 14 },
    () => {
      room.join(meeting)
    },
  )
}
