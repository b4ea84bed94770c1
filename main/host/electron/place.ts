import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { writeWhole } from '../../files.ts'

const Side = z.int().min(-100_000).max(100_000)
const Bounds = z.object({ x: Side, y: Side, width: Side.min(200), height: Side.min(200) })
type Bounds = z.infer<typeof Bounds>
const WindowPlace = z.object({ bounds: Bounds, maximised: z.boolean() })
export type WindowPlace = z.infer<typeof WindowPlace>

const usual = { width: 1_440, height: 900 }
const grip = 80
const pathIn = (folder: string): string => join(folder, 'window.json')

/** Where the window was last, if enough of it lies on a display that is still there; else the usual size. */
export function readPlace(folder: string, displays: readonly { workArea: Bounds }[]): { bounds: Partial<Bounds>; maximised: boolean } {
  let place: WindowPlace
  try {
    place = WindowPlace.parse(JSON.parse(readFileSync(pathIn(folder), 'utf8')))
  } catch {
    return { bounds: usual, maximised: false }
  }
  const { x, y, width } = place.bounds
  const reachable = displays.some(
    ({ workArea: area }) => x + width > area.x + grip && x < area.x + area.width - grip && y >= area.y && y < area.y + area.height - grip,
  )
  return reachable ? place : { bounds: { width, height: place.bounds.height }, maximised: place.maximised }
}

/** Keeps the window's place. Losing it is no loss worth an error. */
export function writePlace(folder: string, place: WindowPlace): void {
  try {
    writeWhole(pathIn(folder), JSON.stringify(WindowPlace.parse(place)))
  } catch {
    // The next start takes the usual place.
  }
}
