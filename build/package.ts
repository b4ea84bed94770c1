import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { failed, out, say, tool } from './paths.ts'
import { buildElectron } from './renderer.ts'
import { run } from './run.ts'

const help = `npm run package -- [--dir]

Builds the Electron console and packs it for this machine's system, into out/packages.

  --dir     only the unpacked program, no installer
  --help    this text
`

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { dir: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } })
  if (values.help) {
    console.log(help)
    return 0
  }
  await buildElectron()
  rmSync(join(out, 'packages'), { recursive: true, force: true })
  say('Packing …')
  const args = ['--config', 'electron-builder.yml', '--publish', 'never', ...(values.dir ? ['--dir'] : [])]
  const { code } = await run(process.execPath, [tool('electron-builder', 'cli.js'), ...args], { show: true })
  if (code === 0) say(`Packed into ${join(out, 'packages')}.`)
  else say('Packing failed. It needs Electron’s binary for this system, which comes from its release page.')
  return code
}

try {
  process.exitCode = await main()
} catch (error) {
  process.exitCode = failed(error)
}
