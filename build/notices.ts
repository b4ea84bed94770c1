import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import type { Plugin } from 'vite'
import { z } from 'zod'
import { root } from './paths.ts'

/**
 * The notice of everything of others that is shipped, with its licence. What is shipped is what our sources import, what the programs
 * need beside them (`dependencies`), and what that depends on by the lock file; what only tests, checks and builds use is not.
 */
export interface Notice {
  readonly name: string
  readonly version: string
  /** By its SPDX name, as its package says it. */
  readonly licence: string
  /** The text that comes with it; empty where none does. */
  readonly text: string
}

const shippedFolders = ['contract', 'service', 'agent-sim', 'main', 'preload', 'renderer']
const ofTests = /\.(test|spec|config)\.ts$|\/(testing|fixtures)\//u
const types = /\bimport type\b[^'"]*['"][^'"]+['"]/gu
const imports = /(?:\bfrom|\bimport|\bimport\()\s*['"]([^'"]+)['"]/gu
/** It comes as a program of its own; what its package depends on only fetches that. */
const whole = new Set(['electron'])
const textFiles = /^(licen[cs]e|copying|notice)/iu

const Locked = z.object({
  version: z.string().optional(),
  license: z.string().optional(),
  dependencies: z.record(z.string(), z.string()).optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
})
type Locked = z.infer<typeof Locked>
const Lock = z.object({ packages: z.record(z.string(), Locked) })
const Own = z.object({ dependencies: z.record(z.string(), z.string()) })
const read = (...file: string[]): unknown => JSON.parse(readFileSync(join(...file), 'utf8'))
const Manifest = z.object({ name: z.string(), license: z.union([z.string(), z.object({ type: z.string() })]).optional() })

/** The packages that our sources import by name. */
export function importedPackages(checkout = root): string[] {
  const found = new Set<string>()
  for (const folder of shippedFolders) {
    for (const entry of readdirSync(join(checkout, folder), { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name)
      if (!entry.isFile() || !/\.(ts|vue)$/u.test(file) || ofTests.test(file)) continue
      for (const [, from = ''] of readFileSync(file, 'utf8').replace(types, '').matchAll(imports)) {
        const name = /^(@[\w.-]+\/)?[\w-][\w.-]*/u.exec(from)?.[0] ?? ''
        if (name !== '' && !builtinModules.includes(name) && existsSync(join(checkout, 'node_modules', name))) found.add(name)
      }
    }
  }
  return [...found]
}

/** Where Node finds a package from the folder of another one, by the lock file. */
function placeOf(packages: Readonly<Record<string, Locked>>, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const place = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`
    if (packages[place]) return place
    if (folder === '') return undefined
  }
}

function noticeOf(checkout: string, place: string, { version = '', license }: Locked): Notice {
  const folder = join(checkout, place)
  const installed = existsSync(join(folder, 'package.json'))
  const manifest = installed ? Manifest.parse(read(folder, 'package.json')) : undefined
  const said = typeof manifest?.license === 'object' ? manifest.license.type : manifest?.license
  const texts = installed ? readdirSync(folder).filter((file) => textFiles.test(file) && !file.endsWith('.js')) : []
  return {
    name: manifest?.name ?? place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length),
    version,
    licence: license ?? said ?? '',
    text: texts.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n'),
  }
}

/** The notice of each package, by name. @throws Error for one that does not say its licence. */
export function makeNotices(checkout = root): Notice[] {
  const { packages } = Lock.parse(read(checkout, 'package-lock.json'))
  const places = new Set<string>()
  const add = (from: string, name: string): void => {
    const place = placeOf(packages, from, name)
    const locked = place === undefined ? undefined : packages[place]
    if (place === undefined || locked === undefined || places.has(place)) return
    places.add(place)
    if (whole.has(name)) return
    for (const dependency of Object.keys({ ...locked.dependencies, ...locked.optionalDependencies })) add(place, dependency)
  }
  for (const name of [...importedPackages(checkout), ...Object.keys(Own.parse(read(checkout, 'package.json')).dependencies)]) add('', name)
  const notices = [...places].map((place) => noticeOf(checkout, place, packages[place] ?? {}))
  const silent = notices.filter(({ licence }) => licence === '').map(({ name }) => name)
  if (silent.length > 0) throw new Error(`No licence is said by ${silent.join(', ')}.`)
  return notices.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

export const noticesFile = 'THIRD-PARTY-NOTICES.txt'

/** Puts the notice into a folder that is shipped. */
export function writeNotices(folder: string): void {
  const parts = makeNotices().map(
    ({ name, version, licence, text }) => `${name} ${version}\n${licence}\n\n${text || 'It comes without a text of its own.'}\n`,
  )
  const line = `\n${'-'.repeat(80)}\n\n`
  writeFileSync(join(folder, noticesFile), `Roomkeeper contains the work of others, under these licences.\n\n${parts.join(line)}`)
}

const module = 'virtual:notices'

/** The notice as a module for the screens. `checkout`: where a configuration is bundled, it knows its place and this file does not. */
export function noticesModule(checkout = root): Plugin {
  return {
    name: 'notices',
    resolveId: (id) => (id === module ? `\0${module}` : undefined),
    load: (id) => (id === `\0${module}` ? `export default ${JSON.stringify(makeNotices(checkout))}` : undefined),
  }
}
