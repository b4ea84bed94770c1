import { type Counts } from './counts.ts'
import { say, tool } from './paths.ts'
import { run } from './run.ts'

interface Check {
  name: string
  script: string
  args: string[]
}

const layerArgs = ['--config', '.dependency-cruiser.js', '--output-type', 'err-long']

/** vue-tsc checks the .ts files as tsc does, and the .vue files too. */
const checks: Check[] = [
  { name: 'type check', script: tool('vue-tsc', 'bin', 'vue-tsc.js'), args: ['-p', 'tsconfig.json'] },
  { name: 'lint', script: tool('eslint', 'bin', 'eslint.js'), args: ['.', '--max-warnings', '0'] },
  { name: 'lint by types', script: tool('oxlint', 'bin', 'oxlint'), args: ['--type-aware', '--deny-warnings'] },
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
