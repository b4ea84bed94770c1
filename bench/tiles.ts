import { join } from 'node:path'
import { chromium } from '@playwright/test'
import { build } from 'vite'
import { z } from 'zod'
import { chromiumFlags, getChromium } from '../build/chromium.ts'
import { root } from '../build/paths.ts'
import { type Bench, median, percentile } from './bench.ts'

const rooms = 10_000
const rounds = 40
const warmUp = 5

const Measured = z.object({ times: z.array(z.number()), seen: z.boolean() })

/** The painter of the screens as one script. */
async function script(folder: string): Promise<string> {
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    build: {
      outDir: folder,
      lib: { entry: join(root, 'bench/tiles/page.ts'), formats: ['iife'], name: 'tiles', fileName: () => 'tiles.js' },
    },
  })
  return join(folder, 'tiles.js')
}

export const tiles: Bench = {
  name: 'tiles',
  what: `a picture of ${rooms.toLocaleString('en')} rooms as tiles, all of them in sight, in Chromium without a graphics card`,
  peers: [],
  run: async ({ folder, say }) => {
    const found = await getChromium()
    if ('missing' in found) throw new Error(`no Chromium: ${found.missing}`)
    const path = await script(folder)
    const browser = await chromium.launch({ executablePath: found.path, args: chromiumFlags })
    try {
      const page = await browser.newPage({ viewport: { width: 1_920, height: 1_080 } })
      await page.addScriptTag({ path })
      say(`${rounds} pictures …`)
      const { times, seen } = Measured.parse(await page.evaluate(`tiles.measure(${rooms}, ${rounds + warmUp})`))
      if (!seen) throw new Error('not all rooms were in sight')
      const after = times.slice(warmUp)
      return [
        { name: 'tiles.10000roomsPaintMs', what: 'one picture, p50', value: median(after), unit: 'ms', aim: '50' },
        { what: 'one picture, the slowest', value: percentile(after, 1), unit: 'ms' },
      ]
    } finally {
      await browser.close()
    }
  },
}
