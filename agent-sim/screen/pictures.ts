import type { DisplayId } from '../../contract/remoteFacts.ts'
import type { Rect } from '../rfb/interfaces.ts'
import { drawCall } from './console-call.ts'
import { drawHome } from './console-home.ts'
import { drawMeetingPage } from './console-meeting.ts'
import { drawPanel } from './console-panels.ts'
import { drawSettings } from './console-settings.ts'
import { drawFront1, drawFront2 } from './front.ts'
import { colors, noAttention, SceneBuilder, type Attention } from './parts.ts'
import type { RoomModel } from './room-model.ts'
import { rectOf, type Scene } from './scene.ts'

/** The whole of each display, in pixels. */
export const screenRects: Readonly<Record<DisplayId, Rect>> = {
  console: { x: 0, y: 0, width: 1280, height: 800 },
  frontOfRoom1: { x: 0, y: 0, width: 1920, height: 1080 },
  frontOfRoom2: { x: 0, y: 0, width: 1920, height: 1080 },
}

/** What a display shows now: a function of the room, of the time, and of where the pointer and the keyboard are. */
export function pictureOf(display: DisplayId, room: RoomModel, attention: Attention, displays: readonly DisplayId[]): Scene {
  const screen = screenRects[display]
  const isConsole = display === 'console'
  const scene = new SceneBuilder(room.theme, isConsole ? attention : noAttention)
  if (room.restarting) drawRestarting(scene, room, screen)
  else if (isConsole) drawConsole(scene, room)
  else {
    scene.wallpaper(screen, room.theme, room.meeting ? 0.35 : 0)
    if (display === 'frontOfRoom1') drawFront1(scene, room, !displays.includes('frontOfRoom2'))
    else drawFront2(scene, room)
  }
  drawRing(scene, room, screen)
  return scene
}

function drawConsole(scene: SceneBuilder, room: RoomModel): void {
  scene.wallpaper(screenRects.console, room.theme, room.page === 'home' ? 0 : 0.3)
  if (room.page === 'home') drawHome(scene, room)
  else if (room.page === 'call') drawCall(scene, room)
  else if (room.page === 'settings') drawSettings(scene, room)
  else drawMeetingPage(scene, room)
  drawPanel(scene, room)
}

function drawRestarting(scene: SceneBuilder, { words }: RoomModel, screen: Rect): void {
  const { width, height } = screen
  scene.box(screen, '#05050c')
  for (let dot = 0; dot < 8; dot += 1) {
    const angle = (dot / 8) * 2 * Math.PI
    const side = width / 130
    scene.box(
      rectOf(
        width / 2 + Math.cos(angle) * width * 0.026 - side / 2,
        height * 0.42 + Math.sin(angle) * width * 0.026 - side / 2,
        side,
        side,
      ),
      `rgba(255, 255, 255, ${0.2 + dot * 0.1})`,
      side / 2,
    )
  }
  scene.text(rectOf(0, height * 0.52, width, height * 0.08), words.restarting, { size: width / 44, weight: 560, align: 'center' })
  scene.text(rectOf(0, height * 0.59, width, height * 0.05), words.restartingHint, {
    size: width / 72,
    color: colors.faint,
    align: 'center',
  })
}

/** Everybody in the room sees that somebody looks, and who it is (REM-5). */
function drawRing(scene: SceneBuilder, { session, words }: RoomModel, screen: Rect): void {
  if (!session) return
  const scale = screen.width / 1280
  const thick = Math.round(8 * scale)
  const tab = rectOf(screen.width / 2 - 380 * scale, 0, 760 * scale, 40 * scale)
  // Four sides, so that a viewer is not sent the whole screen for its edge.
  const { x, y, width, height } = screen
  scene.box(rectOf(x, y, width, thick), colors.session)
  scene.box(rectOf(x, y + height - thick, width, thick), colors.session)
  scene.box(rectOf(x, y + thick, thick, height - 2 * thick), colors.session)
  scene.box(rectOf(x + width - thick, y + thick, thick, height - 2 * thick), colors.session)
  scene.box(rectOf(tab.x, tab.y - 20 * scale, tab.width, tab.height + 20 * scale), colors.session, Math.round(14 * scale))
  const what = session.mode === 'modify' ? words.controlling(session.who) : words.viewing(session.who)
  const said = session.recorded ? words.recorded(what) : what
  scene.text(rectOf(tab.x + 16 * scale, tab.y, tab.width - 32 * scale, tab.height), said, {
    size: Math.round(17 * scale),
    weight: 600,
    align: 'center',
    dot: true,
  })
}
