import { createRequire } from 'node:module'
import type * as library from '@napi-rs/canvas'

export type CanvasLibrary = typeof library

/** The fonts of simulated screens; the machine's own where a character is in neither. */
export const fontFamily = '"Roomkeeper Inter", "Roomkeeper Inter Extended", sans-serif'
const fontFiles = { 'Roomkeeper Inter': 'inter-latin-wght-normal.woff2', 'Roomkeeper Inter Extended': 'inter-latin-ext-wght-normal.woff2' }

let loading: Promise<CanvasLibrary> | undefined

/**
 * The library that draws, loaded once for the process and only when a screen is looked at: a fleet of thousands of devices
 * that nobody looks at pays nothing. @throws Error where it has no build for this machine.
 */
export function loadCanvas(): Promise<CanvasLibrary> {
  loading ??= import('@napi-rs/canvas').then((loaded) => {
    for (const [name, file] of Object.entries(fontFiles)) registerFont(loaded, name, file)
    return loaded
  })
  return loading
}

function registerFont({ GlobalFonts }: CanvasLibrary, name: string, file: string): void {
  try {
    GlobalFonts.registerFromPath(createRequire(import.meta.url).resolve(`@fontsource-variable/inter/files/${file}`), name)
  } catch {
    // Without the package, the fonts of the machine will do.
  }
}
