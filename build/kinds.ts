import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runChecks } from './checks.ts'
import { getChromium } from './chromium.ts'
import { add, none, type Counts } from './counts.ts'
import { findElectron } from './electron.ts'
import { temporaryFolder } from './memory.ts'
import {
  aclPrograms,
  frontPrograms,
  getPrograms,
  openIdPrograms,
  type Programs,
  tpmPrograms,
  vncPrograms,
  x11vncPrograms,
} from './packages.ts'
import { out, root, tool } from './paths.ts'
import { buildElectron } from './renderer.ts'
import { run } from './run.ts'

export const kinds = ['check', 'unit', 'integration', 'e2e'] as const
export type Kind = (typeof kinds)[number] | 'electron' | 'planted'

/** Plants mistakes that the property test of access must find; started by its path, as every part of the product is from here. */
export const plantAll = join(root, 'service', 'testing', 'access', 'plantAll.ts')

/** The programs are started hundreds of times: what V8 has compiled of them is kept between two starts. */
const compiled = { NODE_COMPILE_CACHE: join(out, 'test', 'compiled') }

export interface How {
  /** Parts of test files' paths; none: all of them. */
  readonly filters: readonly string[]
  /** Of all chance in the tests. */
  readonly seed: number
  readonly screenshots: boolean
  /** Properties are tried with all of their cases. */
  readonly deep: boolean
  /** Beside other kinds, which come first. */
  readonly inTheGaps?: boolean
}

/** Runs a test program that writes its counts to a file; one that dies without writing them counts as a failure. */
async function counted(name: string, args: readonly string[], how: How, env: NodeJS.ProcessEnv = {}): Promise<Counts> {
  const folder = join(out, 'test')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${name}.json`)
  rmSync(file, { force: true })
  using temporary = temporaryFolder()
  const places = { ...compiled, ...(temporary.path === undefined ? {} : { TMPDIR: temporary.path }) }
  const counting = { ROOMKEEPER_COUNTS: file, ROOMKEEPER_SEED: String(how.seed), ...(how.deep ? { ROOMKEEPER_DEEP: '1' } : {}) }
  const { code } = await run(process.execPath, args, { show: true, env: { ...env, ...places, ...counting } })
  let counts: Counts
  try {
    counts = JSON.parse(readFileSync(file, 'utf8')) as Counts
  } catch {
    counts = none()
  }
  if (code === 0 || counts.failed > 0) return counts
  return add(counts, { ...none(), failed: 1, failures: [`${name} ended with exit code ${code}`] })
}

function vitest(name: string, projects: readonly string[], how: How, env: NodeJS.ProcessEnv = {}): Promise<Counts> {
  const args = [
    tool('vitest', 'vitest.mjs'),
    'run',
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=./build/vitest-counts.ts',
    ...projects.flatMap((project) => ['--project', project]),
    ...how.filters,
  ]
  return counted(name, args, how, env)
}

/** Tells tests that need programs of the system why those are not there, where so. */
async function told(wanted: Readonly<Record<string, Programs>>): Promise<NodeJS.ProcessEnv> {
  const found = Object.entries(wanted).map(async ([name, programs]) => [name, (await getPrograms(programs)).missing] as const)
  return Object.fromEntries((await Promise.all(found)).filter(([, missing]) => missing !== undefined))
}

const ofSystem = { ROOMKEEPER_NO_VNC: vncPrograms, ROOMKEEPER_NO_TPM: tpmPrograms, ROOMKEEPER_NO_ACL: aclPrograms }

const ofIntegration = {
  ...ofSystem,
  ROOMKEEPER_NO_OPENID: openIdPrograms,
  ROOMKEEPER_NO_X11VNC: x11vncPrograms,
  ROOMKEEPER_NO_FRONT: frontPrograms,
}

/** Sees to all that these kinds need of the system, in one go. What cannot be had is said later, by the tests that need it. */
export async function fetchPrograms(chosen: readonly Kind[]): Promise<void> {
  const wanted = chosen.includes('integration') ? ofIntegration : chosen.includes('e2e') ? ofSystem : {}
  const programs = Object.fromEntries(Object.values<Programs>(wanted).flatMap((some) => Object.entries(some)))
  await Promise.all([getPrograms(programs), chosen.includes('e2e') && getChromium()])
}

function playwright(how: How, env: NodeJS.ProcessEnv): Promise<Counts> {
  const cli = tool('@playwright', 'test', 'cli.js')
  const screenshots = how.screenshots ? { ROOMKEEPER_SCREENSHOTS: '1' } : {}
  return counted('e2e', [cli, 'test', '--config', 'e2e/playwright.config.ts', '--pass-with-no-tests', ...how.filters], how, {
    ...env,
    ...screenshots,
  })
}

/** On a machine that cannot have what a kind of tests needs, they are one skip that says why; in CI, one failure. */
function unavailable(name: string, why: string): Counts {
  if (process.env['CI']) return { ...none(), failed: 1, failures: [`${name}: ${why}`] }
  return { ...none(), skipped: [{ name, why }] }
}

/** Runs one kind of tests to its end. */
export async function runKind(kind: Kind, how: How): Promise<Counts> {
  switch (kind) {
    case 'check':
      return runChecks(how.inTheGaps ?? false)
    case 'unit':
      return vitest('unit', ['unit', 'renderer'], how)
    case 'integration':
      return vitest('integration', ['integration'], how, await told(ofIntegration))
    case 'planted':
      return counted('planted', [plantAll, ...how.filters], how)
    case 'e2e': {
      const chromium = await getChromium()
      if ('missing' in chromium) return unavailable('end-to-end tests', `no Chromium: ${chromium.missing}`)
      return playwright(how, { ...(await told(ofSystem)), ROOMKEEPER_CHROMIUM: chromium.path })
    }
    case 'electron': {
      const electron = await findElectron({ fetchMs: 300_000, insist: true })
      if ('missing' in electron) return unavailable('end-to-end tests in Electron', electron.missing)
      const chromium = await getChromium()
      if ('missing' in chromium) return unavailable('end-to-end tests in Electron', `no Chromium for the sign-in page: ${chromium.missing}`)
      await buildElectron()
      return playwright(how, { ROOMKEEPER_CHROMIUM: chromium.path, ROOMKEEPER_ELECTRON: electron.path })
    }
  }
}
