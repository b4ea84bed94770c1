import { type Counts } from './counts.ts'
import { say, tool } from './paths.ts'
import { run } from './run.ts'

interface Check {
  name: string
  script: string
  args: string[]
}

const oxlint = tool('oxlint', 'bin', 'oxlint')
const byTypes = ['--type-aware', '--deny-warnings']
const layerArgs = ['--config', '.dependency-cruiser.js', '--output-type', 'err-long']

/** oxlint checks types three times as fast as tsc does, and knows nothing of .vue files: vue-tsc has those, and what lies beside them. */
const checks: Check[] = [
  { name: 'types of the screens', script: tool('vue-tsc', 'bin', 'vue-tsc.js'), args: ['-p', 'renderer/tsconfig.json'] },
  { name: 'types, and lint by types', script: oxlint, args: [...byTypes, '--type-check', '--ignore-pattern', 'renderer/**'] },
  { name: 'lint by types of the screens', script: oxlint, args: [...byTypes, 'renderer'] },
  { name: 'lint', script: tool('eslint', 'bin', 'eslint.js'), args: ['.', '--max-warnings', '0'] },
  { name: 'layers', script: tool('dependency-cruiser', 'bin', 'dependency-cruiser.mjs'), args: [...layerArgs, '.'] },
]

/** Type check, lint and layers, each as one test; what they found is printed. `inTheGaps`: beside tests, which come first. */
export async function runChecks(inTheGaps: boolean): Promise<Counts> {
  const results = await Promise.all(
    checks.map(async ({ name, script, args }) => {
      const startedAt = Date.now()
      const { code, output } = await run(process.execPath, [script, ...args], { inTheGaps })
      const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
      say(code === 0 ? `  ✓ ${name} (${seconds} s)` : `  ✗ ${name} (${seconds} s)\n${output}`)
      return { name, passed: code === 0 }
    }),
  )
  const failures = results.filter((result) => !result.passed).map((result) => result.name)
  return { passed: results.length - failures.length, failed: failures.length, skipped: [], failures }
}
