import { join } from 'node:path'
import { noticesModule, writeNotices } from './notices.ts'
import { failed, root, say } from './paths.ts'
import { buildOnce } from './stale.ts'

const inputs = ['renderer', 'contract', 'build/notices.ts', 'package-lock.json']

/** Builds the screens into out/renderer, when something of them has changed. */
export async function buildRenderer(): Promise<void> {
  const startedAt = Date.now()
  const made = await buildOnce('renderer', inputs, async (folder) => {
    say('Building the screens …')
    const { build } = await import('vite')
    await build({
      configFile: join(root, 'renderer', 'vite.config.ts'),
      logLevel: 'error',
      plugins: [noticesModule()],
      build: { outDir: folder, emptyOutDir: true },
    })
  })
  if (made) say(`Built the screens in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`)
}

/** Builds main, preload and screens of the Electron program into out/electron, when something of them has changed. */
export async function buildElectron(): Promise<void> {
  await buildOnce('electron', [...inputs, 'main', 'preload', 'electron.vite.config.ts'], async (folder) => {
    say('Building the Electron program …')
    const { build } = await import('electron-vite')
    await build({ configFile: join(root, 'electron.vite.config.ts'), logLevel: 'error', build: { outDir: folder } })
    writeNotices(folder)
  })
}

if (import.meta.main) {
  try {
    await buildRenderer()
  } catch (error) {
    process.exitCode = failed(error)
  }
}
