import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from '@playwright/test'
import { chromiumFlags, findChromium } from '../chromium.ts'
import { failed, root, say } from '../paths.ts'
import { icns, ico } from './containers.ts'

/**
 * Draws the program's icon in every size and form that the packages need, from the one drawing that the screens show
 * too: `node build/icons/draw.ts`. What it writes is committed, so that packaging needs no browser.
 */
const sizes = [16, 32, 48, 64, 128, 256, 512, 1024]
const folder = import.meta.dirname

async function draw(): Promise<void> {
  const drawing = readFileSync(join(root, 'renderer', 'public', 'icon.svg'), 'utf8')
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error('Drawing the icon needs a Chromium.')
  const browser = await chromium.launch({ executablePath, args: chromiumFlags })
  try {
    const pictures = new Map<number, Buffer>()
    for (const size of sizes) {
      const page = await browser.newPage({ viewport: { width: size, height: size } })
      await page.setContent(`<style>*{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${drawing}`)
      const picture = await page.screenshot({ omitBackground: true })
      await page.close()
      pictures.set(size, picture)
      writeFileSync(join(folder, `${size}x${size}.png`), picture)
    }
    writeFileSync(join(folder, 'icon.ico'), ico(pictures))
    writeFileSync(join(folder, 'icon.icns'), icns(pictures))
    say(`Drew the icon in ${sizes.length} sizes.`)
  } finally {
    await browser.close()
  }
}

try {
  await draw()
} catch (error) {
  process.exitCode = failed(error)
}
