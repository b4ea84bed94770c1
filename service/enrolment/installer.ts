import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { checkout } from '../ground/config.ts'
import { manifestFiles } from './agentManifest.ts'
import { installText } from './installText.ts'

/**
 * The installer that Settings offers (ENR-1): the agent, the scripts that install and off-board it, the address of this
 * service, and the steps on the device. No secret is in it: the self-enrolment key is a file of its own.
 */

const scriptFolder = 'agent-sim/installer/'
const scripts = ['install.ps1', 'install.sh', 'offboard.ps1', 'offboard.sh']

/** `service`: its address, as devices reach it. Throws where the checkout is not whole. */
export function packInstaller(service: string): Uint8Array {
  const sources = { ...filesBelow('agent-sim'), ...filesBelow('contract') }
  const texts = Object.entries(sources).flatMap(([path, bytes]) => (path.endsWith('.ts') ? [Buffer.from(bytes).toString('utf8')] : []))
  const written = {
    ...manifestFiles(checkout, texts),
    'service.json': `${JSON.stringify({ service }, null, 2)}\n`,
    ...hostsToCheck(service),
    'INSTALL.txt': installText(service),
  }
  return zipSync({
    ...sources,
    ...notice(),
    ...Object.fromEntries(scripts.map((name) => [name, readFileSync(join(checkout, scriptFolder, name))])),
    ...Object.fromEntries(Object.entries(written).map(([name, text]) => [name, strToU8(text)])),
  })
}

/** The licences of what the agent is installed with, as the build wrote them. */
function notice(): Record<string, Uint8Array> {
  const name = 'THIRD-PARTY-NOTICES.txt'
  const built = join(checkout, 'out', 'programs', name)
  return existsSync(built) ? { [name]: readFileSync(built) } : {}
}

/** What filtered traffic must let through before an enrolment can be tried (ENR-2); nothing for a service on loopback. */
function hostsToCheck(service: string): Record<string, string> {
  const { protocol, hostname, port } = new URL(service)
  if (protocol !== 'https:') return {}
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return { 'allowlist.json': `${JSON.stringify({ port: Number(port || 443), hosts: [{ host, for: ['enrolment'] }] }, null, 2)}\n` }
}

/** What the device needs of a folder: tests stay at home, and the scripts lie at the top. */
function filesBelow(folder: string): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {}
  for (const entry of readdirSync(join(checkout, folder), { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    const name = relative(checkout, path).split(sep).join('/')
    if (entry.isFile() && !name.endsWith('.test.ts') && !name.includes('/testing/') && !name.startsWith(scriptFolder)) {
      files[name] = readFileSync(path)
    }
  }
  return files
}
