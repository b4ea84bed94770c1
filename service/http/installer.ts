import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { z } from 'zod'
import { checkout } from '../config.ts'
import { installText } from './installText.ts'

/**
 * The installer that Settings offers (ENR-1): the agent, the address of this service, and the steps on the device. No
 * secret is in it: the self-enrolment key is a file of its own.
 */

const Manifest = z.object({ version: z.string(), engines: z.record(z.string(), z.string()), dependencies: z.record(z.string(), z.string()) })

/** `folder`: the built agent; absent: `out/agent` if it was built, else the agent's sources. `service`: its address. */
export function packInstaller(service: string, folder: string | undefined): Uint8Array {
  const built = folder ?? join(checkout, 'out', 'agent')
  const files = folder !== undefined || existsSync(built) ? filesBelow(built, built) : sources()
  return zipSync({
    ...files,
    'service.json': strToU8(`${JSON.stringify({ service }, null, 2)}\n`),
    'INSTALL.txt': strToU8(installText(service)),
  })
}

function sources(): Record<string, Uint8Array> {
  const files = { ...filesBelow(join(checkout, 'agent-sim'), checkout), ...filesBelow(join(checkout, 'contract'), checkout) }
  const { version, engines, dependencies } = Manifest.parse(JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')))
  const used = new Set<string>(['node'])
  for (const bytes of Object.values(files)) {
    for (const [, name = ''] of Buffer.from(bytes).toString('utf8').matchAll(/\bfrom '((?:@[\w.-]+\/)?[\w.-]+)[^']*'/g)) used.add(name)
  }
  const needed = Object.fromEntries(Object.entries(dependencies).filter(([name]) => used.has(name)))
  const manifest = { name: 'roomkeeper-agent', version, private: true, type: 'module', engines, dependencies: needed }
  return { ...files, 'package.json': strToU8(`${JSON.stringify(manifest, null, 2)}\n`) }
}

/** Tests stay at home. */
function filesBelow(folder: string, base: string): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {}
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || entry.name.endsWith('.test.ts')) continue
    const path = join(entry.parentPath, entry.name)
    files[relative(base, path).split(sep).join('/')] = readFileSync(path)
  }
  return files
}
