import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { burnAllCores } from './burners.ts'
import { add, none, summary, type Counts } from './counts.ts'
import { fetchPrograms, type How, type Kind, kinds, runKind } from './kinds.ts'
import { failed, say } from './paths.ts'
import { buildPrograms } from './programs.ts'
import { buildRenderer } from './renderer.ts'
import { endAll } from './run.ts'

const help = `npm test -- [check|unit|integration|e2e|electron|planted …] [FILTER] [--seed N] [--repeat N] [--deep] [--screenshots]

Runs everything, or only the kinds named; FILTER is part of a test file's path.
  check        types, lint, layers
  unit         no processes, no sockets
  integration  real processes and sockets
  e2e          the whole product in a real Chromium
  electron     the end-to-end tests in the real Electron program (also: npm run test:electron)
  planted      plants mistakes in the rules of access, one after the other: the property test must find each (FILTER: its name)
  --seed N       the seed of all chance in the tests (1 unless told): the same seed, the same run
  --repeat N     runs the selection N times while one process on each core does nothing but burn it, with another seed each
                 time (from --seed on, else from one that is drawn); says which round failed, and with which seed
  --deep         properties are tried with all of their cases, which an ordinary run tries a fifth of, and some long runs
  --screenshots  the end-to-end run also writes the pictures of the README to docs/images/`

const isKind = (word: string): word is Kind => word === 'electron' || word === 'planted' || (kinds as readonly string[]).includes(word)

async function runTimed(kind: Kind, how: How): Promise<Counts> {
  const startedAt = Date.now()
  say(`\n— ${kind} —`)
  const counts = await runKind(kind, how)
  say(`${kind}: ${summary(counts)} in ${Math.round((Date.now() - startedAt) / 1000)} s`)
  return counts
}

/**
 * One kind after the other: side by side, integration and end-to-end tests take longer than apart, and by their load may fail by chance.
 * The checks, which wait for nobody and nobody for them, run beside all others, in the gaps that those leave; and programs of the system
 * come from the network meanwhile.
 */
async function runOnce(chosen: readonly Kind[], how: How): Promise<Counts> {
  const tests = chosen.filter((kind) => kind !== 'check')
  const fetched = fetchPrograms(tests)
  // Units need nothing built.
  if (tests.some((kind) => kind !== 'unit')) await Promise.all([buildRenderer(), buildPrograms()])
  const checks = chosen.includes('check') ? runTimed('check', { ...how, inTheGaps: tests.length > 0 }) : Promise.resolve(none())
  let total = none()
  for (const kind of tests) {
    if (kind !== 'unit') await fetched
    total = add(total, await runTimed(kind, how))
  }
  return add(total, await checks)
}

/** Runs the selection again and again, with all cores busy. Its failures say when, and how to have them again. */
async function runRounds(rounds: number, chosen: readonly Kind[], how: How): Promise<Counts> {
  using burners = burnAllCores()
  say(`${burners.cores} cores are kept busy.`)
  let total = none()
  for (let round = 0; round < rounds; round++) {
    const seed = how.seed + round
    say(`\n=== round ${round + 1} of ${rounds}, seed ${seed} ===`)
    const counts = await runOnce(chosen, { ...how, seed })
    total = add(total, { ...counts, failures: counts.failures.map((name) => `round ${round + 1}, seed ${seed}: ${name}`) })
  }
  return total
}

const wholeNumber = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--${name} must be a whole number from 1 on. See --help.`)
  return Number(text)
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      seed: { type: 'string' },
      repeat: { type: 'string' },
      screenshots: { type: 'boolean', default: false },
      deep: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const named = positionals.filter(isKind)
  const chosen: readonly Kind[] = named.length > 0 ? named : kinds
  const [rounds, seed] = [wholeNumber('repeat', values.repeat), wholeNumber('seed', values.seed)]
  const how = { filters: positionals.filter((word) => !isKind(word)), screenshots: values.screenshots, deep: values.deep }
  const total =
    rounds === undefined
      ? await runOnce(chosen, { ...how, seed: seed ?? 1 })
      : await runRounds(rounds, chosen, { ...how, seed: seed ?? randomInt(1, 1_000_000) })
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
