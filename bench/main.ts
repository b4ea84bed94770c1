import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { failed, root, say } from '../build/paths.ts'
import { access } from './access.ts'
import { agentMemory } from './agent-memory.ts'
import { type Bench, type Figure } from './bench.ts'
import { documents } from './documents.ts'
import { fault } from './fault.ts'
import { history } from './history.ts'
import { large } from './large.ts'
import { relay } from './relay.ts'
import { reports } from './reports.ts'
import { session } from './session.ts'
import { snapshot } from './snapshot.ts'
import { tiles } from './tiles.ts'
import { withdrawal } from './withdrawal.ts'

const benches: readonly Bench[] = [
  fault,
  reports,
  agentMemory,
  snapshot,
  large,
  access,
  documents,
  history,
  withdrawal,
  relay,
  session,
  tiles,
]
const resultsFile = join(root, 'bench', 'results.json')

const help = `npm run bench [-- NAME … [--folder DIR]]

Measures, prints ours beside the limit of the same run, and writes bench/results.json. With --folder the data stays in DIR; where a run
before has left it there, \`large\` measures the screens alone, and nothing is written.
${benches.map(({ name, what }) => `  ${name.padEnd(10)} ${what}`).join('\n')}`

const rounded = (value: number): number => Number(value.toPrecision(value < 10 ? 3 : 4))

function print(bench: Bench, figures: readonly Figure[]): void {
  console.log(`\n${bench.name}: ${bench.what}`)
  for (const { what, value, unit, aim } of figures) {
    const text = `${rounded(value).toLocaleString('en')} ${unit}`.trim()
    console.log(`  ${what.padEnd(56)} ${text.padStart(16)}${aim === undefined ? '' : `   (aim: ${aim})`}`)
  }
  for (const peer of bench.peers) console.log(`  peers: ${peer}`)
}

/** Writes the named figures into the results; figures of parts that were not run stay. */
function write(figures: readonly Figure[]): void {
  let results: Record<string, number> = {}
  try {
    results = JSON.parse(readFileSync(resultsFile, 'utf8')) as Record<string, number>
  } catch {
    // The first run.
  }
  for (const { name, value } of figures) if (name !== undefined) results[name] = rounded(value)
  const sorted = Object.fromEntries(Object.entries(results).sort(([a], [b]) => a.localeCompare(b)))
  writeFileSync(resultsFile, `${JSON.stringify(sorted, null, 2)}\n`)
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { help: { type: 'boolean' }, folder: { type: 'string' } } })
  if (values.help) {
    console.log(help)
    return 0
  }
  const unknown = positionals.find((name) => !benches.some((bench) => bench.name === name))
  if (unknown !== undefined) {
    say(`There is no bench called ${unknown}.\n${help}`)
    return 2
  }
  for (const bench of benches) {
    if (positionals.length > 0 && !positionals.includes(bench.name)) continue
    say(`${bench.name} …`)
    const kept = values.folder === undefined ? undefined : join(values.folder, bench.name)
    const folder = kept ?? mkdtempSync(join(tmpdir(), `roomkeeper-bench-${bench.name}-`))
    mkdirSync(folder, { recursive: true })
    try {
      const figures = await bench.run({ folder, say: (text) => say(`  ${text}`) })
      print(bench, figures)
      if (kept === undefined) write(figures)
    } finally {
      if (kept === undefined) rmSync(folder, { recursive: true, force: true })
    }
  }
  return 0
}

process.exit(await main().catch(failed))
