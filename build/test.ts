import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runChecks } from './checks.ts'
import { getChromium } from './chromium.ts'
import { add, none, summary, type Counts } from './counts.ts'
import { findElectron } from './electron.ts'
import { failed, out, say, tool } from './paths.ts'
import { buildElectron, buildRenderer } from './renderer.ts'
import { endAll, run } from './run.ts'
import { getVnc } from './vnc.ts'

const kinds = ['check', 'unit', 'integration', 'e2e'] as const
type Kind = (typeof kinds)[number] | 'electron'

const help = `npm test -- [check|unit|integration|e2e|electron …] [FILTER] [--screenshots]

Runs everything, or only the kinds named; FILTER is part of a test file's path.
  check        types, lint, layers
  unit         no processes, no sockets
  integration  real processes and sockets
  e2e          the whole product in a real Chromium
  electron     the end-to-end tests in the real Electron program (also: npm run test:electron)
  --screenshots  the end-to-end run also writes the pictures of the README to docs/images/`

const isKind = (word: string): word is Kind => word === 'electron' || (kinds as readonly string[]).includes(word)

/** Runs a test program that writes its counts to a file; one that dies without writing them counts as a failure. */
async function counted(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Counts> {
  const folder = join(out, 'test')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${name}.json`)
  rmSync(file, { force: true })
  const { code } = await run(process.execPath, args, { show: true, env: { ...env, ROOMKEEPER_COUNTS: file } })
  let counts: Counts
  try {
    counts = JSON.parse(readFileSync(file, 'utf8')) as Counts
  } catch {
    counts = none()
  }
  if (code === 0 || counts.failed > 0) return counts
  return add(counts, { ...none(), failed: 1, failures: [`${name} ended with exit code ${code}`] })
}

function vitest(name: string, projects: readonly string[], filters: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Counts> {
  const args = [
    tool('vitest', 'vitest.mjs'),
    'run',
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=./build/vitest-counts.ts',
    ...projects.flatMap((project) => ['--project', project]),
    ...filters,
  ]
  return counted(name, args, env)
}

/** Tells tests of real screens why they cannot be, where so. */
async function vncEnvironment(): Promise<NodeJS.ProcessEnv> {
  const { missing } = await getVnc()
  return missing === undefined ? {} : { ROOMKEEPER_NO_VNC: missing }
}

function playwright(env: NodeJS.ProcessEnv, filters: readonly string[]): Promise<Counts> {
  const cli = tool('@playwright', 'test', 'cli.js')
  return counted('e2e', [cli, 'test', '--config', 'e2e/playwright.config.ts', '--pass-with-no-tests', ...filters], env)
}

/** On a machine that cannot have what a kind of tests needs, they are one skip that says why; in CI, one failure. */
function unavailable(name: string, why: string): Counts {
  if (process.env['CI']) return { ...none(), failed: 1, failures: [`${name}: ${why}`] }
  return { ...none(), skipped: [{ name, why }] }
}

async function runKind(kind: Kind, filters: readonly string[], screenshots: boolean): Promise<Counts> {
  const env = screenshots ? { ROOMKEEPER_SCREENSHOTS: '1' } : {}
  switch (kind) {
    case 'check':
      return runChecks()
    case 'unit':
      return vitest('unit', ['unit', 'renderer'], filters)
    case 'integration':
      return vitest('integration', ['integration'], filters, await vncEnvironment())
    case 'e2e': {
      const chromium = await getChromium()
      if ('missing' in chromium) return unavailable('end-to-end tests', `no Chromium: ${chromium.missing}`)
      return playwright({ ...env, ...(await vncEnvironment()), ROOMKEEPER_CHROMIUM: chromium.path }, filters)
    }
    case 'electron': {
      const electron = await findElectron({ fetchMs: 300_000, insist: true })
      if ('missing' in electron) return unavailable('end-to-end tests in Electron', electron.missing)
      const chromium = await getChromium()
      if ('missing' in chromium) return unavailable('end-to-end tests in Electron', `no Chromium for the sign-in page: ${chromium.missing}`)
      await buildElectron()
      return playwright({ ...env, ROOMKEEPER_CHROMIUM: chromium.path, ROOMKEEPER_ELECTRON: electron.path }, filters)
    }
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean' }, screenshots: { type: 'boolean', default: false } },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const named = positionals.filter(isKind)
  const filters = positionals.filter((word) => !isKind(word))
  const chosen: readonly Kind[] = named.length > 0 ? named : kinds
  // Types, lint and units need nothing built.
  if (chosen.some((kind) => kind !== 'check' && kind !== 'unit')) await buildRenderer()
  let total = none()
  for (const kind of chosen) {
    const startedAt = Date.now()
    say(`\n— ${kind} —`)
    const counts = await runKind(kind, filters, values.screenshots)
    total = add(total, counts)
    say(`${kind}: ${summary(counts)} in ${Math.round((Date.now() - startedAt) / 1000)} s`)
  }
  for (const { name, why } of total.skipped) say(`skipped: ${name}: ${why}`)
  for (const name of total.failures) say(`failed: ${name}`)
  console.log(summary(total))
  return total.failed === 0 ? 0 : 1
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    endAll()
    process.exit(130)
  })
}
try {
  process.exitCode = await main()
} catch (error) {
  process.exitCode = failed(error)
}
