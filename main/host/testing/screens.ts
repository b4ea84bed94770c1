import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** For tests of hosts: the folder of the screens, or of a page in their place where they are not built. */
export function screensFolder(): string {
  const folder = fileURLToPath(new URL('../../../out/renderer', import.meta.url))
  if (!existsSync(join(folder, 'index.html'))) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Roomkeeper</title>')
  }
  return folder
}
