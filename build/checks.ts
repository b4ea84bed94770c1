import { type Counts } from './counts.ts'
import { say, tool } from './paths.ts'
import { run } from './run.ts'

interface Check {
  name: string
  script: string
  args: string[]
}

const oxlint = tool('oxlint', 'bin', 'oxlint')
const strictly = ['--type-aware', '--deny-warnings']
const layerArgs = ['--config', '.dependency-cruiser.js', '--output-type', 'err-long']

/**
 * oxlint checks types three times as fast as tsc does, and the rest twenty times as fast as ESLint. It knows nothing of templates: those
 * are ESLint's, and the types of .vue files and of what lies beside them vue-tsc's.
 */
const checks: Check[] = [
  { name: 'types of the screens', script: tool('vue-tsc', 'bin', 'vue-tsc.js'), args: ['-p', 'renderer/tsconfig.json'] },
  { name: 'types and lint', script: oxlint, args: [...strictly, '--type-check', '--ignore-pattern', 'renderer/**'] },
  { name: 'lint of the screens', script: oxlint, args: [...strictly, 'renderer'] },
  { name: 'lint of templates', script: tool('eslint', 'bin', 'eslint.js'), args: ['**/*.vue', '--max-warnings', '0'] },
  { name: 'layout', script: tool('oxfmt', 'bin', 'oxfmt'), args: ['--check', '.'] },
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
