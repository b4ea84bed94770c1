import type { LocationQuery } from 'vue-router'
import { z } from 'zod'
import { limits } from '../../../contract/limits.ts'
import { WallBy, wallSites } from '../../../contract/pictures.ts'

/** What an address of the wall asks for; what it says wrongly is as if it were not said. */
const all = (value: LocationQuery[string] | undefined): string[] => [value ?? []].flat().filter((one) => one !== null)

export interface WallOptions {
  readonly by: WallBy
  /** Only these, in this order; none: all. */
  readonly places: string[]
  /** How long each site is shown. */
  readonly seconds: number
  readonly theme: 'light' | 'dark' | undefined
  readonly language: 'en' | 'fr' | undefined
}

export function wallOptions(query: LocationQuery): WallOptions {
  const one = (name: string): string | undefined => all(query[name])[0]
  return {
    by: WallBy.catch('building').parse(one('by')),
    places: all(query['place'])
      .map((place) => place.slice(0, limits.nameChars))
      .slice(0, wallSites),
    seconds: z.coerce.number().int().min(5).max(600).catch(15).parse(one('seconds')),
    theme: z.enum(['light', 'dark']).optional().catch(undefined).parse(one('theme')),
    language: z.enum(['en', 'fr']).optional().catch(undefined).parse(one('language')),
  }
}
