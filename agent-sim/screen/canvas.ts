import { createRequire } from 'node:module'
import type * as library from '@napi-rs/canvas'

export type CanvasLibrary = typeof library

/** The fonts of simulated screens; the machine's own where a character is in neither. */
export const fontFamily = '"Roomkeeper Inter", "Roomkeeper Inter Extended", sans-serif'
const fontParts = { 'Roomkeeper Inter': 'latin', 'Roomkeeper Inter Extended': 'latin-ext' }
/** One file for each: the library draws some sizes of a variable font wrongly. */
const fontWeights = [200, 300, 400, 500, 600, 700]
/** The nearest weight that there is a file of. */
export const fontWeight = (weight: number): number => Math.min(700, Math.max(200, Math.round(weight / 100) * 100))

let loading: Promise<CanvasLibrary> | undefined

/**
 * The library that draws, loaded once for the process and only when a screen is looked at: a fleet of thousands of devices
 * that nobody looks at pays nothing. @throws Error where it has no build for this machine.
 */
export function loadCanvas(): Promise<CanvasLibrary> {
  loading ??= import('@napi-rs/canvas').then((loaded) => {
    for (const [name, part] of Object.entries(fontParts))
      for (const weight of fontWeights) registerFont(loaded, name, `inter-${part}-${weight}-normal.woff2`)
    return loaded
  })
  return loading
}

function registerFont({ GlobalFonts }: CanvasLibrary, name: string, file: string): void {
  try {
    GlobalFonts.registerFromPath(createRequire(import.meta.url).resolve(`@fontsource/inter/files/${file}`), name)
  } catch {
    // Without the package, the fonts of the machine will do.
  }
}
